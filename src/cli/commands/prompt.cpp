#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "factories.hpp"

#include <spawnai/claude/prompts.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/json.hpp>

#include <string>

namespace spawnai::cli {

namespace {

struct Options {
    std::string type;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("TYPE", options.type, "type of app", {"webapp", "api", "script"});
    arguments.flag("--json", options.json, "with the version, as an object");
}

int run(const Options& options, Context& context) {
    const AppType type = *parse_app_type(options.type);
    const std::string text = claude::describe_prompts(type);
    context.terminal().result(options.json ? dump_json(Json{{"schemaVersion", k_schema_version},
                                                            {"type", options.type},
                                                            {"version", claude::prompt_version(type)},
                                                            {"text", text}}) +
                                                 "\n"
                                           : text);
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_prompt_show() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
