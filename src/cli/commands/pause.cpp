#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../session_view.hpp"
#include "../site.hpp"
#include "factories.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.flag("--json", options.json, "as an object");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    const pipeline::Paused paused =
        pipeline::pause(context.site(session.provider).surroundings(), session.id, context.stop());
    const WallTime now = context.clock().now();
    Terminal& terminal = context.terminal();
    if (options.json) {
        terminal.result(dump_json(Json{{"schemaVersion", k_schema_version},
                                       {"session", session_json(paused.session, now)},
                                       {"wasRunning", paused.was_running}}) +
                        "\n");
        return 0;
    }
    if (!paused.was_running) {
        terminal.say(fmt::format("note: {} was paused already", paused.session.name));
        return 0;
    }
    const auto end = kept_until(paused.session);
    terminal.say(fmt::format("paused {}, it cost {} so far{}; to go on: spawnai resume {}", paused.session.name,
                             paused.session.actual_cost.display(),
                             end ? ", it is kept until " + local_time(*end, now) : std::string(), paused.session.name));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_pause() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
