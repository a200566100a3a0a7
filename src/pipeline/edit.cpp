#include "deployment.hpp"
#include "event_stream.hpp"
#include "generators.hpp"
#include "repair.hpp"
#include "syntax_appeal.hpp"

#include <spawnai/claude/prompts.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/validate/validator.hpp>

#include <fmt/format.h>

namespace spawnai::pipeline {
namespace {

using store::Session;
using store::Status;

/// A ready session whose app is about to change: attached, and locked against others that would change it.
class Editing {
 public:
    Editing(const Surroundings& with, const SessionId& id, Observer& observer, const std::stop_token& stop)
        : with_(with),
          session_(ready_session(with, id)),
          lock_(lock(with, session_)),
          events_(id, &with.store, observer, with.clock) {
        sandbox_ = with.provider.attach(*session_.sandbox_id, stop);
        if (!sandbox_)
            throw Error(ErrorKind::not_found, fmt::format("the sandbox of {} is gone", session_.name),
                        fmt::format("start its app again with 'spawnai respawn {}'", session_.name));
        old_ = with.store.app(id, session_.app_version);
        DeployOptions options;
        options.type = session_.app_type;
        options.port = session_.port;
        options.internet = session_.internet;
        options.local = with.place.local();
        deployment_.emplace(*sandbox_, options, events_);
        deployment_->assume(old_.app, old_.data_files);
    }

    [[nodiscard]] const Session& session() const noexcept { return session_; }
    [[nodiscard]] const store::StoredApp& old() const noexcept { return old_; }
    [[nodiscard]] EventStream& events() noexcept { return events_; }
    [[nodiscard]] Deployment& deployment() noexcept { return *deployment_; }

    /// Keeps `next` as a version and puts it in the old one's place.
    std::optional<Evidence> replace(const store::StoredApp& next, const std::string& origin, const std::string& note,
                                    const std::stop_token& stop) {
        const int version = with_.store.add_version(session_.id, next, origin, note);
        if (auto evidence = deployment_->replace(old_, next, with_.prober, with_.clock, stop)) return evidence;
        with_.store.mark_deployed(session_.id, version);
        store::SessionChange change;
        change.app_version = version;
        change.exit_code = deployment_->exit_code();
        with_.store.change(
            session_.id, change, {Status::ready},
            store::Event{.kind = origin,
                         .message = fmt::format("version {}{}{}", version, note.empty() ? "" : ": ", note)});
        if (next.app.type == AppType::script) with_.store.keep_log(session_.id, deployment_->output());
        return std::nullopt;
    }

    Session finish() {
        Session now = with_.store.get(session_.id);
        events_.emit(Ready{now});
        return now;
    }

 private:
    static Session ready_session(const Surroundings& with, const SessionId& id) {
        Session session = with.store.get(id);
        if (session.status != Status::ready || !session.sandbox_id || session.app_version == 0)
            throw Error(ErrorKind::usage,
                        fmt::format("{} is {}, so it cannot be changed", session.name, to_string(session.status)),
                        fmt::format("start its app again with 'spawnai respawn {}'", session.name));
        return session;
    }
    static FileLock lock(const Surroundings& with, const Session& session) {
        make_private_directories(with.run_dir);
        if (auto taken = FileLock::try_acquire(lease_file(with.run_dir, session.id))) return *std::move(taken);
        throw Error(ErrorKind::usage, fmt::format("another command is changing {}", session.name),
                    "try again when it has finished");
    }

    const Surroundings& with_;
    Session session_;
    FileLock lock_;
    EventStream events_;
    std::unique_ptr<sandbox::Sandbox> sandbox_;
    store::StoredApp old_;
    std::optional<Deployment> deployment_;
};

std::string checked_change(const std::string& raw) {
    std::string change = is_valid_utf8(raw) ? claude::optimise_prompt(raw) : std::string();
    if (change.empty() || utf8_length(change) > k_longest_prompt)
        throw Error(ErrorKind::usage, fmt::format("say in 1 to {} characters what is to change", k_longest_prompt),
                    "for example: spawnai edit ID \"make it dark\"");
    return change;
}

}  // namespace

Session edit(const Surroundings& with, const SessionId& id, const EditRequest& request, Observer& observer,
             const std::stop_token& stop) {
    const std::string change = checked_change(request.change);
    if (with.model == nullptr)
        throw Error(ErrorKind::auth, fmt::format("no model can be asked ({})", with.why_no_model),
                    "set a key with 'spawnai keys set claude' or the variable CLAUDE_API_KEY");
    Editing editing(with, id, observer, stop);
    claude::GenerationRequest base;
    base.prompt = editing.session().prompt;
    base.type = editing.session().app_type;
    base.internet = editing.session().internet;
    base.port = editing.session().port;
    for (const GeneratedFile& file : editing.old().data_files)
        base.data_files.push_back({file.path, file.content.size(), {}});
    const auto generator = make_model_generator(*with.model, base, with.store, id, editing.events());

    Attempt attempt{
        .model = request.model, .previous = editing.old().app.files, .change = change, .budget = request.max_cost};
    NoFiles none;
    int repairs = 0;
    while (true) {
        auto written = editing.events().timed(Step::generate, [&] { return generator->write(attempt, none, stop); });
        Evidence evidence;
        std::optional<claude::NoAppReason> no_app;
        if (auto* draft = std::get_if<Draft>(&written)) {
            store::StoredApp next{draft->app, editing.old().data_files};
            for (const GeneratedFile& data : next.data_files)
                std::erase_if(next.app.files, [&](const GeneratedFile& file) { return file.path == data.path; });
            validate::Report report =
                editing.events().timed(Step::validate, [&] { return validate::check_app(next.app); });
            if (!report.accepted()) appeal_syntax(report, next.app, editing.deployment(), stop);
            if (!report.findings.empty()) editing.events().emit(Findings{report, attempt.number});
            if (!report.accepted()) {
                evidence = evidence_of(report);
            } else if (next.app.type != editing.session().app_type) {
                evidence.what = fmt::format("the changed app is no {} any more", to_string(editing.session().app_type));
            } else if (auto found = editing.replace(next, attempt.number > 0 ? "repair" : "edit", change, stop)) {
                evidence = *std::move(found);
            } else {
                return editing.finish();
            }
            attempt.previous = next.app.files;
        } else {
            auto& missing = std::get<NoDraft>(written);
            evidence = std::move(missing.evidence);
            no_app = missing.reason;
        }
        RepairState state;
        state.repairs_done = repairs++;
        state.most_repairs = request.max_repairs;
        state.no_app = no_app;
        state.model = request.model;
        state.left = request.max_cost - generator->spent();
        const auto next = decide_next(state);
        // The simpler prompt makes another app, and here a change of this one is wanted.
        if (!next || next->simpler)
            throw evidence.as_error(
                fmt::format("{} is as it was; describe the change in another way", editing.session().name));
        ++attempt.number;
        attempt.evidence = evidence;
        attempt.budget = state.left;
        editing.events().emit(
            RepairStarted{attempt.number, request.max_repairs, evidence.what, attempt.model, false, false});
    }
}

Session redeploy(const Surroundings& with, const SessionId& id, int version, const std::string& origin,
                 Observer& observer, const std::stop_token& stop) {
    Editing editing(with, id, observer, stop);
    const store::StoredApp next = with.store.app(id, version);
    if (const auto evidence = editing.replace(next, origin, fmt::format("version {} again", version), stop))
        throw evidence->as_error(fmt::format("{} is as it was", editing.session().name));
    return editing.finish();
}

}  // namespace spawnai::pipeline
