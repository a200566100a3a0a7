#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
#include "../session_view.hpp"
#include "../table.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <chrono>

namespace spawnai::cli {

namespace {

struct Options {
    bool all = false;
    std::vector<std::string> statuses;
    std::optional<std::string> tag;
    std::optional<int> limit;
    bool ids = false;
    bool json = false;
    bool watch = false;
    bool no_headers = false;
};

constexpr int k_most_rows = 1000000;

void configure(Arguments& arguments, Options& options) {
    arguments.flag("-a,--all", options.all, "ended sessions too");
    arguments.option("--status", "STATUS", options.statuses,
                     "only this status: creating, generating, deploying, ready, paused, error, expired, stopped, lost");
    arguments.option("--tag", "TAG", options.tag, "only sessions of this tag");
    arguments.option("-n,--limit", "N", options.limit, 1, k_most_rows, "the N newest only");
    arguments.flag("-q,--ids", options.ids, "ids only, one on a line");
    arguments.flag("--json", options.json, "as an object");
    arguments.flag("-w,--watch", options.watch, "show again every second until Ctrl-C");
    arguments.flag("--no-headers", options.no_headers, "no line of column names");
}

std::vector<store::Status> wanted_statuses(const Options& options) {
    std::vector<store::Status> wanted;
    for (const std::string& text : options.statuses) {
        const auto status = store::parse_status(text);
        if (!status) {
            std::string known;
            for (const store::Status each : store::all_statuses())
                known += (known.empty() ? "" : ", ") + std::string(to_string(each));
            throw Error(ErrorKind::usage, "--status: there is no status '" + text + "'", "the statuses are " + known);
        }
        wanted.push_back(*status);
    }
    if (wanted.empty() && !options.all)
        for (const store::Status each : store::all_statuses())
            if (is_live(each)) wanted.push_back(each);
    return wanted;
}

std::string render(const Options& options, Context& context, const std::vector<store::Session>& sessions) {
    const WallTime now = context.clock().now();
    Terminal& terminal = context.terminal();
    if (options.json) {
        Json list = Json::array();
        for (const store::Session& session : sessions) {
            Json entry = session_json(session, now);
            entry["cost"] = json_money(present_cost(session, context, now));
            list.push_back(std::move(entry));
        }
        return dump_json(Json{{"schemaVersion", k_schema_version}, {"sessions", std::move(list)}}) + "\n";
    }
    std::string text;
    if (options.ids) {
        for (const store::Session& session : sessions) text += session.id.str() + "\n";
        return text;
    }
    Table table({{"ID"}, {"NAME", false, true}, {"TYPE"}, {"STATUS"}, {"EXPIRES", true}, {"COST", true}, {"URL"}});
    for (const store::Session& session : sessions)
        table.add({{short_id(session.id), Style::dim},
                   {session.name, Style::bold},
                   {std::string(to_string(session.app_type))},
                   {std::string(to_string(session.status)), style_of(session.status)},
                   {remaining_text(session, now)},
                   {present_cost(session, context, now).display()},
                   {is_live(session.status) && !session.app_url.empty() ? session.app_url : "-"}});
    return table.render(terminal, !options.no_headers);
}

int run(const Options& options, Context& context) {
    if (options.watch && options.json) throw Error(ErrorKind::usage, "--watch and --json exclude each other");
    store::SessionQuery query;
    query.statuses = wanted_statuses(options);
    query.user_tag = options.tag;
    query.limit = static_cast<std::size_t>(options.limit.value_or(0));
    Terminal& terminal = context.terminal();
    const std::stop_token stop = options.watch ? context.stop() : std::stop_token{};
    for (;;) {
        context.refresh_rows();
        const std::vector<store::Session> sessions = context.store().list(query);
        context.wake_local_engine(sessions);
        const std::string text = render(options, context, sessions);
        if (options.watch && terminal.out_is_tty()) {
            terminal.result("\x1b[H\x1b[2J" + text);
        } else {
            terminal.result(text);
        }
        if (!options.watch) {
            if (sessions.empty() && !options.json && !options.ids)
                terminal.say(options.all || !options.statuses.empty()
                                 ? "no such sessions"
                                 : "no live sessions; make one with: spawnai spawn \"todo app\"");
            return 0;
        }
        // Ctrl-C is how watching ends: nothing to complain about, but scripts see it.
        if (!context.clock().sleep(std::chrono::seconds(1), stop)) return 128 + context.signal();
    }
}

}  // namespace

std::unique_ptr<Command> make_list() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
