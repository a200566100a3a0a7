#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../table.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/keys.hpp>
#include <spawnai/core/text.hpp>

#include <array>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_longest_key = 4096;
constexpr std::array k_key_variables{"CLAUDE_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN", "E2B_API_KEY"};

std::string canonical(const std::string& name) {
    const auto found = Keys::canonical_name(name);
    if (!found)
        throw Error(ErrorKind::usage, "'" + one_line(name, 40) + "' is not the name of a key",
                    "use 'claude' or 'e2b', or a variable: CLAUDE_API_KEY, ANTHROPIC_API_KEY, ANTHROPIC_AUTH_TOKEN, "
                    "E2B_API_KEY");
    return *found;
}

struct SetOptions {
    std::string name;
    std::vector<std::string> surplus;
};

void configure_set(Arguments& arguments, SetOptions& options) {
    arguments.required("NAME", options.name, "claude, e2b, or the variable that it stands for");
    arguments.surplus(options.surplus);
}

int run_set(const SetOptions& options, Context& context) {
    const std::string name = canonical(options.name);
    if (!options.surplus.empty())
        throw Error(ErrorKind::usage, "a key is not given on the command line, where others can see it",
                    "type 'spawnai keys set " + options.name + "' and paste it, or feed it: spawnai keys set " +
                        options.name +
                        " < FILE\nthat key was visible in the process list and maybe in your shell's history: consider "
                        "a new one");
    Terminal& terminal = context.terminal();
    const Secret value(terminal.in_is_tty() ? terminal.ask(name + ": ", true)
                                            : std::string(trim(terminal.read_input(k_longest_key))));
    if (value.empty()) throw Error(ErrorKind::usage, "no key was given", "nothing was changed");
    const bool replaced = Keys::set(context.paths().keys_file, name, value);
    terminal.say((replaced ? "replaced " : "stored ") + name + " in " + context.paths().keys_file.string());
    if (context.environment().get(name)) terminal.say("note: the variable " + name + " is set and comes first");
    return 0;
}

struct ListOptions {
    bool json = false;
};

void configure_list(Arguments& arguments, ListOptions& options) {
    arguments.flag("--json", options.json, "as an object");
}

int run_list(const ListOptions& options, Context& context) {
    Table table({{"NAME"}, {"ORIGIN"}});
    Json list = Json::array();
    const auto add = [&](const std::string& name, const std::string& origin) {
        table.add({{name}, {origin}});
        list.push_back(Json{{"name", name}, {"origin", origin}});
    };
    for (const char* const name : k_key_variables)
        if (context.environment().get(name)) add(name, "environment");
    for (const std::string& name : context.keys().names()) add(name, context.paths().keys_file.string());
    if (options.json) {
        context.terminal().result(dump_json(Json{{"schemaVersion", k_schema_version}, {"keys", std::move(list)}}) +
                                  "\n");
    } else if (table.empty()) {
        context.terminal().say("no keys are known; set one with: spawnai keys set claude");
    } else {
        context.terminal().result(table.render(context.terminal()));
    }
    return 0;
}

struct RemoveOptions {
    std::string name;
};

void configure_remove(Arguments& arguments, RemoveOptions& options) {
    arguments.required("NAME", options.name, "claude, e2b, or the variable that it stands for");
}

int run_remove(const RemoveOptions& options, Context& context) {
    const std::string name = canonical(options.name);
    if (!context.keys().get(name))
        throw Error(ErrorKind::not_found, name + " is not in " + context.paths().keys_file.string(),
                    "see 'spawnai keys list'");
    (void)Keys::set(context.paths().keys_file, name, Secret());
    context.terminal().say("removed " + name);
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_keys_set() {
    return bind_command<SetOptions>(&configure_set, &run_set);
}
std::unique_ptr<Command> make_keys_list() {
    return bind_command<ListOptions>(&configure_list, &run_list);
}
std::unique_ptr<Command> make_keys_rm() {
    return bind_command<RemoveOptions>(&configure_remove, &run_remove);
}

}  // namespace spawnai::cli
