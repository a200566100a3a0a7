#include "../arguments.hpp"
#include "../browser.hpp"
#include "../context.hpp"
#include "../spawn_run.hpp"
#include "factories.hpp"
#include "spawn.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/store/store.hpp>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    SpawnOptions spawn;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.option("--ttl", options.spawn.ttl, "how long it lives: 90s, 45m, 2h");
    arguments.choice("--provider", {"auto", "local", "e2b"}, options.spawn.provider, "where it runs");
    arguments.option("--template", "NAME", options.spawn.template_id, "sandbox template");
    arguments.flag("--internet", options.spawn.internet, "let the app reach the network");
    arguments.flag("--no-internet", options.spawn.no_internet, "keep the app off the network");
    arguments.option("-e,--env", "NAME=VALUE", options.spawn.environment,
                     "variable for the app; values are not kept in the store");
    arguments.option("--name", "NAME", options.spawn.name, "name of the new session");
    arguments.option("--tag", "TAG", options.spawn.tag, "tag to find it by; default: your login name");
    arguments.option("--max-cost", options.spawn.max_cost, "most that it may cost, in dollars");
    arguments.flag("--open", options.spawn.open, "open it in the browser when it is ready");
    arguments.flag("--json", options.spawn.json, "print an object instead of the URL");
    arguments.flag("--events", options.spawn.events, "print what happens as it happens, one object per line");
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    pipeline::SpawnRequest request =
        make_request(options.spawn, session.prompt, context.config(), context.environment());
    request.respawn_of = session.id;
    request.type = session.app_type;
    if (!options.spawn.ttl) request.ttl = session.ttl;
    if (!options.spawn.template_id && !session.template_id.empty()) request.template_id = session.template_id;
    if (!request.internet) request.internet = session.internet;
    const ModelChoice no_model{nullptr, session.model, "the app comes from the store"};
    Site& site =
        context.site(options.spawn.provider ? context.choose_provider(options.spawn.provider) : session.provider);
    const pipeline::SpawnResult result =
        run_spawn(request, site, no_model, {.json = options.spawn.json, .events = options.spawn.events}, context);
    if (options.spawn.open && !open_in_browser(result.url, context.environment()))
        context.terminal().say("note: there is no browser here to open it with");
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_respawn() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
