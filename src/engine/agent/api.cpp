#include "engine/agent/api.hpp"

#include "engine/agent/encoding.hpp"
#include "engine/agent/files_route.hpp"
#include "engine/agent/process_service.hpp"
#include "engine/agent/rpc.hpp"
#include "engine/agent/user.hpp"

namespace spawnai::engine::agent {
namespace {

constexpr std::string_view k_process = "/process.Process/";
constexpr std::string_view k_filesystem = "/filesystem.Filesystem/";
constexpr std::size_t k_body_limit = 4U << 20U;

Json parse_object(const std::string& body) {
    Json value = Json::parse(body, nullptr, false);
    if (!value.is_object()) throw RpcError("invalid_argument", "the body is not a JSON object");
    return value;
}

/// Answers 400 when `call` refuses its input.
template <typename Call>
void with_input_errors(Reply& reply, Call call) {
    try {
        call();
    } catch (const RpcError& error) {
        send_error(reply, 400, error.what());
    }
}

void read_limits(const Json& body, Settings& settings) {
    const Json* limits = find_field(body, "limits");
    if (limits == nullptr) return;
    const auto read = [limits](std::string_view name, std::int64_t& value) {
        const std::int64_t given = integer_field(*limits, name, value);
        if (given > 0) value = given;
    };
    read("processes", settings.processes);
    read("data_bytes", settings.data_bytes);
    read("file_bytes", settings.file_bytes);
    read("open_files", settings.open_files);
    read("memory_bytes", settings.memory_bytes);
    read("disk_bytes", settings.disk_bytes);
}

void read_environment(const Json& body, Settings& settings) {
    const Json* environment = find_field(body, "environment");
    if (environment == nullptr) return;
    if (!environment->is_object()) throw RpcError("invalid_argument", "environment is not an object");
    std::map<std::string, std::string> values;
    for (const auto& [name, value] : environment->items()) {
        if (!value.is_string() || name.empty() || name.find('=') != std::string::npos) {
            throw RpcError("invalid_argument", "malformed environment variable " + name);
        }
        const auto& text = value.get_ref<const std::string&>();
        if (name.find('\0') != std::string::npos || text.find('\0') != std::string::npos) {
            throw RpcError("invalid_argument", "malformed environment variable " + name);
        }
        values[name] = text;
    }
    settings.environment = std::move(values);
}

std::int64_t deadline_field(const Json& message) {
    const std::int64_t deadline = integer_field(message, "deadline");
    if (deadline <= 0) throw RpcError("invalid_argument", "deadline is missing");
    return deadline;
}

bool is_engine_route(const RequestHead& head) {
    if (head.method == "GET") return head.path == "/state";
    return head.method == "POST" &&
           (head.path == "/init" || head.path == "/deadline" || head.path == "/pause" || head.path == "/resume");
}

}  // namespace

std::shared_ptr<Exchange> Api::route(const RequestHead& head, Origin origin, Reply& reply) {
    if (head.method == "OPTIONS") {
        reply.send(204,
                   {{"Access-Control-Allow-Methods", "HEAD, GET, POST, PUT, PATCH, DELETE"},
                    {"Access-Control-Allow-Headers", "*, Authorization"},
                    {"Access-Control-Max-Age", "7200"}},
                   {});
        return nullptr;
    }
    if (head.path == "/health" && (head.method == "GET" || head.method == "HEAD")) {
        reply.send(204, {{"Cache-Control", "no-store"}}, {});
        return nullptr;
    }
    if (origin == Origin::engine && is_engine_route(head)) return route_engine(head, reply);
    if (!settings_.ready) {
        send_error(reply, 503, "the sandbox is not initialized yet");
        return nullptr;
    }
    if (origin == Origin::client && suspension_.paused()) {
        send_error(reply, 503, "the sandbox is paused");
        return nullptr;
    }
    const bool is_call = head.path.rfind(k_process, 0) == 0 || head.path.rfind(k_filesystem, 0) == 0;
    return is_call ? route_rpc(head, reply) : route_plain(head, reply);
}

std::shared_ptr<Exchange> Api::route_engine(const RequestHead& head, Reply& reply) {
    const bool first = head.path == "/init";
    if (!first && !settings_.ready) {
        send_error(reply, 503, "the sandbox is not initialized yet");
        return nullptr;
    }
    if (head.path == "/state") {
        report_state(reply);
        return nullptr;
    }
    return std::make_shared<BufferedExchange>(
        reply, k_body_limit,
        [this, path = head.path, &reply](const std::string& body, const std::shared_ptr<Exchange>& exchange) {
            with_input_errors(reply, [&] {
                if (path == "/init") initialize(body, reply);
                if (path == "/deadline") move_deadline(body, reply);
                if (path == "/pause") pause(body, reply, exchange);
                if (path == "/resume") resume(body, reply);
            });
        });
}

void Api::initialize(const std::string& body, Reply& reply) {
    const Json message = parse_object(body);
    // Applied whole or not at all.
    Settings next = settings_;
    read_environment(message, next);
    read_limits(message, next);
    Times times;
    times.deadline = deadline_field(message);
    times.end = integer_field(message, "end", times.deadline);
    times.pause_at_deadline = bool_field(message, "pauseAtDeadline", false);
    suspension_.set(times);
    next.ready = true;
    const bool first = !settings_.ready;
    settings_ = std::move(next);
    if (first && on_ready) on_ready();
    reply.send(204, {}, {});
}

void Api::move_deadline(const std::string& body, Reply& reply) {
    const Json message = parse_object(body);
    Times times = suspension_.times();
    times.deadline = deadline_field(message);
    times.end = integer_field(message, "end", times.end);
    suspension_.set(times);
    if (suspension_.paused())
        send_error(reply, 409, "the sandbox is paused");
    else
        reply.send(204, {}, {});
}

void Api::pause(const std::string& body, Reply& reply, const std::weak_ptr<Exchange>& exchange) {
    suspension_.pause(bool_field(parse_object(body), "memory", true), [&reply, exchange](bool success) {
        if (!exchange.lock()) return;
        if (success)
            reply.send(204, {}, {});
        else
            send_error(reply, 500, "the processes of the sandbox cannot be stopped");
    });
}

void Api::resume(const std::string& body, Reply& reply) {
    const Json message = parse_object(body);
    suspension_.resume(deadline_field(message), bool_field(message, "memory", true));
    reply.send(204, {}, {});
}

void Api::report_state(Reply& reply) const {
    const Json state = {{"paused", suspension_.paused()}, {"deadline", suspension_.times().deadline}};
    send_json(reply, 200, to_text(state));
}

std::shared_ptr<Exchange> Api::route_rpc(const RequestHead& head, Reply& reply) {
    if (head.method != "POST") {
        send_error(reply, 405, "calls are made by POST");
        return nullptr;
    }
    if (const auto user = basic_user(head); user && !is_known_user(*user)) {
        const Json error = {{"code", "unauthenticated"}, {"message", "invalid username: '" + *user + "'"}};
        send_json(reply, 401, to_text(error));
        return nullptr;
    }
    const std::string_view path = head.path;
    const bool is_process = path.substr(0, k_process.size()) == k_process;
    const std::string_view method = path.substr(is_process ? k_process.size() : k_filesystem.size());
    return is_process ? process_call(method, loop_, processes_, head, reply) : filesystem_.call(method, head, reply);
}

std::shared_ptr<Exchange> Api::report_metrics(Reply& reply) {
    return std::make_shared<BufferedExchange>(
        reply, k_body_limit, [this, &reply](const std::string& /*body*/, const std::weak_ptr<Exchange>& exchange) {
            watcher_.measure_disk([this, &reply, exchange](const DiskUsage& disk) {
                if (exchange.lock()) send_json(reply, 200, to_text(metrics_.snapshot(settings_, disk)));
            });
        });
}

std::shared_ptr<Exchange> Api::route_plain(const RequestHead& head, Reply& reply) {
    const bool reads = head.method == "GET" || head.method == "HEAD";
    if (head.path == "/envs" && reads) {
        send_json(reply, 200, to_text(settings_.environment));
        return nullptr;
    }
    if (head.path == "/files" && reads) return download(head, reply);
    if (head.path == "/files" && head.method == "POST") {
        return upload(head, reply, [this](std::int64_t bytes) { return watcher_.take_disk(bytes); });
    }
    if (head.path == "/files/compose" && head.method == "POST") return compose(loop_, reply);
    if (head.path == "/metrics" && reads) return report_metrics(reply);
    send_error(reply, 404, "no such path");
    return nullptr;
}

}  // namespace spawnai::engine::agent
