#include "engine/agent/process_service.hpp"

#include "engine/agent/rpc.hpp"
#include "engine/agent/user.hpp"

#include <signal.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>

namespace spawnai::engine::agent {
namespace {

std::shared_ptr<Process> select(const ProcessTable& table, const Json& request) {
    const Json* selector = find_field(request, "process");
    if (selector == nullptr) throw RpcError("invalid_argument", "no process is named");
    std::shared_ptr<Process> process;
    std::string name;
    if (const std::string tag = string_field(*selector, "tag"); !tag.empty()) {
        process = table.find(tag);
        name = "tag " + tag;
    } else {
        const std::int64_t pid = integer_field(*selector, "pid");
        process = table.find(static_cast<pid_t>(pid));
        name = "pid " + std::to_string(pid);
    }
    if (!process) throw RpcError("not_found", "process with " + name + " not found");
    return process;
}

/// For calls that act on it: one that has ended is only remembered for Connect.
std::shared_ptr<Process> select_living(const ProcessTable& table, const Json& request) {
    std::shared_ptr<Process> process = select(table, request);
    if (process->ending()) {
        throw RpcError("not_found", "process with pid " + std::to_string(process->pid()) + " not found");
    }
    return process;
}

std::optional<TerminalSize> terminal_field(const Json& request) {
    const Json* pty = find_field(request, "pty");
    if (pty == nullptr) return std::nullopt;
    TerminalSize size;
    if (const Json* given = find_field(*pty, "size")) {
        const auto cells = [](std::int64_t value) {
            return static_cast<std::uint16_t>(std::clamp<std::int64_t>(value, 0, 65535));
        };
        size.columns = cells(integer_field(*given, "cols"));
        size.rows = cells(integer_field(*given, "rows"));
    }
    return size;
}

bool has_zero_byte(const std::string& text) {
    return text.find('\0') != std::string::npos;
}

ProcessConfig config_field(const Json& request) {
    const Json* process = find_field(request, "process");
    if (process == nullptr) throw RpcError("invalid_argument", "no process is given");
    ProcessConfig config;
    config.command = string_field(*process, "cmd");
    if (config.command.empty()) throw RpcError("invalid_argument", "no command is given");
    if (const Json* arguments = find_field(*process, "args")) {
        if (!arguments->is_array()) throw RpcError("invalid_argument", "field args is not a list");
        for (const Json& argument : *arguments) {
            if (!argument.is_string()) throw RpcError("invalid_argument", "an argument is not a string");
            config.arguments.push_back(argument.get<std::string>());
        }
    }
    if (const Json* environment = find_field(*process, "envs")) {
        if (!environment->is_object()) throw RpcError("invalid_argument", "field envs is not an object");
        for (const auto& [name, value] : environment->items()) {
            if (!value.is_string() || name.empty() || name.find('=') != std::string::npos) {
                throw RpcError("invalid_argument", "malformed environment variable");
            }
            config.environment[name] = value.get<std::string>();
        }
    }
    const auto& environment = config.environment;
    if (has_zero_byte(config.command) || std::any_of(config.arguments.begin(), config.arguments.end(), has_zero_byte) ||
        std::any_of(environment.begin(), environment.end(),
                    [](const auto& entry) { return has_zero_byte(entry.first) || has_zero_byte(entry.second); })) {
        throw RpcError("invalid_argument", "a command cannot hold a zero byte");
    }
    const auto directory = resolve_path(string_field(*process, "cwd"));
    struct stat status {};
    if (!directory || ::stat(directory->c_str(), &status) != 0 || !S_ISDIR(status.st_mode)) {
        throw RpcError("invalid_argument",
                       "cwd '" + directory.value_or(string_field(*process, "cwd")) + "' does not exist");
    }
    config.working_directory = *directory;
    if (find_field(request, "tag") != nullptr) config.tag = string_field(request, "tag");
    config.open_input = bool_field(request, "stdin", true);
    return config;
}

Json event(Json content) {
    return {{"event", std::move(content)}};
}

Json end_json(const Ending& ending) {
    // Zero values are left out, as in every message of protobuf's JSON form.
    Json end = {{"status", ending.status}};
    if (ending.exit_code != 0) {
        end["exitCode"] = ending.exit_code;
        end["error"] = ending.status;
    }
    if (ending.exited) end["exited"] = true;
    return event({{"end", std::move(end)}});
}

/// Follows one process: the common half of Start and Connect.
class FollowCall : public StreamCall, public Subscriber {
 public:
    FollowCall(Loop& loop, ProcessTable& table, const RequestHead& head, Reply& answer)
        : StreamCall(loop, head, answer), table_(table) {}
    ~FollowCall() override {
        if (process_) process_->detach(*this);
    }

    void output(Channel channel, std::string_view bytes) override {
        const char* name = channel == Channel::output ? "stdout" : channel == Channel::error ? "stderr" : "pty";
        // The bulk of all traffic: base64 needs no escapes, so no JSON tree is built for it.
        send_text(std::string(R"({"event":{"data":{")") + name + "\":\"" + base64_encode(bytes) + "\"}}}");
    }
    void ended(const Ending& ending) override {
        send(end_json(ending));
        end();
    }
    [[nodiscard]] bool congested() const override { return reply().backlog() >= Reply::k_congestion; }
    void drained() override {
        if (process_) process_->resume();
    }

 protected:
    void messages_complete() override {
        if (!process_) throw RpcError("invalid_argument", "the request holds no message");
    }
    [[nodiscard]] Json keepalive() const override { return event({{"keepalive", Json::object()}}); }

    void follow(std::shared_ptr<Process> process) {
        process_ = std::move(process);
        send(event({{"start", {{"pid", process_->pid()}}}}));
        if (process_->ending()) {
            ended(*process_->ending());
        } else {
            process_->attach(*this);
        }
    }
    [[nodiscard]] bool following() const noexcept { return process_ != nullptr; }
    [[nodiscard]] ProcessTable& table() noexcept { return table_; }

 private:
    ProcessTable& table_;
    std::shared_ptr<Process> process_;
};

class StartCall : public FollowCall {
 public:
    using FollowCall::FollowCall;

 protected:
    void message(const Json& request) override {
        if (following()) return;
        const std::shared_ptr<Process> process = table().start(config_field(request), terminal_field(request));
        // The limit is the process's, not the stream's: it holds when the client has gone.
        if (timeout()) process->kill_after(*timeout());
        follow(process);
    }
};

class ConnectCall : public FollowCall {
 public:
    using FollowCall::FollowCall;

 protected:
    void message(const Json& request) override {
        if (!following()) follow(select(table(), request));
    }
};

/// What is to be written, from {"input":{"stdin"|"pty"}}.
std::string input_field(const Json& message, const Process& process) {
    const Json* input = find_field(message, "input");
    const auto plain = input == nullptr ? std::nullopt : bytes_field(*input, "stdin");
    const auto terminal = input == nullptr ? std::nullopt : bytes_field(*input, "pty");
    if (!plain && !terminal) throw RpcError("invalid_argument", "no input is given");
    if (plain && process.has_terminal()) throw RpcError("internal", "the process has a terminal, stdin is not open");
    if (terminal && !process.has_terminal()) throw RpcError("internal", "the process has no terminal");
    return plain ? *plain : *terminal;
}

/// Input as a stream: at most one message waits for the process to read.
class StreamInputCall : public StreamCall {
 public:
    StreamInputCall(Loop& loop, ProcessTable& table, const RequestHead& head, Reply& answer)
        : StreamCall(loop, head, answer), table_(table) {}

 protected:
    void message(const Json& request) override {
        if (const Json* start = find_field(request, "start")) {
            process_ = select_living(table_, *start);
            return;
        }
        const Json* data = find_field(request, "data");
        if (data == nullptr) return;
        if (!process_) throw RpcError("invalid_argument", "the first message names the process");
        reply().pause_body();
        ++waiting_;
        process_->write_input(input_field(*data, *process_), [weak = weak_from_this(), this](const std::string& error) {
            const auto keep = weak.lock();
            if (keep) written(error);
        });
    }
    void messages_complete() override {
        complete_ = true;
        finish_when_written();
    }
    [[nodiscard]] Json keepalive() const override { return Json::object(); }

 private:
    void written(const std::string& error) {
        --waiting_;
        if (!error.empty()) {
            const RpcError failure("internal", error);
            end(&failure);
        }
        if (waiting_ > 0) return;
        reply().resume_body();
        if (complete_) finish_when_written();
    }
    void finish_when_written() {
        if (waiting_ > 0 || ended()) return;
        send(Json::object());
        end();
    }

    ProcessTable& table_;
    std::shared_ptr<Process> process_;
    int waiting_ = 0;
    bool complete_ = false;
};

Json process_json(const Process& process) {
    const ProcessConfig& config = process.config();
    Json shown = {{"cmd", config.command}};
    if (!config.arguments.empty()) shown["args"] = config.arguments;
    if (!config.environment.empty()) shown["envs"] = config.environment;
    if (config.working_directory) shown["cwd"] = *config.working_directory;
    Json result = {{"config", std::move(shown)}, {"pid", process.pid()}};
    if (config.tag) result["tag"] = *config.tag;
    return result;
}

void list(ProcessTable& table, const Json& /*request*/, const UnaryReply& reply) {
    Json processes = Json::array();
    for (const auto& process : table.living()) processes.push_back(process_json(*process));
    Json answer = Json::object();
    if (!processes.empty()) answer["processes"] = std::move(processes);
    reply.ok(answer);
}

void send_input(ProcessTable& table, const Json& request, const UnaryReply& reply) {
    const std::shared_ptr<Process> process = select_living(table, request);
    std::string bytes = input_field(request, *process);
    // Whoever writes without waiting for answers to a process that does not read is stopped here.
    if (process->input_backlog() > k_message_limit) {
        throw RpcError("resource_exhausted", "the process does not read its input");
    }
    process->write_input(std::move(bytes), [reply](const std::string& error) {
        if (error.empty()) {
            reply.ok(Json::object());
        } else {
            reply.fail(RpcError("internal", error));
        }
    });
}

void close_stdin(ProcessTable& table, const Json& request, const UnaryReply& reply) {
    const std::shared_ptr<Process> process = select_living(table, request);
    if (process->has_terminal()) throw RpcError("unknown", "the process has a terminal: send Ctrl-D (0x04) instead");
    process->close_input();
    reply.ok(Json::object());
}

void send_signal(ProcessTable& table, const Json& request, const UnaryReply& reply) {
    const std::shared_ptr<Process> process = select_living(table, request);
    const Json* given = find_field(request, "signal");
    int number = 0;
    if (given != nullptr && given->is_string()) {
        const auto& name = given->get_ref<const std::string&>();
        if (name == "SIGNAL_SIGKILL") number = SIGKILL;
        if (name == "SIGNAL_SIGTERM") number = SIGTERM;
    } else if (given != nullptr) {
        number = static_cast<int>(integer_field(request, "signal"));
    }
    if (number != SIGKILL && number != SIGTERM) throw RpcError("unimplemented", "only SIGTERM and SIGKILL can be sent");
    process->signal(number);
    reply.ok(Json::object());
}

void update(ProcessTable& table, const Json& request, const UnaryReply& reply) {
    const std::shared_ptr<Process> process = select_living(table, request);
    if (const auto size = terminal_field(request)) {
        if (!process->has_terminal()) throw RpcError("internal", "the process has no terminal");
        process->resize(*size);
    }
    reply.ok(Json::object());
}

struct UnaryMethod {
    std::string_view name;
    void (*handler)(ProcessTable&, const Json&, const UnaryReply&);
};
constexpr std::array<UnaryMethod, 5> k_unary_methods{{{"List", list},
                                                      {"SendInput", send_input},
                                                      {"CloseStdin", close_stdin},
                                                      {"SendSignal", send_signal},
                                                      {"Update", update}}};

}  // namespace

std::shared_ptr<Exchange> process_call(std::string_view method, Loop& loop, ProcessTable& table,
                                       const RequestHead& head, Reply& reply) {
    for (const UnaryMethod& each : k_unary_methods) {
        if (each.name != method) continue;
        return unary_call(head, reply, [&table, handler = each.handler](const Json& request, const UnaryReply& answer) {
            handler(table, request, answer);
        });
    }
    if (method != "Start" && method != "Connect" && method != "StreamInput") {
        send_error(reply, 404, "no such method");
        return nullptr;
    }
    if (!is_stream_request(head, reply)) return nullptr;
    if (method == "Start") return std::make_shared<StartCall>(loop, table, head, reply);
    if (method == "Connect") return std::make_shared<ConnectCall>(loop, table, head, reply);
    return std::make_shared<StreamInputCall>(loop, table, head, reply);
}

}  // namespace spawnai::engine::agent
