#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
#include "../session_view.hpp"
#include "../site.hpp"
#include "factories.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    std::string by;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.required("DURATION", options.by, "how much longer: 90s, 30m, 2h");
    arguments.flag("--json", options.json, "as an object");
}

int run(const Options& options, Context& context) {
    const std::chrono::seconds by = parse_duration(options.by);
    const store::Session session = context.resolve(options.id);
    const pipeline::Extended extended =
        pipeline::extend(context.site(session.provider).surroundings(), session.id, by, context.stop());
    const WallTime now = context.clock().now();
    Terminal& terminal = context.terminal();
    if (options.json) {
        Json entry = session_json(extended.session, now);
        entry["cost"] = json_money(present_cost(extended.session, context, now));
        terminal.result(dump_json(Json{{"schemaVersion", k_schema_version},
                                       {"session", std::move(entry)},
                                       {"additionalCost", json_money(extended.additional)}}) +
                        "\n");
        return 0;
    }
    const WallTime end = extended.session.expires_at.value_or(now);
    terminal.result(format_rfc3339(end) + "\n");
    terminal.say(fmt::format("{} expires {} (in {}), additional cost at most {}", extended.session.name,
                             local_time(end, now), remaining_text(extended.session, now),
                             extended.additional.display()));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_extend() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
