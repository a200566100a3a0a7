#include "../arguments.hpp"
#include "../context.hpp"
#include "../error_text.hpp"
#include "../json_shape.hpp"
#include "../plural.hpp"
#include "../session_view.hpp"
#include "../site.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::vector<std::string> ids;
    bool all = false;
    bool expired = false;
    std::optional<std::string> tag;
    bool yes = false;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.rest("ID", options.ids, false, "ids, their beginnings, names or @last");
    arguments.flag("--all", options.all, "every live session; asks first, or needs --yes");
    arguments.flag("--expired", options.expired, "those whose time is up");
    arguments.option("--tag", "TAG", options.tag, "those of this tag");
    arguments.flag("-y,--yes", options.yes, "do not ask");
    arguments.flag("--json", options.json, "as an object");
}

std::vector<store::Session> chosen_by_flags(const Options& options, Context& context) {
    // Whose time is up was perhaps extended, or paused, since somebody looked.
    if (options.expired) context.refresh_rows();
    store::SessionQuery query;
    for (const store::Status status : store::all_statuses())
        if (is_live(status)) query.statuses.push_back(status);
    query.user_tag = options.tag;
    if (options.expired) query.expires_before = context.clock().now();
    std::vector<store::Session> chosen = context.store().list(query);
    // What is paused, or is by now even if the provider could not be asked, has no time that could be up.
    if (options.expired)
        std::erase_if(chosen, [](const store::Session& session) {
            return session.status == store::Status::paused || session.on_timeout == "pause";
        });
    return chosen;
}

bool confirmed(const Options& options, std::size_t count, Terminal& terminal) {
    if (!options.all || options.yes || count == 0) return true;
    if (!terminal.in_is_tty() || !terminal.err_is_tty())
        throw Error(ErrorKind::usage, "'kill --all' needs --yes where nobody can be asked",
                    fmt::format("it would end {}; add --yes", counted(static_cast<std::int64_t>(count), "session")));
    const std::string answer =
        terminal.ask(fmt::format("end {}? [y/N] ", counted(static_cast<std::int64_t>(count), "live session")), false);
    return answer == "y" || answer == "Y" || answer == "yes";
}

pipeline::Killed kill_one(const std::string& reference, const std::optional<store::Session>& known, Context& context) {
    const store::Session session = known ? *known : context.resolve(reference);
    // What has ended needs no provider, not even one whose key is gone.
    if (!is_live(session.status)) return {session, false};
    return pipeline::kill(context.site(session.provider).surroundings(), session.id, context.stop());
}

void tell(const pipeline::Killed& killed, Terminal& terminal) {
    const store::Session& session = killed.session;
    if (killed.was_live) {
        terminal.say(fmt::format("ended {}, it cost {}", session.name, session.actual_cost.display()));
    } else {
        terminal.say(fmt::format("note: {} had ended already, it is {}", session.name, to_string(session.status)));
    }
}

int run(const Options& options, Context& context) {
    const bool by_flag = options.all || options.expired || options.tag;
    if (options.ids.empty() && !by_flag)
        throw Error(ErrorKind::usage, "'kill' needs an ID, or --all, --expired or --tag",
                    "see 'spawnai ls' for what is running");
    if (!options.ids.empty() && by_flag)
        throw Error(ErrorKind::usage, "'kill' takes either IDs or --all, --expired and --tag, not both");

    std::vector<std::pair<std::string, std::optional<store::Session>>> targets;
    for (const std::string& id : options.ids) targets.emplace_back(id, std::nullopt);
    if (by_flag)
        for (const store::Session& session : chosen_by_flags(options, context))
            targets.emplace_back(session.name, session);
    Terminal& terminal = context.terminal();
    if (!confirmed(options, targets.size(), terminal)) {
        terminal.say("nothing was ended");
        return 0;
    }

    std::optional<int> failed;
    Json list = Json::array();
    for (const auto& [reference, known] : targets) {
        Json entry{{"reference", reference}, {"session", Json()}, {"wasLive", Json()}, {"error", Json()}};
        try {
            const pipeline::Killed killed = kill_one(reference, known, context);
            entry["session"] = session_json(killed.session, context.clock().now());
            entry["wasLive"] = killed.was_live;
            if (!options.json) tell(killed, terminal);
        } catch (const Error& error) {
            context.check_interrupt();
            // A lone failure is the failure of the command; among others it must not keep them from being ended.
            if (targets.size() == 1) throw;
            const Failure failure = describe(error);
            entry["error"] = Json{{"code", failure.code}, {"kind", failure.kind}, {"message", failure.message}};
            if (!failed) failed = failure.code;
            terminal.insist(failure_text(failure, terminal));
        }
        list.push_back(std::move(entry));
    }
    if (options.json) {
        terminal.result(dump_json(Json{{"schemaVersion", k_schema_version}, {"killed", std::move(list)}}) + "\n");
    } else if (targets.empty()) {
        terminal.say("there was nothing to end");
    }
    return failed.value_or(0);
}

}  // namespace

std::unique_ptr<Command> make_kill() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
