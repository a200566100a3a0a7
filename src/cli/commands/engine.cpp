#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../session_view.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/engine/engine.hpp>

#include <fmt/format.h>
#include <unistd.h>

namespace spawnai::cli {

namespace {

engine::StateLocation location(Context& context) {
    return engine::state_location(context.paths(), context.environment(), ::geteuid());
}

struct StartOptions {
    bool json = false;
};

void configure_start(Arguments& arguments, StartOptions& options) {
    arguments.flag("--json", options.json, "as an object");
}

int run_start(const StartOptions& options, Context& context) {
    const std::stop_token stop = context.stop();
    const engine::EngineAddress address = engine::ensure_engine(context.engine_options(), stop);
    context.terminal().result(
        options.json
            ? dump_json(Json{{"schemaVersion", k_schema_version}, {"url", address.url}, {"domain", address.domain}}) +
                  "\n"
            : address.url + "\n");
    return 0;
}

struct StopOptions {
    bool kill = false;
};

void configure_stop(Arguments& arguments, StopOptions& options) {
    arguments.flag("--all", options.kill, "end its sandboxes too; otherwise they go on until their time is up");
}

int run_stop(const StopOptions& options, Context& context) {
    const bool was_running = engine::stop_engine(location(context), options.kill);
    context.terminal().say(was_running ? "the engine has ended" : "the engine was not running");
    return 0;
}

struct StatusOptions {
    bool json = false;
};

void configure_status(Arguments& arguments, StatusOptions& options) {
    arguments.flag("--json", options.json, "as an object");
}

int run_status(const StatusOptions& options, Context& context) {
    const engine::EngineStatus status = engine::engine_status(location(context));
    if (options.json) {
        context.terminal().result(
            dump_json(Json{
                {"schemaVersion", k_schema_version},
                {"running", status.running},
                {"pid", status.running ? Json(status.pid) : Json()},
                {"port", status.port > 0 ? Json(status.port) : Json()},
                {"liveSandboxes", status.live_sandboxes},
                {"maxSandboxes", status.max_sandboxes > 0 ? Json(status.max_sandboxes) : Json()},
                {"maxLifetimeSeconds", status.max_lifetime.count() > 0 ? Json(status.max_lifetime.count()) : Json()},
                {"isolation", json_text(status.isolation)},
                {"version", json_text(status.version)},
                {"stateDirectory", status.state_dir.string()}}) +
            "\n");
        return 0;
    }
    std::string text;
    const auto line = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{:<14}{}\n", name, value);
    };
    line("engine", status.running ? fmt::format("running, pid {}, version {}", status.pid, status.version)
                                  : "not running; it starts when it is needed");
    if (status.port > 0) line("port", std::to_string(status.port));
    line("sandboxes", status.max_sandboxes > 0 ? fmt::format("{} of {}", status.live_sandboxes, status.max_sandboxes)
                                               : std::to_string(status.live_sandboxes));
    if (!status.isolation.empty()) line("isolation", status.isolation);
    if (status.max_lifetime.count() > 0) line("max lifetime", rough_duration(status.max_lifetime));
    line("state", status.state_dir.string());
    context.terminal().result(text);
    return 0;
}

struct EnvOptions {
    bool json = false;
};

void configure_env(Arguments& arguments, EnvOptions& options) {
    arguments.flag("--json", options.json, "as an object");
}

int run_env(const EnvOptions& options, Context& context) {
    const std::stop_token stop = context.stop();
    const engine::EngineAddress address = engine::ensure_engine(context.engine_options(), stop);
    const std::pair<const char*, const std::string*> variables[] = {{"E2B_API_URL", &address.url},
                                                                    {"E2B_SANDBOX_URL", &address.url},
                                                                    {"E2B_DOMAIN", &address.domain},
                                                                    {"E2B_API_KEY", &address.api_key.reveal()}};
    std::string text;
    Json object{{"schemaVersion", k_schema_version}};
    for (const auto& [name, value] : variables) {
        text += fmt::format("export {}='{}'\n", name, *value);
        object[name] = *value;
    }
    context.terminal().result(options.json ? dump_json(object) + "\n" : text);
    return 0;
}

struct RunOptions {};

void configure_run(Arguments& /*arguments*/, RunOptions& /*options*/) {}

int run_run(const RunOptions& /*options*/, Context& /*context*/) {
    return engine::run_engine_role();
}

}  // namespace

std::unique_ptr<Command> make_engine_start() {
    return bind_command<StartOptions>(&configure_start, &run_start);
}
std::unique_ptr<Command> make_engine_stop() {
    return bind_command<StopOptions>(&configure_stop, &run_stop);
}
std::unique_ptr<Command> make_engine_status() {
    return bind_command<StatusOptions>(&configure_status, &run_status);
}
std::unique_ptr<Command> make_engine_env() {
    return bind_command<EnvOptions>(&configure_env, &run_env);
}
std::unique_ptr<Command> make_engine_run() {
    return bind_command<RunOptions>(&configure_run, &run_run);
}

}  // namespace spawnai::cli
