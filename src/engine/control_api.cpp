#include "engine/control_api.hpp"

#include "engine/agent_client.hpp"
#include "engine/host_name.hpp"
#include "engine/query.hpp"
#include "engine/routes.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

namespace spawnai::engine {
namespace {

using std::chrono::seconds;

constexpr const char* k_envd_version = "0.6.13";
constexpr const char* k_client_id = "spawnai";
constexpr const char* k_template = "base";
constexpr const char* k_no_build = "00000000-0000-0000-0000-000000000000";
constexpr seconds k_default_v1{15};
constexpr seconds k_default_v2{300};
constexpr seconds k_shortest_refresh{15};
constexpr std::int64_t k_longest_refresh = 3600;
constexpr std::int64_t k_page_limit = 100;
constexpr std::int64_t k_log_lines = 1000;
constexpr std::int64_t k_most_log_lines = 100000;

/// Ends a call with an error answer.
class Refusal : public std::exception {
 public:
    explicit Refusal(Reply answer) : reply(std::move(answer)) {}
    Reply reply;
};

[[noreturn]] void refuse(int status, const std::string& message) {
    throw Refusal(error_reply(status, message));
}

[[noreturn]] void refuse_schema(const std::string& what) {
    refuse(400, "validation error: " + what);
}

[[noreturn]] void refuse_unknown(const std::string& id) {
    refuse(404, fmt::format("Sandbox \"{}\" doesn't exist or you don't have access to it", id));
}

Reply json_reply(int status, const Json& body) {
    return {status, dump_json(body), "application/json", {}};
}

Reply nothing() {
    return {204, "", "application/json", {}};
}

std::optional<std::int64_t> parse_integer(std::string_view text) {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// A body that must be a JSON object; an absent one counts as {} where the call allows it.
class Body {
 public:
    explicit Body(const std::string& text, bool optional = false) {
        if (text.empty() && optional) {
            json_ = Json::object();
            return;
        }
        try {
            json_ = parse_json(text, "request body", ErrorKind::usage);
        } catch (const Error& error) {
            refuse_schema(error.what());
        }
        if (!json_.is_object()) refuse_schema("the request body must be an object");
    }

    [[nodiscard]] const Json* find(const char* name) const {
        const auto found = json_.find(name);
        return found == json_.end() || found->is_null() ? nullptr : &*found;
    }
    [[nodiscard]] std::optional<std::int64_t> integer(const char* name) const {
        const Json* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (!value->is_number_integer() || (value->is_number_unsigned() && value->get<std::uint64_t>() > INT32_MAX) ||
            value->get<std::int64_t>() > INT32_MAX || value->get<std::int64_t>() < INT32_MIN)
            refuse_schema(fmt::format("{} must be a 32-bit integer", name));
        return value->get<std::int64_t>();
    }
    [[nodiscard]] std::optional<bool> boolean(const char* name) const {
        const Json* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (!value->is_boolean()) refuse_schema(fmt::format("{} must be true or false", name));
        return value->get<bool>();
    }
    [[nodiscard]] std::optional<std::string> text(const char* name) const {
        const Json* value = find(name);
        if (value == nullptr) return std::nullopt;
        if (!value->is_string()) refuse_schema(fmt::format("{} must be a string", name));
        return value->get<std::string>();
    }
    [[nodiscard]] std::map<std::string, std::string> text_map(const char* name) const {
        std::map<std::string, std::string> result;
        const Json* value = find(name);
        if (value == nullptr) return result;
        if (!value->is_object()) refuse_schema(fmt::format("{} must be an object", name));
        for (const auto& [key, item] : value->items()) {
            if (!item.is_string()) refuse_schema(fmt::format("{}.{} must be a string", name, key));
            result[key] = item.get<std::string>();
        }
        return result;
    }

 private:
    Json json_;
};

bool filled(const Json* value) {
    return value != nullptr && !(value->is_structured() && value->empty());
}

/// Reads `network`. What the local engine cannot keep is refused: a rule that is silently not applied is worse than none.
void read_network(const Json& network, CreateRequest& request) {
    if (!network.is_object()) refuse_schema("network must be an object");
    for (const auto& [name, value] : network.items()) {
        if (value.is_null()) continue;
        if (name == "allowPublicTraffic") {
            if (!value.is_boolean()) refuse_schema("network.allowPublicTraffic must be true or false");
            request.public_traffic = value.get<bool>();
        } else if (name == "denyOut" && value == Json::array({"0.0.0.0/0"})) {
            request.internet = false;
        } else if (filled(&value)) {
            refuse(400, fmt::format("network.{} is not supported by the local engine", name));
        }
    }
}

void check_environment(const std::map<std::string, std::string>& environment) {
    for (const auto& [name, value] : environment)
        if (name.empty() || name.find('=') != std::string::npos || name.find('\0') != std::string::npos ||
            value.find('\0') != std::string::npos)
            refuse_schema("envVars has a name or value that cannot be an environment variable");
}

Json detail_json(const LiveSandbox& sandbox, const ControlSettings& settings) {
    const SandboxRecord& record = sandbox.record;
    // While it is being paused, its deadline is still that of its run.
    const bool paused = sandbox.paused;
    return {{"templateID", record.template_id},
            {"alias", k_template},
            {"sandboxID", record.id},
            {"clientID", k_client_id},
            {"startedAt", format_rfc3339(record.created)},
            {"endAt", format_rfc3339(paused ? sandbox.end : sandbox.deadline())},
            {"state", paused ? sandbox::wire::k_state_paused : sandbox::wire::k_state_running},
            {"cpuCount", settings.cpu_count},
            {"memoryMB", settings.limits.memory_bytes >> 20},
            {"diskSizeMB", settings.limits.disk_bytes >> 20},
            {"envdVersion", k_envd_version},
            {"metadata", record.metadata},
            {"volumeMounts", Json::array()}};
}

Json access_json(const LiveSandbox& sandbox, const ControlSettings& settings) {
    const SandboxRecord& record = sandbox.record;
    Json body{{"templateID", record.template_id}, {"alias", k_template},
              {"sandboxID", record.id},           {"clientID", k_client_id},
              {"envdVersion", k_envd_version},    {"envdAccessToken", record.access_token},
              {"trafficAccessToken", nullptr},    {"domain", settings.domain}};
    if (!record.traffic_token.empty()) body["trafficAccessToken"] = record.traffic_token;
    return body;
}

Json metrics_json(const LiveSandbox& sandbox, WallTime now) {
    const AgentClient::Reply reply = AgentClient(sandbox.record.socket).request("GET", "/metrics", "");
    if (reply.status != 200) throw Error(ErrorKind::unavailable, "the sandbox gave no metrics");
    const Json raw = parse_json(reply.body, "metrics", ErrorKind::unavailable);
    const JsonReader reader(raw, "metrics", ErrorKind::unavailable);
    const auto used = raw.find("cpu_used_pct");
    return {{"timestamp", format_rfc3339(now)},
            {"timestampUnix", std::chrono::duration_cast<seconds>(now.time_since_epoch()).count()},
            {"cpuCount", reader.integer_or("cpu_count", 1)},
            {"cpuUsedPct", used != raw.end() && used->is_number() ? used->get<double>() : 0.0},
            {"memUsed", reader.integer_or("mem_used", 0)},
            {"memTotal", reader.integer_or("mem_total", 0)},
            {"memCache", reader.integer_or("mem_cache", 0)},
            {"diskUsed", reader.integer_or("disk_used", 0)},
            {"diskTotal", reader.integer_or("disk_total", 0)}};
}

Json log_entry(const std::string& message, WallTime time) {
    return {{"timestamp", format_rfc3339(time)},
            {"level", "info"},
            {"message", message},
            {"fields", {{"logger", sandbox::wire::k_app_logger}}}};
}

std::vector<LiveSandboxPtr> in_order_of_start(std::vector<LiveSandboxPtr> sandboxes, bool descending) {
    std::sort(sandboxes.begin(), sandboxes.end(), [descending](const auto& left, const auto& right) {
        const PageCursor a{left->record.created, left->record.id};
        const PageCursor b{right->record.created, right->record.id};
        return descending ? b < a : a < b;
    });
    return sandboxes;
}

std::int64_t query_integer(const Target& target, const char* name, std::int64_t fallback, std::int64_t least,
                           std::int64_t most) {
    const auto text = target.get(name);
    if (!text) return fallback;
    const auto value = parse_integer(*text);
    if (!value || *value < least || *value > most)
        refuse_schema(fmt::format("{} must be an integer from {} to {}", name, least, most));
    return *value;
}

}  // namespace

struct ControlApi::Call {
    const ControlRequest& request;
    Target target;
    std::string id;  ///< what stands for "{}" in the route
};

struct ControlApi::Route {
    std::string_view method;
    std::string_view path;  ///< "{}" stands for one segment
    Handler handler;
    bool open = false;  ///< needs no key
};

const ControlApi::Route ControlApi::k_routes[] = {
    {"GET", "/health", &ControlApi::health, true},
    {"GET", "/teams", &ControlApi::teams},
    {"GET", "/templates", &ControlApi::templates},
    {"GET", "/v2/templates", &ControlApi::templates},
    {"GET", "/templates/aliases/{}", &ControlApi::template_alias},
    {"POST", "/sandboxes", &ControlApi::create_v1},
    {"POST", "/v2/sandboxes", &ControlApi::create_v2},
    {"GET", "/sandboxes", &ControlApi::list_v1},
    {"GET", "/v2/sandboxes", &ControlApi::list_v2},
    {"GET", "/sandboxes/metrics", &ControlApi::all_metrics},
    {"GET", "/sandboxes/{}", &ControlApi::detail},
    {"DELETE", "/sandboxes/{}", &ControlApi::kill},
    {"POST", "/sandboxes/{}/timeout", &ControlApi::set_timeout},
    {"POST", "/sandboxes/{}/refreshes", &ControlApi::refresh},
    {"POST", "/sandboxes/{}/connect", &ControlApi::connect_v1},
    {"POST", "/v2/sandboxes/{}/connect", &ControlApi::connect_v2},
    {"GET", "/sandboxes/{}/metrics", &ControlApi::metrics},
    {"GET", "/sandboxes/{}/logs", &ControlApi::logs_v1},
    {"GET", "/v2/sandboxes/{}/logs", &ControlApi::logs_v2},
    {"POST", "/sandboxes/{}/pause", &ControlApi::pause},
    {"POST", "/sandboxes/{}/resume", &ControlApi::resume},
    {"POST", "/sandboxes/{}/fork", &ControlApi::not_supported},
    {"POST", "/sandboxes/{}/snapshots", &ControlApi::not_supported},
    {"PUT", "/sandboxes/{}/network", &ControlApi::not_supported},
    {"GET", "/snapshots", &ControlApi::not_supported},
    {"GET", "/volumes", &ControlApi::not_supported},
    {"POST", "/volumes", &ControlApi::not_supported},
    {"GET", "/secrets", &ControlApi::not_supported},
    {"POST", "/secrets", &ControlApi::not_supported},
    {"POST", "/templates", &ControlApi::not_supported},
    {"POST", "/v2/templates", &ControlApi::not_supported},
    {"POST", "/v3/templates", &ControlApi::not_supported},
    {"GET", "/engine/status", &ControlApi::engine_status},
    {"POST", "/engine/stop", &ControlApi::engine_stop},
};

namespace {

/// Whether `path` has the form of `pattern`; `id` gets the segment for "{}".
bool path_matches(std::string_view pattern, std::string_view path, std::string& id) {
    const std::size_t hole = pattern.find("{}");
    if (hole == std::string_view::npos) return pattern == path;
    const std::string_view before = pattern.substr(0, hole);
    const std::string_view after = pattern.substr(hole + 2);
    if (path.size() <= before.size() + after.size() || !path.starts_with(before) || !path.ends_with(after))
        return false;
    const std::string_view segment = path.substr(before.size(), path.size() - before.size() - after.size());
    if (segment.find('/') != std::string_view::npos) return false;
    id = segment;
    return true;
}

}  // namespace

ControlApi::ControlApi(Sandboxes& sandboxes, ControlSettings settings, const Clock& clock, std::function<void()> stop)
    : sandboxes_(sandboxes),
      settings_(std::move(settings)),
      clock_(clock),
      stop_(std::move(stop)),
      started_(clock.now()) {}

Reply ControlApi::handle(const ControlRequest& request) noexcept {
    try {
        return dispatch(request);
    } catch (const Refusal& refusal) {
        return refusal.reply;
    } catch (const Error& error) {
        switch (error.kind()) {
            case ErrorKind::limit:
                return error_reply(429, error.what());
            case ErrorKind::unavailable:
                return error_reply(503, error.what(), "sandbox_capacity_unavailable");
            case ErrorKind::no_sandbox:
                return error_reply(
                    500, error.hint().empty() ? error.what() : fmt::format("{}. {}", error.what(), error.hint()),
                    "sandbox_create_failed");
            default:
                return error_reply(500, error.what(), "internal_server_error");
        }
    } catch (const std::exception& error) {
        return error_reply(500, error.what(), "internal_server_error");
    }
}

Reply ControlApi::dispatch(const ControlRequest& request) {
    Call call{request, parse_target(request.target), ""};
    const Route* found = nullptr;
    bool known_path = false;
    const std::string_view method = request.method == "HEAD" ? "GET" : std::string_view(request.method);
    for (const Route& route : k_routes) {
        std::string id;
        if (!path_matches(route.path, call.target.path, id)) continue;
        known_path = true;
        if (route.method != method) continue;
        found = &route;
        call.id = id;
        break;
    }
    if (found == nullptr || !found->open) {
        if (request.api_key.empty()) refuse(401, "authorization header is missing: send the engine's key as X-API-Key");
        if (!equal_constant_time(request.api_key, settings_.api_key.reveal()))
            refuse(401, "Invalid API key, this is not the key of this engine: see `spawnai engine env`");
    }
    if (found == nullptr && known_path)
        refuse(405,
               fmt::format("{} is not allowed for {}", one_line(request.method, 16), one_line(call.target.path, 200)));
    if (found == nullptr)
        refuse(404, fmt::format("{} does not exist in the local engine", one_line(call.target.path, 200)));
    if (found->path.find("sandboxes/{}") != std::string_view::npos) {
        const std::string plain = plain_sandbox_id(call.id);
        if (plain.empty()) refuse(400, "Invalid sandbox ID");
        call.id = plain;
    }
    return (this->*found->handler)(call);
}

Reply ControlApi::health(const Call& /*call*/) {
    return nothing();
}

Reply ControlApi::teams(const Call& /*call*/) {
    return json_reply(200,
                      Json::array({{{"teamID", k_no_build}, {"name", "local"}, {"apiKey", ""}, {"isDefault", true}}}));
}

Reply ControlApi::templates(const Call& /*call*/) {
    const std::string started = format_rfc3339(started_);
    return json_reply(200, Json::array({{{"templateID", k_template},
                                         {"buildID", k_no_build},
                                         {"aliases", {k_template}},
                                         {"names", {k_template}},
                                         {"cpuCount", settings_.cpu_count},
                                         {"memoryMB", settings_.limits.memory_bytes >> 20},
                                         {"diskSizeMB", settings_.limits.disk_bytes >> 20},
                                         {"public", true},
                                         {"createdAt", started},
                                         {"updatedAt", started},
                                         {"createdBy", nullptr},
                                         {"lastSpawnedAt", nullptr},
                                         {"spawnCount", 0},
                                         {"buildCount", 1},
                                         {"buildStatus", "ready"},
                                         {"envdVersion", k_envd_version}}}));
}

Reply ControlApi::template_alias(const Call& call) {
    if (call.id != k_template) refuse(404, fmt::format("template '{}' not found", one_line(call.id, 100)));
    return json_reply(200, {{"templateID", k_template}, {"public", true}});
}

Reply ControlApi::create_v1(const Call& call) {
    return create(call, k_default_v1);
}

Reply ControlApi::create_v2(const Call& call) {
    return create(call, k_default_v2);
}

Reply ControlApi::create(const Call& call, seconds default_lifetime) {
    const Body body(call.request.body);
    CreateRequest request;
    const auto template_id = body.text("templateID");
    if (!template_id) refuse_schema("templateID is required");
    const std::string name = ascii_lower(std::string_view(*template_id).substr(0, template_id->find(':')));
    if (name != k_template) refuse(404, fmt::format("template '{}' not found", one_line(*template_id, 100)));
    request.lifetime = seconds(body.integer("timeout").value_or(default_lifetime.count()));
    if (request.lifetime.count() == 0) refuse(400, "Timeout must be greater than 0");
    check_lifetime(request.lifetime);
    request.metadata = body.text_map("metadata");
    request.environment = body.text_map("envVars");
    check_environment(request.environment);
    const bool secure = body.boolean("secure").value_or(true);
    request.internet = body.boolean("allow_internet_access").value_or(true);
    if (const Json* network = body.find("network")) read_network(*network, request);
    if (!request.public_traffic && !secure)
        refuse(400, "network.allowPublicTraffic can only be false for a secure sandbox");
    request.auto_pause = body.boolean("autoPause").value_or(false);
    if (request.auto_pause && !body.boolean("autoPauseMemory").value_or(true))
        refuse(400, "autoPauseMemory=false is not supported by the local engine");
    if (const Json* automatic = body.find("autoResume")) {
        const auto enabled = automatic->is_object() ? automatic->find("enabled") : automatic->end();
        if (enabled == automatic->end() || !enabled->is_boolean())
            refuse_schema("autoResume.enabled must be true or false");
        request.auto_resume = enabled->get<bool>();
    }
    for (const char* unsupported : {"mcp", "iam", "volumeMounts"})
        if (filled(body.find(unsupported)))
            refuse(400, fmt::format("{} is not supported by the local engine", unsupported));
    const LiveSandboxPtr sandbox = sandboxes_.create(request);
    // A client that died meanwhile never learns the id, so nobody would end it before its time.
    if (call.request.client_gone && call.request.client_gone()) {
        sandboxes_.kill(sandbox->record.id);
        refuse(499, "the client has gone");
    }
    return json_reply(201, access_json(*sandbox, settings_));
}

Reply ControlApi::list_v1(const Call& call) {
    const auto filter = parse_metadata_filter(call.target.get("metadata").value_or(""));
    Json result = Json::array();
    for (const auto& sandbox : in_order_of_start(sandboxes_.all(), true))
        if (!sandbox->paused && metadata_matches(sandbox->record.metadata, filter))
            result.push_back(detail_json(*sandbox, settings_));
    return json_reply(200, result);
}

Reply ControlApi::list_v2(const Call& call) {
    const Target& target = call.target;
    bool running = !target.get("state").has_value();
    bool paused = running;
    std::string states = target.get("state").value_or("");
    for (std::size_t at = 0; at < states.size();) {
        const std::size_t comma = std::min(states.find(',', at), states.size());
        const std::string state = states.substr(at, comma - at);
        if (state != sandbox::wire::k_state_running && state != sandbox::wire::k_state_paused)
            refuse_schema("state must be running or paused");
        running = running || state == sandbox::wire::k_state_running;
        paused = paused || state == sandbox::wire::k_state_paused;
        at = comma + 1;
    }
    const std::string order = target.get("order").value_or("desc");
    if (order != "asc" && order != "desc") refuse_schema("order must be asc or desc");
    const bool descending = order == "desc";
    const auto limit = static_cast<std::size_t>(query_integer(target, "limit", k_page_limit, 1, k_page_limit));
    std::optional<WallTime> after;
    if (const auto text = target.get("startedAfter")) {
        try {
            after = parse_rfc3339(*text);
        } catch (const Error& error) {
            refuse_schema(std::string("startedAfter: ") + error.what());
        }
    }
    std::optional<PageCursor> cursor;
    if (const auto token = target.get("nextToken"); token && !token->empty()) {
        cursor = decode_cursor(*token);
        if (!cursor) refuse(400, "Invalid next token");
    }
    const std::string wanted_template = ascii_lower(target.get("template").value_or(k_template));
    const auto filter = parse_metadata_filter(target.get("metadata").value_or(""));

    Json result = Json::array();
    std::size_t matching_running = 0;
    std::string next;
    PageCursor last{};
    for (const auto& sandbox : in_order_of_start(sandboxes_.all(), descending)) {
        const SandboxRecord& record = sandbox->record;
        const bool is_paused = sandbox->paused;
        if (!(is_paused ? paused : running)) continue;
        if (wanted_template != k_template || !metadata_matches(record.metadata, filter)) continue;
        if (after && record.created <= *after) continue;
        if (!is_paused) ++matching_running;
        const PageCursor place{record.created, record.id};
        if (cursor && !(descending ? place < *cursor : *cursor < place)) continue;
        if (result.size() == limit) {
            next = encode_cursor(last);
            continue;
        }
        result.push_back(detail_json(*sandbox, settings_));
        last = place;
    }
    Reply reply = json_reply(200, result);
    if (!next.empty()) reply.headers.emplace_back("X-Next-Token", next);
    if (running) reply.headers.emplace_back("X-Total-Running", std::to_string(matching_running));
    return reply;
}

Reply ControlApi::detail(const Call& call) {
    const LiveSandboxPtr sandbox = sandboxes_.find(call.id);
    if (!sandbox) refuse_unknown(call.id);
    Json body = detail_json(*sandbox, settings_);
    body["envdAccessToken"] = sandbox->record.access_token;
    body["domain"] = settings_.domain;
    body["allowInternetAccess"] = sandbox->record.internet;
    body["network"] = {{"allowPublicTraffic", sandbox->record.traffic_token.empty()},
                       {"allowOut", Json::array()},
                       {"denyOut", sandbox->record.internet ? Json::array() : Json::array({"0.0.0.0/0"})}};
    body["lifecycle"] = {{"autoResume", sandbox->record.auto_resume},
                         {"onTimeout", sandbox->record.auto_pause ? "pause" : "kill"}};
    return json_reply(200, body);
}

Reply ControlApi::kill(const Call& call) {
    if (!sandboxes_.kill(call.id)) refuse_unknown(call.id);
    return nothing();
}

Outcome ControlApi::change(const std::string& id, const std::function<Outcome()>& act) {
    try {
        const Outcome outcome = act();
        if (outcome != Outcome::unknown) return outcome;
    } catch (const Error&) {
        // An agent that does not answer because its sandbox just ended is the same as none.
        if (sandboxes_.find(id)) throw;
    }
    refuse_unknown(id);
}

void ControlApi::move_deadline(const std::string& id, WallTime deadline) {
    if (change(id, [&] { return sandboxes_.set_deadline(id, deadline); }) == Outcome::wrong_state)
        refuse(409, fmt::format("Sandbox \"{}\" is paused, so its time does not run", id));
}

Reply ControlApi::pause(const Call& call) {
    const bool keep_memory = Body(call.request.body, true).boolean("memory").value_or(true);
    if (change(call.id, [&] { return sandboxes_.pause(call.id, keep_memory); }) == Outcome::wrong_state)
        refuse(409, fmt::format("Sandbox \"{}\" is already paused", call.id));
    return nothing();
}

Reply ControlApi::resume(const Call& call) {
    const Body body(call.request.body, true);
    const seconds lifetime(body.integer("timeout").value_or(k_default_v1.count()));
    check_lifetime(lifetime);
    const bool keep_memory = body.boolean("memory").value_or(true);
    const WallTime deadline = clock_.now() + lifetime;
    if (change(call.id, [&] { return sandboxes_.resume(call.id, deadline, keep_memory); }) == Outcome::wrong_state)
        refuse(409, fmt::format("Sandbox \"{}\" is already running", call.id));
    return access(call.id, 201);
}

Reply ControlApi::set_timeout(const Call& call) {
    const auto timeout = Body(call.request.body).integer("timeout");
    if (!timeout) refuse_schema("timeout is required");
    move_deadline(call.id, clock_.now() + seconds(std::max<std::int64_t>(0, *timeout)));
    return nothing();
}

Reply ControlApi::refresh(const Call& call) {
    const auto duration = Body(call.request.body, true).integer("duration").value_or(0);
    if (duration < 0 || duration > k_longest_refresh)
        refuse_schema(fmt::format("duration must be from 0 to {}", k_longest_refresh));
    const LiveSandboxPtr sandbox = sandboxes_.find(call.id);
    if (!sandbox) refuse_unknown(call.id);
    const WallTime deadline = clock_.now() + std::max(k_shortest_refresh, seconds(duration));
    if (sandbox->paused || deadline > sandbox->deadline()) move_deadline(call.id, deadline);
    return nothing();
}

Reply ControlApi::connect_v1(const Call& call) {
    const auto timeout = Body(call.request.body).integer("timeout");
    if (!timeout) refuse_schema("timeout is required");
    return connect(call, seconds(*timeout), true);
}

Reply ControlApi::connect_v2(const Call& call) {
    const Body body(call.request.body, true);
    return connect(call, seconds(body.integer("timeout").value_or(k_default_v2.count())),
                   body.boolean("memory").value_or(true));
}

void ControlApi::check_lifetime(seconds lifetime) const {
    if (lifetime.count() < 0) refuse(400, "Timeout must be greater than 0");
    if (lifetime > settings_.max_lifetime)
        refuse(400, fmt::format("Timeout cannot be greater than {} hours",
                                static_cast<double>(settings_.max_lifetime.count()) / 3600.0));
}

Reply ControlApi::access(const std::string& id, int status) {
    const LiveSandboxPtr sandbox = sandboxes_.find(id);
    if (!sandbox) refuse_unknown(id);
    return json_reply(status, access_json(*sandbox, settings_));
}

Reply ControlApi::connect(const Call& call, seconds lifetime, bool keep_memory) {
    check_lifetime(lifetime);
    const WallTime deadline = clock_.now() + lifetime;
    if (change(call.id, [&] { return sandboxes_.resume(call.id, deadline, keep_memory); }) == Outcome::done)
        return access(call.id, 201);
    const LiveSandboxPtr sandbox = sandboxes_.find(call.id);
    if (sandbox && deadline > sandbox->deadline()) move_deadline(call.id, deadline);
    return access(call.id, 200);
}

Reply ControlApi::metrics(const Call& call) {
    const LiveSandboxPtr sandbox = sandboxes_.find(call.id);
    if (!sandbox) refuse_unknown(call.id);
    constexpr std::int64_t k_any = std::numeric_limits<std::int64_t>::max();
    const WallTime now = clock_.now();
    const std::int64_t unix_now = std::chrono::duration_cast<seconds>(now.time_since_epoch()).count();
    const std::int64_t start = query_integer(call.target, "start", 0, 0, k_any);
    const std::int64_t end = query_integer(call.target, "end", k_any, 0, k_any);
    if (start > unix_now || end < unix_now) return json_reply(200, Json::array());
    return json_reply(200, Json::array({metrics_json(*sandbox, now)}));
}

Reply ControlApi::all_metrics(const Call& call) {
    Json result = Json::object();
    const std::string ids = call.target.get("sandbox_ids").value_or("");
    for (std::size_t at = 0; at < ids.size();) {
        const std::size_t comma = std::min(ids.find(',', at), ids.size());
        const std::string id = plain_sandbox_id(std::string_view(ids).substr(at, comma - at));
        at = comma + 1;
        const LiveSandboxPtr sandbox = id.empty() ? nullptr : sandboxes_.find(id);
        if (!sandbox) continue;
        try {
            result[id] = metrics_json(*sandbox, clock_.now());
        } catch (const Error&) {
            // One that ends at this moment has no metrics any more; the others do.
        }
    }
    return json_reply(200, {{"sandboxes", result}});
}

std::vector<ControlApi::LogLine> ControlApi::log_lines(const std::string& id) {
    const auto log = sandboxes_.app_log(id);
    const bool live = sandboxes_.find(id) != nullptr;
    if (!log && !live) refuse_unknown(id);
    std::vector<LogLine> lines;
    log_times_.with([&](std::map<std::string, LogTimes>& all) {
        std::erase_if(all, [this](const auto& item) { return !sandboxes_.find(item.first); });
        if (!log) return;
        LogTimes times;
        LogTimes& kept = live ? all[id] : times;
        kept.note(log->offset + static_cast<std::int64_t>(log->text.size()), log->written);
        for (const std::string_view line : split_lines(log->text))
            lines.push_back({kept.at(log->offset + (line.data() + line.size() - log->text.data())), std::string(line)});
    });
    return lines;
}

Reply ControlApi::logs_v1(const Call& call) {
    const auto limit = static_cast<std::size_t>(query_integer(call.target, "limit", k_log_lines, 0, k_most_log_lines));
    const std::int64_t start = query_integer(call.target, "start", 0, 0, std::numeric_limits<std::int64_t>::max());
    std::vector<LogLine> wanted = log_lines(call.id);
    std::erase_if(wanted, [&](const LogLine& line) { return line.time.time_since_epoch().count() < start; });
    // The end of an output says more than its beginning; who asks from a time on reads on from there.
    if (wanted.size() > limit) {
        const auto surplus = static_cast<std::ptrdiff_t>(wanted.size() - limit);
        if (start == 0) {
            wanted.erase(wanted.begin(), wanted.begin() + surplus);
        } else {
            wanted.erase(wanted.end() - surplus, wanted.end());
        }
    }
    Json lines = Json::array();
    Json entries = Json::array();
    for (const LogLine& line : wanted) {
        const std::string time = format_rfc3339(line.time);
        lines.push_back({{"timestamp", time},
                         {"line", dump_json({{"timestamp", time},
                                             {"level", "info"},
                                             {"logger", sandbox::wire::k_app_logger},
                                             {"message", line.text}})}});
        entries.push_back(log_entry(line.text, line.time));
    }
    return json_reply(200, {{"logs", lines}, {"logEntries", entries}});
}

Reply ControlApi::logs_v2(const Call& call) {
    const auto limit = static_cast<std::size_t>(query_integer(call.target, "limit", k_log_lines, 0, k_log_lines));
    const std::string direction = call.target.get("direction").value_or("forward");
    if (direction != "forward" && direction != "backward") refuse_schema("direction must be forward or backward");
    const std::string level = call.target.get("level").value_or("info");
    if (level != "debug" && level != "info" && level != "warn" && level != "error")
        refuse_schema("level must be debug, info, warn or error");
    const std::string search = call.target.get("search").value_or("");
    const std::int64_t cursor = query_integer(call.target, "cursor", 0, 0, std::numeric_limits<std::int64_t>::max());
    std::vector<LogLine> lines = log_lines(call.id);
    // The app's output has one level.
    if (level == "warn" || level == "error") lines.clear();
    if (direction == "backward") std::reverse(lines.begin(), lines.end());
    Json entries = Json::array();
    for (const LogLine& line : lines) {
        const std::int64_t time = line.time.time_since_epoch().count();
        const bool in_time = cursor == 0 || (direction == "forward" ? time >= cursor : time <= cursor);
        if (in_time && entries.size() < limit && line.text.find(search) != std::string::npos)
            entries.push_back(log_entry(line.text, line.time));
    }
    return json_reply(200, {{"logs", entries}});
}

Reply ControlApi::not_supported(const Call& call) {
    refuse(501, fmt::format("{} {} is not supported by the local engine", call.request.method,
                            one_line(call.target.path, 200)));
}

Reply ControlApi::engine_status(const Call& /*call*/) {
    return json_reply(200, {{"pid", ::getpid()},
                            {"version", settings_.version},
                            {"isolation", settings_.isolation},
                            {"liveSandboxes", sandboxes_.count()},
                            {"maxSandboxes", settings_.max_sandboxes},
                            {"maxLifetimeSeconds", settings_.max_lifetime.count()},
                            {"startedAt", format_rfc3339(started_)}});
}

Reply ControlApi::engine_stop(const Call& call) {
    if (Body(call.request.body, true).boolean("killSandboxes").value_or(false)) sandboxes_.kill_all();
    stop_();
    return nothing();
}

}  // namespace spawnai::engine
