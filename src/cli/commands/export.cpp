#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../plural.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    std::string directory;
    std::optional<int> version;
    bool json = false;
};

constexpr int k_most_versions = 100000;

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.required("DIR", options.directory, "must be absent or empty");
    arguments.option("--number", "N", options.version, 1, k_most_versions, "version N instead of the deployed one");
    arguments.flag("--json", options.json, "list what was written as an object");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    const std::filesystem::path directory = std::filesystem::absolute(options.directory);
    const std::vector<std::string> paths =
        pipeline::export_app(context.store(), session.id, options.version.value_or(0), directory);
    if (options.json) {
        context.terminal().result(dump_json(Json{{"schemaVersion", k_schema_version},
                                                 {"session", session.id.str()},
                                                 {"directory", directory.string()},
                                                 {"files", paths}}) +
                                  "\n");
        return 0;
    }
    context.terminal().result(directory.string() + "\n");
    context.terminal().say(
        fmt::format("{} of {}", counted(static_cast<std::int64_t>(paths.size()), "file"), session.name));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_export() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
