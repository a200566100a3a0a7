#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../suggest.hpp"
#include "../table.hpp"
#include "factories.hpp"

#include <spawnai/core/config.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>

namespace spawnai::cli {

namespace {

const SettingSpec& spec_of(const std::string& name) {
    std::vector<std::string> known;
    for (const SettingSpec& spec : setting_specs()) {
        if (spec.name == name) return spec;
        known.emplace_back(spec.name);
    }
    const auto near = closest(name, known);
    throw Error(ErrorKind::usage, "there is no setting '" + name + "'",
                near ? "did you mean '" + *near + "'?" : "see 'spawnai config list'");
}

std::string origin_text(const Setting& setting, const SettingSpec& spec, const Paths& paths) {
    switch (setting.origin) {
        case Origin::built_in:
            return "default";
        case Origin::file:
            return paths.config_file.string();
        case Origin::environment:
            return std::string(spec.environment);
        case Origin::flag:
            return "flag";
    }
    return {};
}

Json setting_json(const Setting& setting, const SettingSpec& spec, const Paths& paths) {
    return Json{{"name", spec.name},
                {"value", setting.value},
                {"origin", to_string(setting.origin)},
                {"source", origin_text(setting, spec, paths)},
                {"default", spec.default_value},
                {"environment", json_text(std::string(spec.environment))},
                {"meaning", spec.meaning}};
}

struct GetOptions {
    std::string name;
    bool origin = false;
    bool json = false;
};

void configure_get(Arguments& arguments, GetOptions& options) {
    arguments.required("SETTING", options.name, "see 'spawnai config list'");
    arguments.flag("--show-origin", options.origin, "say after the value where it comes from");
    arguments.flag("--json", options.json, "as an object");
}

int run_get(const GetOptions& options, Context& context) {
    const SettingSpec& spec = spec_of(options.name);
    const Setting& setting = context.config().get(spec.name);
    if (options.json) {
        Json object = setting_json(setting, spec, context.paths());
        object["schemaVersion"] = k_schema_version;
        context.terminal().result(dump_json(object) + "\n");
    } else if (options.origin) {
        context.terminal().result(setting.value + "\t" + origin_text(setting, spec, context.paths()) + "\n");
    } else {
        context.terminal().result(setting.value + "\n");
    }
    return 0;
}

struct SetOptions {
    std::string name;
    std::optional<std::string> value;
    bool unset = false;
};

void configure_set(Arguments& arguments, SetOptions& options) {
    arguments.required("SETTING", options.name, "see 'spawnai config list'");
    arguments.optional("VALUE", options.value, "its new value");
    arguments.flag("--unset", options.unset, "remove it from config.json, back to the default");
}

int run_set(const SetOptions& options, Context& context) {
    const SettingSpec& spec = spec_of(options.name);
    if (options.unset == options.value.has_value())
        throw Error(ErrorKind::usage, "'config set' needs either VALUE or --unset",
                    "for example: spawnai config set provider local");
    Config::set(context.paths().config_file, spec.name, options.value);
    // A variable in the environment would hide what was just written.
    if (!spec.environment.empty() && context.environment().get(std::string(spec.environment)))
        context.terminal().say("note: " + std::string(spec.environment) + " is set and comes before config.json");
    return 0;
}

struct ListOptions {
    bool json = false;
};

void configure_list(Arguments& arguments, ListOptions& options) {
    arguments.flag("--json", options.json, "as an object");
}

int run_list(const ListOptions& options, Context& context) {
    Table table({{"SETTING"}, {"VALUE"}, {"ORIGIN"}, {"MEANING", false, true}});
    Json list = Json::array();
    for (const SettingSpec& spec : setting_specs()) {
        const Setting& setting = context.config().get(spec.name);
        const bool changed = setting.origin != Origin::built_in;
        table.add({{std::string(spec.name)},
                   {setting.value.empty() ? "-" : setting.value, changed ? Style::cyan : Style::plain},
                   {origin_text(setting, spec, context.paths())},
                   {std::string(spec.meaning), Style::dim}});
        list.push_back(setting_json(setting, spec, context.paths()));
    }
    context.terminal().result(
        options.json ? dump_json(Json{{"schemaVersion", k_schema_version}, {"settings", std::move(list)}}) + "\n"
                     : table.render(context.terminal()));
    return 0;
}

struct PathOptions {};

void configure_path(Arguments& /*arguments*/, PathOptions& /*options*/) {}

int run_path(const PathOptions& /*options*/, Context& context) {
    context.terminal().result(context.paths().config_file.string() + "\n");
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_config_get() {
    return bind_command<GetOptions>(&configure_get, &run_get);
}
std::unique_ptr<Command> make_config_set() {
    return bind_command<SetOptions>(&configure_set, &run_set);
}
std::unique_ptr<Command> make_config_list() {
    return bind_command<ListOptions>(&configure_list, &run_list);
}
std::unique_ptr<Command> make_config_path() {
    return bind_command<PathOptions>(&configure_path, &run_path);
}

}  // namespace spawnai::cli
