#include "../arguments.hpp"
#include "../checkup.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../plural.hpp"
#include "factories.hpp"

#include <spawnai/claude/settings.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/subprocess.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <functional>

namespace spawnai::cli {

namespace {

struct Options {
    bool offline = false;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.flag("--offline", options.offline, "do not try to reach the APIs");
    arguments.flag("--json", options.json, "as an object");
}

class Examination {
 public:
    explicit Examination(Context& context) : context_(context) {}

    /// A failure of `look` is a bad result.
    void look(const std::string& name, const std::function<Check()>& look) {
        Check check;
        try {
            check = look();
        } catch (const Error& error) {
            context_.check_interrupt();
            check = bad(error);
        }
        check.name = name;
        checks_.push_back(std::move(check));
    }
    void add(const std::vector<Check>& checks) { checks_.insert(checks_.end(), checks.begin(), checks.end()); }
    [[nodiscard]] const std::vector<Check>& checks() const noexcept { return checks_; }

 private:
    Context& context_;
    std::vector<Check> checks_;
};

Check key_check(Context& context, const std::vector<std::string>& variables, const std::string& without) {
    for (const std::string& variable : variables)
        if (context.environment().get(variable)) return good(variable + " is set in the environment");
    for (const std::string& variable : variables)
        if (context.keys().get(variable)) return good(variable + " is in " + context.paths().keys_file.string());
    return absent(without, variables.front() == "E2B_API_KEY" ? "to use E2B's cloud: spawnai keys set e2b"
                                                              : "to have apps written: spawnai keys set claude");
}

Check store_check(Context& context) {
    const auto file = context.paths().store_file;
    if (!std::filesystem::exists(file)) return good("there is none yet; it will be " + file.string());
    const std::vector<std::string> complaints = context.store().check();
    if (!complaints.empty())
        return {.name = {},
                .health = Health::bad,
                .message = file.string() + " is damaged: " + complaints.front(),
                .remedy = "keep a copy of it, then recover what can be: sqlite3 " + file.string() +
                          " .recover | sqlite3 recovered.db",
                .code = exit_code(ErrorKind::usage).code};
    return good(fmt::format("{}, schema {}, {}", file.string(), context.store().schema_version(),
                            counted(context.store().count({}), "session")));
}

// Programs that apps and the sandbox need. `version` is an argument that makes the program print one.
Check program_check(Context& context, const std::string& program, const std::string& what_for,
                    const std::string& remedy) {
    const auto path = find_program(program, context.environment().get_or("PATH", "/usr/local/bin:/usr/bin:/bin"));
    if (!path) return absent("not found; " + what_for, remedy);
    SubprocessRequest request;
    request.argv = {path->string(), "--version"};
    request.environment = {"PATH=" + context.environment().get_or("PATH", "/usr/local/bin:/usr/bin:/bin"),
                           "HOME=/nonexistent"};
    request.timeout = std::chrono::seconds(10);
    const SubprocessResult result = run_subprocess(request, context.stop());
    const std::string version = one_line(trim(result.output), 60);
    return good(version.empty() ? path->string() : version + " (" + path->string() + ")");
}

void examine(const Options& options, Context& context, Examination& examination) {
    examination.look("version", [] { return good(std::string("spawnai ") + SPAWNAI_VERSION); });
    examination.look("configuration", [&] {
        (void)context.config();
        return good(std::filesystem::exists(context.paths().config_file) ? context.paths().config_file.string()
                                                                         : "defaults");
    });
    examination.look("keys file", [&] {
        const std::size_t count = context.keys().names().size();
        return good(count == 0 ? "none" : fmt::format("{} holds {}", context.paths().keys_file.string(), count));
    });
    examination.look("model key", [&] {
        if (claude::model_available(context.environment(), context.keys()) &&
            !context.environment().get("CLAUDE_API_KEY") && !context.environment().get("ANTHROPIC_API_KEY") &&
            !context.environment().get("ANTHROPIC_AUTH_TOKEN") && context.keys().names().empty())
            return good("not needed by " +
                        claude::resolve_model_settings(context.environment(), context.keys(), {}).base_url);
        return key_check(context, {"CLAUDE_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"},
                         "none, so only built-in starters can be spawned");
    });
    examination.look("E2B key",
                     [&] { return key_check(context, {"E2B_API_KEY"}, "none, so apps run on this machine"); });
    examination.add(network_settings(context.environment()));
    if (!options.offline) examination.add(remote_checks(context));
    examination.look("store", [&] { return store_check(context); });
    examination.look("local sandboxes", [&] {
        engine::check_isolation(context.engine_options());
        return good("work, isolation strict");
    });
    examination.look("engine", [&] {
        const engine::EngineStatus status =
            engine::engine_status(engine::state_location(context.paths(), context.environment(), ::geteuid()));
        return good(status.running
                        ? fmt::format("running on port {}, live sandboxes: {}", status.port, status.live_sandboxes)
                        : "not running; it starts when it is needed");
    });
    examination.look("bubblewrap", [&] {
        return program_check(context, "bwrap", "local sandboxes need it", "sudo apt install bubblewrap");
    });
    examination.look("node", [&] {
        return program_check(context, "node", "apps of type api and script may need it", "sudo apt install nodejs");
    });
    examination.look("npm", [&] {
        return program_check(context, "npm", "apps with npm dependencies need it", "sudo apt install npm");
    });
    examination.look("python3", [&] {
        return program_check(context, "python3", "apps in Python need it", "sudo apt install python3");
    });
}

int run(const Options& options, Context& context) {
    (void)context.stop();
    Examination examination(context);
    examine(options, context, examination);
    context.check_interrupt();

    int code = 0;
    std::string text;
    Json list = Json::array();
    Terminal& terminal = context.terminal();
    for (const Check& check : examination.checks()) {
        if (check.health == Health::bad && code == 0) code = check.code;
        const std::string_view word = check.health == Health::good     ? "ok"
                                      : check.health == Health::absent ? "-"
                                                                       : "bad";
        const Style style = check.health == Health::good     ? Style::green
                            : check.health == Health::absent ? Style::dim
                                                             : Style::red;
        text += fmt::format("{}{:<17}{}\n", terminal.out_styled(style, fmt::format("{:<4}", word)), check.name,
                            sanitize_for_terminal(check.message));
        for (const std::string_view line : split_lines(check.remedy))
            text += fmt::format("{:<21}{}\n", "", sanitize_for_terminal(line));
        list.push_back(Json{{"name", check.name},
                            {"status", check.health == Health::good     ? "ok"
                                       : check.health == Health::absent ? "absent"
                                                                        : "bad"},
                            {"message", check.message},
                            {"remedy", json_text(check.remedy)}});
    }
    if (options.json) {
        terminal.result(
            dump_json(Json{{"schemaVersion", k_schema_version}, {"healthy", code == 0}, {"checks", std::move(list)}}) +
            "\n");
    } else {
        terminal.result(text);
    }
    return code;
}

}  // namespace

std::unique_ptr<Command> make_doctor() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
