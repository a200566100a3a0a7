#include "spawn_run.hpp"

#include "detach.hpp"
#include "json_shape.hpp"
#include "money_view.hpp"
#include "progress.hpp"
#include "session_view.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

void say_what_next(const pipeline::SpawnResult& result, Context& context) {
    Terminal& terminal = context.terminal();
    const store::Session& session = result.session;
    const WallTime now = context.clock().now();
    if (!result.output.empty()) {
        terminal.say(fmt::format("the script ended with exit code {} and printed:", session.exit_code.value_or(0)));
        for (const std::string_view line : split_lines(result.output)) terminal.say("  " + sanitize_for_terminal(line));
    }
    std::string summary = terminal.err_styled(Style::bold, session.name) + " is ready";
    if (session.ready_at)
        summary +=
            fmt::format(" after {:.1f}s", static_cast<double>((*session.ready_at - session.created_at).count()) / 1000);
    if (session.expires_at)
        summary +=
            fmt::format(", expires {} (in {})", local_time(*session.expires_at, now), remaining_text(session, now));
    summary += ", cost " + present_cost(session, context, now).display();
    // Any other source was told before the work began.
    if (session.source == store::Source::model) summary += ", written by " + session.model;
    terminal.say(summary);
    terminal.say(fmt::format("next: spawnai logs {0} -f   spawnai extend {0} 30m   spawnai kill {0}", session.name));
}

// After a spawn that gave no app.
void leave(Progress& progress, const std::stop_token& asked_to_stop, Context& context) {
    progress.finish();
    if (const auto session = progress.session()) context.set_session(*session);
    if (progress.reader_gone() && !asked_to_stop.stop_requested()) throw BrokenPipe();
}

// The error, with what it cost and where its record is.
Error with_record(const Error& error, const Progress& progress, Context& context) {
    const auto id = progress.session();
    const auto session = id ? context.store().find(SessionId::parse(*id)) : std::nullopt;
    if (!session) return error;
    const Money cost = present_cost(*session, context, context.clock().now());
    const std::string record = fmt::format("{}what happened is kept: spawnai show {}",
                                           cost > Money() ? "it cost " + cost.display() + "; " : "", session->name);
    return Error(error.kind(), error.what(), error.hint().empty() ? record : error.hint() + "\n" + record,
                 error.evidence());
}

}  // namespace

pipeline::SpawnResult run_spawn(const pipeline::SpawnRequest& request, Site& site, const ModelChoice& choice,
                                const SpawnOutput& output, Context& context) {
    Terminal& terminal = context.terminal();
    const std::stop_token asked_to_stop = context.stop();
    // What cannot be done is refused before an engine is started for it.
    (void)plan_spawn(request, site.surroundings(choice.model.get(), choice.why_not));

    std::stop_source stop;
    const std::stop_callback said(asked_to_stop, [&] {
        terminal.say("stopping, the sandbox is being ended (Ctrl-C again leaves at once)");
        stop.request_stop();
    });
    Progress progress(terminal, {.events = output.events, .verbose = context.verbose(), .on_reader_gone = [&stop] {
                                     stop.request_stop();
                                 }});
    DetachedObserver observer(progress, output.json);
    std::optional<pipeline::SpawnResult> result;
    try {
        site.wake();
        result =
            pipeline::spawn(request, site.surroundings(choice.model.get(), choice.why_not), observer, stop.get_token());
    } catch (const Error& error) {
        leave(progress, asked_to_stop, context);
        throw with_record(error, progress, context);
    } catch (...) {
        leave(progress, asked_to_stop, context);
        throw;
    }
    progress.finish();
    context.set_session(result->session.id.str());

    const WallTime now = context.clock().now();
    if (output.json || output.events) {
        Json session = session_json(result->session, now);
        session["cost"] = json_money(present_cost(result->session, context, now));
        Json object{{"schemaVersion", k_schema_version},
                    {"url", result->url},
                    {"id", result->session.id.str()},
                    {"name", result->session.name},
                    {"session", std::move(session)}};
        if (result->session.app_type == AppType::script) object["output"] = result->output;
        if (output.events) object["type"] = "result";
        terminal.result(dump_json(object) + "\n");
    } else {
        terminal.result(result->url + "\n");
    }
    say_what_next(*result, context);
    return *result;
}

}  // namespace spawnai::cli
