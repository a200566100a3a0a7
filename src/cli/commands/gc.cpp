#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../site.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

#include <set>

namespace spawnai::cli {

namespace {

struct Options {
    std::optional<std::string> provider;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.choice("--provider", {"local", "e2b"}, options.provider,
                     "look there only; otherwise wherever this store has been");
    arguments.flag("--json", options.json, "as an object");
}

std::set<std::string> providers(const Options& options, Context& context) {
    if (options.provider) return {*options.provider};
    std::set<std::string> found;
    for (const char* const provider : {"local", "e2b"}) {
        store::SessionQuery query;
        query.provider = provider;
        query.limit = 1;
        if (!context.store().list(query).empty()) found.insert(provider);
    }
    return found;
}

int run(const Options& options, Context& context) {
    const std::stop_token stop = context.stop();
    Terminal& terminal = context.terminal();
    Json changes = Json::array();
    Json orphans = Json::array();
    Json problems = Json::array();
    std::string text;
    int code = 0;
    const std::set<std::string> asked = providers(options, context);
    for (const std::string& provider : asked) {
        pipeline::Reconciled found;
        try {
            found = pipeline::reconcile(context.site(provider).surroundings(), pipeline::Look::full, stop);
        } catch (const Error& error) {
            if (asked.size() == 1) throw;
            // It must not keep the others from being looked at.
            found.problems.emplace_back(error.what());
            if (code == 0) code = exit_code(error.kind()).code;
        }
        for (const auto& change : found.changes) {
            const store::Session session = context.store().get(change.session);
            text += fmt::format("{}: {} -> {}{}\n", session.name, to_string(change.before), to_string(change.after),
                                change.message.empty() ? "" : ", " + one_line(change.message, 200));
            changes.push_back(Json{{"session", change.session.str()},
                                   {"name", session.name},
                                   {"before", to_string(change.before)},
                                   {"after", to_string(change.after)},
                                   {"message", change.message}});
        }
        for (const SandboxId& id : found.orphans_ended) {
            text += fmt::format("ended the orphaned sandbox {} at {}\n", id.str(), provider);
            orphans.push_back(Json{{"provider", provider}, {"sandboxId", id.str()}});
        }
        for (const std::string& problem : found.problems) {
            terminal.say("warning: " + sanitize_for_terminal(redact(problem)));
            problems.push_back(redact(problem));
        }
    }
    context.check_interrupt();
    if (!problems.empty() && code == 0) code = exit_code(ErrorKind::unavailable).code;
    if (options.json) {
        terminal.result(dump_json(Json{{"schemaVersion", k_schema_version},
                                       {"changes", std::move(changes)},
                                       {"orphansEnded", std::move(orphans)},
                                       {"problems", std::move(problems)}}) +
                        "\n");
    } else if (!text.empty()) {
        terminal.result(text);
    } else if (code == 0) {
        terminal.say("nothing was left over");
    }
    return code;
}

}  // namespace

std::unique_ptr<Command> make_gc() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
