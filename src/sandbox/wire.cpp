#include <spawnai/core/digest.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/net/connect.hpp>
#include <spawnai/net/url.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <csignal>

namespace spawnai::sandbox::wire {

namespace {

constexpr ErrorKind k_bad_answer = ErrorKind::unavailable;
constexpr std::size_t k_message_width = 300;

Json parse(std::string_view text, const char* source) {
    return parse_json(text, source, k_bad_answer);
}

/// A proto-JSON number: 64-bit ones come as text. Absent means zero.
std::int64_t proto_integer(const Json& object, const char* camel, const char* snake) {
    for (const char* name : {camel, snake}) {
        const auto found = object.find(name);
        if (found == object.end() || found->is_null()) continue;
        if (found->is_number_unsigned() && found->get<std::uint64_t>() <= std::uint64_t{INT64_MAX})
            return static_cast<std::int64_t>(found->get<std::uint64_t>());
        if (found->is_number_integer() && !found->is_number_unsigned()) return found->get<std::int64_t>();
        if (found->is_string()) {
            const auto& text = found->get_ref<const std::string&>();
            std::int64_t value = 0;
            const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
            if (failure == std::errc() && end == text.data() + text.size() && !text.empty()) return value;
        }
        throw Error(k_bad_answer, fmt::format("the sandbox sent a '{}' that is not a whole number", camel));
    }
    return 0;
}

std::string proto_string(const Json& object, const char* camel, const char* snake) {
    for (const char* name : {camel, snake}) {
        const auto found = object.find(name);
        if (found != object.end() && found->is_string()) return found->get<std::string>();
    }
    return {};
}

/// A message of a stream, as an object. The hot path of all output: without the depth check, which nothing needs because nothing
/// recurses.
Json parse_event(std::string_view payload) {
    Json json = Json::parse(payload, nullptr, false);
    if (json.is_discarded()) throw Error(k_bad_answer, "the sandbox sent an event that is not JSON");
    return json.is_object() ? std::move(json) : Json::object();
}

int narrow(std::int64_t value) {
    return static_cast<int>(std::clamp<std::int64_t>(value, INT32_MIN, INT32_MAX));
}

std::map<std::string, std::string> string_map(const JsonReader& reader, const char* key) {
    std::map<std::string, std::string> map;
    if (!reader.has(key)) return map;
    const JsonReader member = reader.at(key);
    if (!member.raw().is_object()) return map;
    for (const auto& [name, value] : member.raw().items())
        if (value.is_string()) map.emplace(name, value.get<std::string>());
    return map;
}

WallTime time_at(const JsonReader& reader, const char* key) {
    try {
        return parse_rfc3339(reader.string(key));
    } catch (const Error& error) {
        throw Error(k_bad_answer, fmt::format("{}.{}: {}", reader.path(), key, error.what()));
    }
}

SandboxId id_at(const JsonReader& reader) {
    try {
        return SandboxId::parse(reader.string(field::k_sandbox_id));
    } catch (const Error& error) {
        throw Error(k_bad_answer, fmt::format("{}: {}", reader.path(), one_line(error.what(), k_message_width)));
    }
}

/// A domain goes into host names that are connected to and shown: nothing but a host with an optional port.
bool valid_domain(std::string_view domain) {
    return std::all_of(domain.begin(), domain.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '-' ||
               c == ':';
    });
}

Access access_of(const JsonReader& reader) {
    Access access{id_at(reader), Secret(reader.string_or(field::k_envd_access_token, "")),
                  reader.string_or(field::k_domain, ""), reader.string_or(field::k_envd_version, "")};
    if (!valid_domain(access.domain)) throw Error(k_bad_answer, reader.path() + ".domain is not a host name");
    return access;
}

SandboxInfo info_of(const JsonReader& reader) {
    SandboxInfo info{id_at(reader), reader.string_or(field::k_template_id, ""), string_map(reader, field::k_metadata),
                     time_at(reader, field::k_started_at), time_at(reader, field::k_end_at)};
    info.state = reader.string_or(field::k_state, k_state_running) == k_state_paused ? SandboxState::paused
                                                                                     : SandboxState::running;
    info.cpu_count = narrow(reader.integer_or(field::k_cpu_count, 0));
    info.memory_mib = reader.integer_or(field::k_memory_mb, 0);
    info.disk_mib = reader.integer_or(field::k_disk_size_mb, 0);
    return info;
}

const Json& array_of(const Json& value, const char* source) {
    if (!value.is_array()) throw Error(k_bad_answer, fmt::format("{} is not a list", source));
    return value;
}

double number_at(const JsonReader& reader, const char* key) {
    const JsonReader member = reader.at(key);
    if (!member.raw().is_number()) throw Error(k_bad_answer, member.path() + ": is not a number");
    return member.raw().get<double>();
}

Failure failure_of(const Json& json) {
    const auto small_integer = [&](const char* name, int most) -> std::optional<int> {
        const auto found = json.find(name);
        if (found == json.end() || !found->is_number_integer() || *found < 0 || *found > most) return std::nullopt;
        return found->get<int>();
    };
    Failure failure;
    failure.code = small_integer(field::k_code, 999);
    failure.port = small_integer(field::k_port, 65535);
    const std::string word = proto_string(json, field::k_code, field::k_code);
    if (net::find_connect_code(word) != nullptr) failure.connect_code = word;
    failure.error_code = one_line(proto_string(json, field::k_error_code, field::k_error_code), 80);
    failure.message = one_line(proto_string(json, field::k_message, field::k_message), k_message_width);
    return failure;
}

Json selector(std::int64_t pid) {
    return {{"process", {{"pid", pid}}}};
}

Json size_json(TerminalSize size) {
    return {{"size", {{"cols", size.columns}, {"rows", size.rows}}}};
}

}  // namespace

// -------------------------------------------------------------------------------------------- control plane

std::string create_body(const SandboxRequest& request, Api api) {
    Json body = {{field::k_template_id, request.template_id},
                 {field::k_timeout, request.lifetime.count()},
                 {field::k_metadata, request.metadata},
                 {field::k_env_vars, request.environment},
                 {field::k_allow_internet_access_request, request.internet}};
    // A printed URL is to answer whenever somebody comes.
    if (request.on_timeout == OnTimeout::pause) {
        body[field::k_auto_pause] = true;
        body[field::k_auto_resume] = {{field::k_enabled, true}};
    }
    if (api == Api::v1) body[field::k_secure] = true;
    return dump_json(body);
}

std::string timeout_body(std::chrono::seconds lifetime) {
    return dump_json(Json{{field::k_timeout, lifetime.count()}});
}

std::string metadata_query(const std::map<std::string, std::string>& metadata) {
    // The servers decode the query, then the whole text once more, then each key and value.
    std::string pairs;
    for (const auto& [key, value] : metadata) {
        if (!pairs.empty()) pairs += '&';
        pairs += net::percent_encode(net::percent_encode(key)) + "=" + net::percent_encode(net::percent_encode(value));
    }
    return net::percent_encode(pairs);
}

Access parse_access(std::string_view body) {
    const Json json = parse(body, "the provider's answer");
    return access_of({json, "the provider's answer", k_bad_answer});
}

SandboxInfo parse_detail(std::string_view body) {
    const Json json = parse(body, "the provider's answer");
    return info_of({json, "the provider's answer", k_bad_answer});
}

std::vector<SandboxInfo> parse_list(std::string_view body) {
    const Json json = parse(body, "the provider's list");
    std::vector<SandboxInfo> list;
    for (const Json& entry : array_of(json, "the provider's list"))
        list.push_back(info_of({entry, fmt::format("the provider's list[{}]", list.size()), k_bad_answer}));
    return list;
}

std::vector<SandboxMetrics> parse_metrics(std::string_view body) {
    const Json json = parse(body, "the provider's metrics");
    constexpr std::int64_t k_last_second = 253'402'300'799;  // of the year 9999
    std::vector<SandboxMetrics> list;
    for (const Json& entry : array_of(json, "the provider's metrics")) {
        const JsonReader reader(entry, fmt::format("the provider's metrics[{}]", list.size()), k_bad_answer);
        SandboxMetrics metrics;
        // The text is deprecated, the number newer: either will do.
        if (reader.has(field::k_timestamp_unix))
            metrics.time = WallTime(std::chrono::seconds(
                std::clamp<std::int64_t>(reader.integer(field::k_timestamp_unix), 0, k_last_second)));
        else
            metrics.time = time_at(reader, field::k_timestamp);
        metrics.cpu_count = narrow(reader.integer(field::k_cpu_count));
        metrics.cpu_used_percent = number_at(reader, field::k_cpu_used_pct);
        metrics.memory_used = reader.integer(field::k_mem_used);
        metrics.memory_total = reader.integer(field::k_mem_total);
        metrics.disk_used = reader.integer_or(field::k_disk_used, 0);
        metrics.disk_total = reader.integer_or(field::k_disk_total, 0);
        list.push_back(metrics);
    }
    return list;
}

std::string parse_app_log(std::string_view body) {
    const Json json = parse(body, "the provider's log");
    const JsonReader reader(json, "the provider's log", k_bad_answer);
    std::string text;
    if (!reader.has(field::k_logs)) return text;
    for (const Json& entry : array_of(reader.at(field::k_logs).raw(), "the provider's log")) {
        if (!entry.is_object()) continue;
        const std::string line = proto_string(entry, field::k_line, field::k_line);
        const Json inner = Json::parse(line, nullptr, false);
        if (!inner.is_object() || proto_string(inner, field::k_logger, field::k_logger) != k_app_logger) continue;
        text += proto_string(inner, field::k_message, field::k_message) + "\n";
    }
    return text;
}

// ----------------------------------------------------------------------------------------------------- envd

std::vector<FileEntry> parse_entries(std::string_view body) {
    const Json json = parse(body, "the sandbox's file list");
    const JsonReader reader(json, "the sandbox's file list", k_bad_answer);
    std::vector<FileEntry> entries;
    if (!reader.has("entries")) return entries;
    for (const Json& entry : array_of(reader.at("entries").raw(), "the sandbox's file list")) {
        const JsonReader item(entry, fmt::format("the sandbox's file list[{}]", entries.size()), k_bad_answer);
        FileEntry file;
        file.path = item.string("path");
        file.size = proto_integer(entry, "size", "size");
        file.mode = static_cast<unsigned>(proto_integer(entry, "mode", "mode")) & 07777U;
        const auto type = entry.find("type");
        const std::string word = type != entry.end() && type->is_string() ? type->get<std::string>() : "";
        const std::int64_t number = type != entry.end() && type->is_number_integer() ? type->get<std::int64_t>() : 0;
        // For a link the daemon reports the type of what it points to; the target's presence tells it apart.
        if (!proto_string(entry, "symlinkTarget", "symlink_target").empty() || word == "FILE_TYPE_SYMLINK" ||
            number == 3)
            file.type = FileType::symlink;
        else if (word == "FILE_TYPE_FILE" || number == 1)
            file.type = FileType::file;
        else if (word == "FILE_TYPE_DIRECTORY" || number == 2)
            file.type = FileType::directory;
        else
            file.type = FileType::other;
        entries.push_back(std::move(file));
    }
    return entries;
}

std::vector<ProcessInfo> parse_processes(std::string_view body) {
    const Json json = parse(body, "the sandbox's process list");
    const JsonReader reader(json, "the sandbox's process list", k_bad_answer);
    std::vector<ProcessInfo> processes;
    if (!reader.has("processes")) return processes;
    for (const Json& entry : array_of(reader.at("processes").raw(), "the sandbox's process list")) {
        if (!entry.is_object()) continue;
        ProcessInfo info;
        info.pid = proto_integer(entry, "pid", "pid");
        info.tag = proto_string(entry, "tag", "tag");
        const auto config = entry.find("config");
        if (config != entry.end() && config->is_object()) {
            info.command = proto_string(*config, "cmd", "cmd");
            const auto arguments = config->find("args");
            if (arguments != config->end() && arguments->is_array())
                for (const Json& argument : *arguments)
                    if (argument.is_string()) info.command += " " + argument.get<std::string>();
        }
        processes.push_back(std::move(info));
    }
    return processes;
}

ProcessEvent parse_process_event(std::string_view payload) {
    const Json json = parse_event(payload);
    const auto event = json.find("event");
    if (event == json.end() || !event->is_object()) return Nothing{};
    const auto member = [&](const char* name) -> const Json* {
        const auto found = event->find(name);
        return found == event->end() || !found->is_object() ? nullptr : &*found;
    };
    if (const Json* start = member("start")) return Started{proto_integer(*start, "pid", "pid")};
    if (const Json* data = member("data")) {
        for (const char* name : {"stdout", "stderr", "pty"}) {
            const auto found = data->find(name);
            if (found == data->end() || !found->is_string()) continue;
            auto bytes = base64_decode(found->get_ref<const std::string&>());
            if (!bytes) throw Error(k_bad_answer, "the sandbox sent output that is not base64");
            return Output{std::string_view(name) == "stderr" ? Stream::standard_error : Stream::standard_output,
                          std::move(*bytes)};
        }
        return Nothing{};
    }
    if (const Json* end = member("end")) {
        Ended ended;
        ended.status.code = narrow(proto_integer(*end, "exitCode", "exit_code"));
        ended.status.text = proto_string(*end, "status", "status");
        if (ended.status.text.empty()) ended.status.text = proto_string(*end, "error", "error");
        return ended;
    }
    return Nothing{};
}

WatchEvent parse_watch_event(std::string_view payload) {
    struct Row {
        const char* word;
        int number;
        ChangeType type;
    };
    constexpr std::array<Row, 5> k_rows = {{{"EVENT_TYPE_CREATE", 1, ChangeType::created},
                                            {"EVENT_TYPE_WRITE", 2, ChangeType::written},
                                            {"EVENT_TYPE_REMOVE", 3, ChangeType::removed},
                                            {"EVENT_TYPE_RENAME", 4, ChangeType::renamed},
                                            {"EVENT_TYPE_CHMOD", 5, ChangeType::mode_changed}}};
    const Json json = parse_event(payload);
    if (json.contains("start")) return WatchBegun{};
    const auto event = json.find("filesystem");
    if (event == json.end() || !event->is_object()) return Nothing{};
    const auto type = event->find("type");
    if (type == event->end()) return Nothing{};
    for (const Row& row : k_rows)
        if (*type == row.word || *type == row.number) return FileChange{proto_string(*event, "name", "name"), row.type};
    return Nothing{};
}

std::optional<Failure> parse_end_of_stream(std::string_view payload) {
    const Json json = Json::parse(payload, nullptr, false);
    if (!json.is_object()) return Failure{{}, "internal", "", "the end of the stream is malformed", {}};
    const auto error = json.find("error");
    if (error == json.end() || error->is_null()) return std::nullopt;
    Failure failure = error->is_object() ? failure_of(*error) : Failure{};
    if (failure.connect_code.empty()) failure.connect_code = "unknown";
    return failure;
}

std::string start_body(const Command& command) {
    Json process = {{"cmd", "/bin/bash"}};
    std::map<std::string, std::string> environment = command.environment;
    if (command.terminal && command.shell.empty())
        process["args"] = {"-i", "-l"};
    else
        process["args"] = {"-l", "-c", command.shell};
    if (command.terminal)
        environment.merge(
            std::map<std::string, std::string>{{"TERM", "xterm-256color"}, {"LANG", "C.UTF-8"}, {"LC_ALL", "C.UTF-8"}});
    if (!environment.empty()) process["envs"] = environment;
    if (!command.working_directory.empty()) process["cwd"] = command.working_directory;
    Json body = {{"process", std::move(process)}, {"stdin", command.input}};
    if (!command.tag.empty()) body["tag"] = command.tag;
    if (command.terminal) body["pty"] = size_json(*command.terminal);
    return dump_json(body);
}

std::string path_body(const std::string& path) {
    return dump_json(Json{{"path", path}});
}

std::string list_body(const std::string& path, int depth) {
    return dump_json(Json{{"path", path}, {"depth", std::max(depth, 1)}});
}

std::string move_body(const std::string& source, const std::string& destination) {
    return dump_json(Json{{"source", source}, {"destination", destination}});
}

std::string watch_body(const std::string& path, bool recursive) {
    return dump_json(Json{{"path", path}, {"recursive", recursive}});
}

std::string select_body(std::int64_t pid) {
    return dump_json(selector(pid));
}

std::string input_body(std::int64_t pid, std::string_view bytes, bool terminal) {
    Json body = selector(pid);
    body["input"] = {{terminal ? "pty" : "stdin", base64_encode(bytes)}};
    return dump_json(body);
}

std::string signal_body(std::int64_t pid, int signal) {
    if (signal != SIGTERM && signal != SIGKILL)
        throw Error(ErrorKind::usage, fmt::format("signal {} cannot be sent into a sandbox", signal),
                    "TERM and KILL are possible");
    Json body = selector(pid);
    body["signal"] = signal == SIGKILL ? "SIGNAL_SIGKILL" : "SIGNAL_SIGTERM";
    return dump_json(body);
}

std::string resize_body(std::int64_t pid, TerminalSize size) {
    Json body = selector(pid);
    body["pty"] = size_json(size);
    return dump_json(body);
}

// --------------------------------------------------------------------------------------------------- errors

Failure parse_failure(std::string_view body) {
    constexpr std::size_t k_largest = 1U << 20U;
    constexpr std::size_t k_readable = 4096;
    const Json json = body.size() <= k_largest ? Json::parse(body, nullptr, false) : Json(Json::value_t::discarded);
    if (json.is_object()) return failure_of(json);
    // What is not JSON may still say something, unless it is a page.
    Failure failure;
    const std::string_view text = trim(body.substr(0, k_readable));
    if (!text.starts_with('<') && json.is_discarded()) failure.message = one_line(text, k_message_width);
    return failure;
}

std::optional<std::string> base64_decode(std::string_view text) {
    static const auto values = [] {
        std::array<int, 256> table{};
        table.fill(-1);
        constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        for (std::size_t i = 0; i < k_alphabet.size(); ++i)
            table[static_cast<unsigned char>(k_alphabet[i])] = static_cast<int>(i);
        table['-'] = 62;
        table['_'] = 63;
        return table;
    }();
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string bytes;
    bytes.reserve(text.size() * 3 / 4);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const int value = values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = (bits << 6U) | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            bytes += static_cast<char>((bits >> count) & 0xFFU);
        }
    }
    return bytes;
}

}  // namespace spawnai::sandbox::wire
