#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
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
    std::optional<std::chrono::seconds> ttl;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.option("--ttl", options.ttl, "how long it lives from now on; default: its full lifetime again");
    arguments.flag("--json", options.json, "print an object instead of the URL");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    const pipeline::Resumed resumed =
        pipeline::resume(context.site(session.provider).surroundings(), session.id, options.ttl, context.stop());
    const WallTime now = context.clock().now();
    Terminal& terminal = context.terminal();
    if (options.json) {
        Json entry = session_json(resumed.session, now);
        entry["cost"] = json_money(present_cost(resumed.session, context, now));
        terminal.result(dump_json(Json{{"schemaVersion", k_schema_version},
                                       {"session", std::move(entry)},
                                       {"wasPaused", resumed.was_paused},
                                       {"additionalCost", json_money(resumed.additional)}}) +
                        "\n");
        return 0;
    }
    if (!resumed.session.app_url.empty()) terminal.result(resumed.session.app_url + "\n");
    if (!resumed.was_paused) {
        terminal.say(fmt::format("note: {} was not paused", resumed.session.name));
        return 0;
    }
    const WallTime end = resumed.session.expires_at.value_or(now);
    terminal.say(fmt::format("{} runs again and expires {} (in {}), additional cost at most {}", resumed.session.name,
                             local_time(end, now), remaining_text(resumed.session, now), resumed.additional.display()));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_resume() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
