#include "deployment.hpp"
#include "ending.hpp"
#include "event_stream.hpp"
#include "generators.hpp"
#include "in_flight.hpp"
#include "model_request.hpp"
#include "names.hpp"
#include "repair.hpp"
#include "sandbox_leg.hpp"
#include "stop_after.hpp"
#include "syntax_appeal.hpp"

#include <spawnai/claude/estimate.hpp>
#include <spawnai/claude/settings.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/validate/validator.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <csignal>
#include <utility>

namespace spawnai::pipeline {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using store::Status;

const std::vector<Status> k_working{Status::creating, Status::generating, Status::deploying};
constexpr auto k_ending_limit = seconds(2);  // with the second that a create call is given: 3 in all
constexpr auto k_look_again = milliseconds(100);
constexpr auto k_longest_queue = seconds(10);                 // for the moment in which one more sandbox may be created
constexpr auto k_shortest_sandbox = std::chrono::minutes(5);  // time to write and repair an app that is to live shortly

/// Hands files on to the sandbox only when nothing speaks against them.
class CheckedFiles : public FileSink {
 public:
    CheckedFiles(FileSink& next, AppType type) : next_(next), type_(type) {}
    void add(const GeneratedFile& file) override {
        if (check_relative_path(file.path).empty() && validate::check_file(file, type_).accepted()) next_.add(file);
    }
    void restart() override { next_.restart(); }

 private:
    FileSink& next_;
    AppType type_;
};

/// The lock that tells others that this process works on the session, and its file, which goes with it.
class Lease {
 public:
    Lease(const std::filesystem::path& run_dir, const SessionId& id) : file_(lease_file(run_dir, id)) {
        make_private_directories(run_dir);
        lock_ = FileLock::acquire(file_);
    }
    ~Lease() {
        std::error_code ignored;
        std::filesystem::remove(file_, ignored);
    }
    Lease(const Lease&) = delete;
    Lease& operator=(const Lease&) = delete;

 private:
    std::filesystem::path file_;
    std::optional<FileLock> lock_;
};

milliseconds median(std::vector<milliseconds> values) {
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The next sandbox may be created in a moment.
class TooSoon : public Error {
 public:
    explicit TooSoon(const billing::Verdict& verdict)
        : Error(ErrorKind::limit, verdict.message, verdict.hint), free_in_(verdict.free_in) {}
    [[nodiscard]] milliseconds free_in() const noexcept { return free_in_; }

 private:
    milliseconds free_in_;
};

class NameTaken : public Error {
 public:
    explicit NameTaken(const std::string& name)
        : Error(ErrorKind::usage, fmt::format("a live session is named '{}' already", name),
                fmt::format("choose another name, or end it with 'spawnai kill {}'", name)) {}
};

void check_admission(const SpawnRequest& request, const SpawnPlan& plan, const Surroundings& with,
                     const store::SlotUse& use, const std::string& name) {
    if (use.name_taken) throw NameTaken(name);
    const int taken = slots_taken(use, with.place.local());
    for (const billing::Verdict& verdict :
         {billing::check_caps({use.spent_today, use.spent_this_month}, plan.estimate(), request.caps),
          billing::check_slots({taken, use.recent, use.oldest_recent, use.last_second, use.oldest_of_last_second},
                               with.place.plan, with.clock.now())}) {
        if (verdict.free_in.count() > 0) throw TooSoon(verdict);
        if (!verdict.allowed) throw Error(ErrorKind::limit, verdict.message, verdict.hint);
    }
}

/// One spawn from its row to its end. Not reusable.
class Spawning {
 public:
    Spawning(const SpawnRequest& request, SpawnPlan plan, const Surroundings& with, Observer& observer,
             const std::stop_token& stop)
        : request_(request),
          plan_(std::move(plan)),
          with_(with),
          id_(new_session_id()),
          lease_(with.run_dir, id_),
          session_(admit(stop)),
          events_(id_, &with.store, observer, with.clock) {}

    SpawnResult run(const std::stop_token& stop) {
        events_.emit(Admitted{session_, expected_});
        for (const std::string& alert : alerts_) events_.emit(Note{alert});
        try {
            return work(stop);
        } catch (const Interrupted&) {
            close("interrupted", "interrupted", true);
            throw;
        } catch (const Error& cause) {
            // What is not found here is the sandbox: it ended, by its own limits or by somebody else's hand.
            const bool had_sandbox = leg_ && leg_->sandbox_id();
            const Error error =
                cause.kind() == ErrorKind::not_found && had_sandbox
                    ? Error(ErrorKind::not_ready,
                            fmt::format("the sandbox ended while the app was being made: {}", cause.what()),
                            "try again; if it happens again, the app may need more memory than a sandbox has",
                            cause.evidence())
                    : cause;
            close(std::string(exit_code(error.kind()).name), error.what(), exit_code(error.kind()).recoverable);
            throw SpawnError(error, id_);
        } catch (const std::exception& failure) {
            const Error error(ErrorKind::internal, failure.what());
            close(std::string(exit_code(error.kind()).name), error.what(), false);
            throw SpawnError(error, id_);
        }
    }

 private:
    store::Session admit(const std::stop_token& stop);
    store::Session insert(const store::Session& row);
    [[nodiscard]] std::unique_ptr<Generator> make_generator();
    /// When an app out of the store does not work any more. Not for a respawn, which asked for that very app.
    [[nodiscard]] bool ask_the_model_instead(const Evidence& evidence);
    [[nodiscard]] sandbox::SandboxRequest sandbox_request() const;
    [[nodiscard]] DeployOptions deploy_options() const;
    void set_status(Status status, const std::string& message);
    SpawnResult work(const std::stop_token& stop);
    /// Writes, checks and deploys until the app answers. @throws when it never does.
    Draft make_app(const std::stop_token& stop, const std::stop_token& work_stop);
    [[nodiscard]] std::optional<Evidence> try_draft(Draft& draft, const Attempt& attempt, const std::stop_token& stop);
    [[nodiscard]] std::variant<Draft, NoDraft> write(const Attempt& attempt, const std::stop_token& stop,
                                                     const std::stop_token& work_stop);
    [[nodiscard]] RepairState repair_state(int repairs, bool simpler_done,
                                           const std::optional<claude::NoAppReason>& no_app) const;
    [[nodiscard]] Money left() const;
    store::Session publish(const Draft& draft, Deployment& deployment);
    /// @return false when it stays as it was. @throws Error{not_ready} when the sandbox is gone.
    [[nodiscard]] bool set_lifetime(const SandboxId& sandbox, std::chrono::seconds lifetime);
    void close(const std::string& kind, const std::string& message, bool recoverable) noexcept;

    const SpawnRequest& request_;
    SpawnPlan plan_;
    const Surroundings& with_;
    SessionId id_;
    Lease lease_;
    std::vector<std::string> alerts_;
    std::optional<milliseconds> expected_;
    store::Session session_;
    EventStream events_;
    std::unique_ptr<Generator> generator_;
    std::unique_ptr<SandboxLeg> leg_;
    int version_ = 0;
    std::string tail_;  ///< of the app's output when it failed
};

store::Session Spawning::insert(const store::Session& row) {
    return with_.store.insert(
        row, with_.place.plan.rate_window,
        [&](const store::SlotUse& use) {
            check_admission(request_, plan_, with_, use, row.name);
            alerts_ = billing::cap_alerts({use.spent_today, use.spent_this_month}, request_.caps);
        },
        request_.caps.daily || request_.caps.monthly);
}

store::Session Spawning::admit(const std::stop_token& stop) {
    store::Session row{.id = id_};
    row.name = request_.name.empty() ? make_name(plan_.prompt) : request_.name;
    row.user_tag = request_.user_tag;
    row.parent = request_.respawn_of;
    row.prompt = plan_.prompt;
    row.app_type = plan_.type;
    row.created_at = with_.clock.now();
    row.estimated_cost = plan_.estimate();
    row.provider = with_.place.provider;
    row.provider_address = with_.place.address;
    row.plan = with_.place.plan.name;
    row.template_id = request_.template_id;
    row.port = request_.port.value_or(0);
    row.internet = plan_.internet;
    row.on_timeout = request_.on_timeout == sandbox::OnTimeout::pause ? "pause" : "kill";
    row.ttl = plan_.ttl;
    row.max_cost = request_.max_cost;
    for (const auto& [name, value] : request_.environment)
        row.environment_names += (row.environment_names.empty() ? "" : ",") + name;
    row.source = plan_.source;
    row.source_name = plan_.source_name;
    row.model = plan_.source == store::Source::model ? request_.model : std::string();
    row.prompt_version = plan_.prompt_version;
    row.request_key = plan_.request_key;
    row.owner_pid = ::getpid();
    auto history = with_.store.recent_durations(plan_.type, plan_.source, 9);
    if (!history.empty()) expected_ = median(std::move(history));
    const SteadyTime patience = with_.clock.steady() + k_longest_queue;
    for (int names = 0;;) {
        try {
            return insert(row);
        } catch (const NameTaken&) {
            // A name of the user's choice is refused; one of ours is only drawn again.
            if (!request_.name.empty() || ++names == 10) throw;
            row.name = make_name(plan_.prompt);
        } catch (const TooSoon& refusal) {
            if (with_.clock.steady() + refusal.free_in() > patience) throw;
            if (!with_.clock.sleep(refusal.free_in(), stop)) throw Interrupted(SIGINT);
            row.created_at = with_.clock.now();
        }
    }
}

std::unique_ptr<Generator> Spawning::make_generator() {
    switch (plan_.source) {
        case store::Source::starter:
            return make_starter_generator(plan_.source_name);
        case store::Source::store: {
            const SessionId from = SessionId::parse(plan_.source_name);
            if (request_.respawn_of) return make_store_generator(with_.store, from, with_.store.get(from).app_version);
            const auto known = with_.store.find_reusable(with_.store.get(from).request_key);
            return make_store_generator(with_.store, from, known && known->session == from ? known->version : 1);
        }
        case store::Source::model:
            break;
    }
    return make_model_generator(*with_.model, model_request(request_, plan_), with_.store, id_, events_);
}

bool Spawning::ask_the_model_instead(const Evidence& evidence) {
    if (plan_.source != store::Source::store || request_.respawn_of || with_.model == nullptr || request_.offline)
        return false;
    events_.emit(Note{fmt::format("the app of an earlier spawn does not work any more: {}", evidence.what)});
    plan_.source = store::Source::model;
    plan_.source_name = request_.model;
    plan_.explanation = fmt::format("written by {}", request_.model);
    generator_ = make_generator();
    store::SessionChange change;
    change.source = plan_.source;
    change.source_name = plan_.source_name;
    change.model = request_.model;
    with_.store.change(id_, change, k_working);
    events_.emit(SourceChosen{plan_.source, plan_.source_name, plan_.explanation});
    return true;
}

sandbox::SandboxRequest Spawning::sandbox_request() const {
    sandbox::SandboxRequest wanted;
    wanted.template_id = request_.template_id;
    wanted.lifetime = std::max<seconds>(plan_.ttl, k_shortest_sandbox);
    if (with_.place.plan.longest.count() > 0) wanted.lifetime = std::min(wanted.lifetime, with_.place.plan.longest);
    wanted.metadata = {{k_session_key, id_.str()}, {k_store_key, with_.store.store_id()}};
    wanted.environment = request_.environment;
    wanted.internet = plan_.internet;
    wanted.on_timeout = request_.on_timeout;
    return wanted;
}

DeployOptions Spawning::deploy_options() const {
    DeployOptions options;
    options.type = plan_.type;
    options.port = request_.port;
    options.script_limit = std::min<seconds>(plan_.ttl, std::chrono::minutes(5));
    options.internet = plan_.internet;
    options.local = with_.place.local();
    return options;
}

void Spawning::set_status(Status status, const std::string& message) {
    if (!with_.store.change(id_, {.status = status}, k_working))
        throw Error(ErrorKind::not_ready, "the session was ended by another command");
    events_.emit(StatusChanged{status, message});
}

SpawnResult Spawning::work(const std::stop_token& stop) {
    events_.emit(SourceChosen{plan_.source, plan_.source_name, plan_.explanation});
    generator_ = make_generator();
    set_status(Status::generating, plan_.explanation);

    // What the sandbox's leg fails with ends the writing too.
    std::stop_source work_stop;
    const std::stop_callback forward(stop, [work_stop]() mutable { work_stop.request_stop(); });
    leg_ = std::make_unique<SandboxLeg>(with_, session_, sandbox_request(), deploy_options(), events_,
                                        [work_stop]() mutable { work_stop.request_stop(); });
    const Draft draft = make_app(stop, work_stop.get_token());
    Deployment& deployment = leg_->join(stop);
    const store::Session ready = publish(draft, deployment);
    events_.emit(Ready{ready});
    return {ready, ready.app_url, deployment.output()};
}

std::variant<Draft, NoDraft> Spawning::write(const Attempt& attempt, const std::stop_token& stop,
                                             const std::stop_token& work_stop) {
    CheckedFiles early(*leg_, plan_.type);
    NoFiles none;
    FileSink& files = attempt.number == 0 ? static_cast<FileSink&>(early) : none;
    try {
        return events_.timed(Step::generate, [&] { return generator_->write(attempt, files, work_stop); });
    } catch (const Interrupted&) {
        // Stopped by the user, or because the other leg fell.
        if (!stop.stop_requested())
            if (const std::exception_ptr failure = leg_->failure()) std::rethrow_exception(failure);
        throw;
    }
}

Money Spawning::left() const {
    return request_.max_cost - plan_.sandbox_estimate - generator_->spent();
}

RepairState Spawning::repair_state(int repairs, bool simpler_done,
                                   const std::optional<claude::NoAppReason>& no_app) const {
    RepairState state;
    state.repairs_done = repairs;
    state.most_repairs = generator_->can_repair() ? request_.max_repairs : 0;
    state.simpler_done = simpler_done;
    state.no_app = no_app;
    state.model = request_.model;
    state.left = left();
    state.likely = plan_.model_estimate;
    const bool known = with_.model_prices.find(request_.model) != nullptr;
    state.can_escalate = known && !request_.model_pinned && request_.model != claude::k_escalation_model;
    if (state.can_escalate) {
        const auto usage = claude::estimate_usage(model_request(request_, plan_), with_.model_prices);
        const auto cost = with_.model_prices.cost(claude::k_escalation_model, usage);
        state.can_escalate = cost.has_value();
        state.likely_escalated = cost.value_or(Money{});
    }
    return state;
}

Draft Spawning::make_app(const std::stop_token& stop, const std::stop_token& work_stop) {
    Attempt attempt{.model = request_.model, .budget = left()};
    int repairs = 0;
    while (true) {
        Evidence evidence;
        std::optional<claude::NoAppReason> no_app;
        auto written = write(attempt, stop, work_stop);
        if (auto* draft = std::get_if<Draft>(&written)) {
            auto found = try_draft(*draft, attempt, stop);
            if (!found) return std::move(*draft);
            evidence = *std::move(found);
            attempt.previous = draft->app.files;
        } else {
            auto& missing = std::get<NoDraft>(written);
            evidence = std::move(missing.evidence);
            no_app = missing.reason;
        }
        const auto next = decide_next(repair_state(repairs, attempt.simpler, no_app));
        if (!next && ask_the_model_instead(evidence)) {
            attempt = Attempt{.model = request_.model, .budget = left()};
            continue;
        }
        if (!next)
            throw evidence.as_error(
                no_app == claude::NoAppReason::refusal ? "describe the app in another way"
                : evidence.kind == ErrorKind::limit    ? "allow more with --max-cost, or ask for something smaller"
                : generator_->can_repair()
                    ? "try again, describe the app more simply, or name a stronger model with --model"
                    : fmt::format("'spawnai logs {}' shows its output", session_.name));
        ++attempt.number;
        if (!next->simpler) ++repairs;
        attempt.model = next->model;
        attempt.simpler = next->simpler;
        attempt.budget = left();
        attempt.evidence = next->simpler ? std::nullopt : std::optional(evidence);
        if (next->simpler) attempt.previous.clear();
        with_.store.change(id_, {.repairs = attempt.number});
        events_.emit(RepairStarted{attempt.number, request_.max_repairs, evidence.what, next->model, next->escalated,
                                   next->simpler});
        set_status(Status::generating, "repairing");
    }
}

std::optional<Evidence> Spawning::try_draft(Draft& draft, const Attempt& attempt, const std::stop_token& stop) {
    // A data file of the user's wins over a file of the same name that was written.
    std::vector<GeneratedFile> data_files = request_.data_files.empty() ? draft.data_files : request_.data_files;
    for (const GeneratedFile& data : data_files)
        std::erase_if(draft.app.files, [&](const GeneratedFile& file) { return file.path == data.path; });
    draft.data_files = data_files;

    validate::Report report = events_.timed(
        Step::validate, [&] { return validate::check_app(draft.app, {.offline = request_.internet == false}); });
    if (!draft.model.empty()) with_.store.change(id_, {.model = draft.model});
    version_ = with_.store.add_version(id_, {draft.app, draft.data_files}, draft.origin);
    if (draft.app.type != plan_.type)
        return Evidence{
            ErrorKind::refused,
            fmt::format("a {} was asked for, and the app is a {}", to_string(plan_.type), to_string(draft.app.type)),
            {},
            {}};

    Deployment& deployment = leg_->join(stop);
    if (!report.accepted()) appeal_syntax(report, draft.app, deployment, stop);
    if (!report.findings.empty()) events_.emit(Findings{report, attempt.number});
    if (!report.accepted()) return evidence_of(report);

    set_status(Status::deploying, "deploying");
    auto evidence = deployment.deploy(draft.app, draft.data_files, stop);
    if (!evidence) evidence = deployment.probe_outside(draft.app, with_.prober, with_.clock, stop);
    if (evidence) tail_ = draft.app.type == AppType::script ? deployment.output() : evidence->detail;
    return evidence;
}

bool Spawning::set_lifetime(const SandboxId& sandbox, seconds lifetime) {
    const StopAfter limit{seconds(15)};
    std::string problem;
    try {
        if (with_.provider.set_timeout(sandbox, lifetime, limit.token())) return true;
        throw Error(ErrorKind::not_ready, "the sandbox ended before the app could be handed over");
    } catch (const Interrupted&) {
        problem = "the provider did not answer in time";
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::limit) throw;
        problem = error.what();
    }
    // The app runs, and its sandbox has the lifetime that it was made with.
    events_.emit(Note{fmt::format("the app lives as long as its sandbox was made for: {}", problem)});
    return false;
}

store::Session Spawning::publish(const Draft& draft, Deployment& deployment) {
    const SandboxId sandbox = leg_->sandbox_id().value();
    const WallTime now = with_.clock.now();
    seconds lifetime = plan_.ttl;
    if (const seconds longest = with_.place.plan.longest; longest.count() > 0)
        lifetime = std::min(lifetime, longest - std::chrono::ceil<seconds>(now - leg_->started_at()));
    lifetime = std::max(lifetime, seconds(1));
    const WallTime end =
        set_lifetime(sandbox, lifetime) ? now + lifetime : with_.store.get(id_).expires_at.value_or(now);

    with_.store.mark_deployed(id_, version_);
    if (draft.app.type == AppType::script) with_.store.keep_log(id_, deployment.output());
    store::SessionChange change;
    change.status = Status::ready;
    change.ready_at = now;
    change.expires_at = end;
    change.app_url = deployment.url(draft.app);
    change.app_version = version_;
    change.port = deployment.port(draft.app);
    change.exit_code = deployment.exit_code();
    if (!with_.store.change(id_, change, k_working))
        throw Error(ErrorKind::not_ready, "the session was ended by another command");
    return with_.store.get(id_);
}

void Spawning::close(const std::string& kind, const std::string& message, bool recoverable) noexcept {
    try {
        if (leg_) leg_->abandon();
        const bool asked = leg_ && leg_->asked();
        std::string said = message;
        if (asked) {
            const StopAfter limit(k_ending_limit);
            try {
                store::Session owed = with_.store.get(id_);
                // A row that was closed during the create call could not take the id that came.
                if (!owed.sandbox_id) owed.sandbox_id = leg_->sandbox_id();
                end_sandbox(with_, owed, limit.token());
            } catch (const std::exception& failure) {
                said += "; its sandbox may still run: 'spawnai gc' ends it";
                with_.log.write(LogLevel::warn, "sandbox_not_ended",
                                {{"session", id_.str()}, {"error", failure.what()}});
            }
        }
        // After the sandbox, which must be ended even if nothing can be written any more.
        if (!tail_.empty() && !with_.store.kept_log(id_)) with_.store.keep_log(id_, tail_);
        store::SessionChange change;
        change.status = Status::error;
        change.error_kind = kind;
        change.error_message = said;
        if (version_ > 0) change.app_version = version_;
        with_.store.change(id_, change, k_working,
                           store::Event{.kind = "status", .message = "error: " + one_line(said, 400)});
        events_.emit(Failed{kind, said, recoverable});
    } catch (const std::exception& failure) {
        // The row stays as it is, with a lease that is free in a moment: the next command closes it.
        with_.log.write(LogLevel::error, "session_not_closed", {{"session", id_.str()}, {"error", failure.what()}});
    }
}

/// Claims the right to have the app written. While somebody else has it for the same request, waits and plans again: what the
/// other one gets is then reused.
std::optional<InFlight> claim(const SpawnRequest& request, const Surroundings& with, SpawnPlan& plan,
                              Observer& observer, const std::stop_token& stop) {
    bool told = false;
    while (plan.source == store::Source::model && !request.fresh) {
        if (auto claimed = InFlight::try_acquire(with.run_dir, plan.request_key)) {
            // The other one may have finished between the plan and the claim.
            plan = plan_spawn(request, with);
            if (plan.source == store::Source::model) return claimed;
            break;
        }
        if (!std::exchange(told, true)) observer.on_waiting();
        if (!with.clock.sleep(k_look_again, stop)) throw Interrupted(SIGINT);
        plan = plan_spawn(request, with);
    }
    return std::nullopt;
}

bool frees_a_slot(const Surroundings& with, const std::stop_token& stop) {
    try {
        return !reconcile(with, Look::full, stop).changes.empty();
    } catch (const Error& failure) {
        // The refusal is what the user must hear, not why it could not be helped.
        with.log.write(LogLevel::info, "reconcile_failed", {{"error", failure.what()}});
        return false;
    }
}

}  // namespace

int slots_taken(const store::SlotUse& use, bool local) noexcept {
    return use.live + (local ? use.paused : 0);
}

std::filesystem::path lease_file(const std::filesystem::path& run_dir, const SessionId& id) {
    return run_dir / (id.str() + ".lock");
}

SpawnResult spawn(const SpawnRequest& request, const Surroundings& with, Observer& observer,
                  const std::stop_token& stop) {
    SpawnPlan plan = plan_spawn(request, with);
    const std::optional<InFlight> written_here = claim(request, with, plan, observer, stop);
    if (stop.stop_requested()) throw Interrupted(SIGINT);
    // What died elsewhere is cleared away meanwhile; it must not cost this spawn any time.
    std::jthread housekeeping([&](const std::stop_token& end) {
        try {
            (void)reconcile(with, Look::cheap, end);
        } catch (const std::exception& failure) {
            with.log.write(LogLevel::info, "reconcile_failed", {{"error", failure.what()}});
        }
    });
    std::optional<Spawning> spawning;
    try {
        spawning.emplace(request, plan, with, observer, stop);
    } catch (const Error& refusal) {
        // A slot may be held by what is gone already.
        if (refusal.kind() != ErrorKind::limit) throw;
        if (!frees_a_slot(with, stop)) throw;
        spawning.emplace(request, plan, with, observer, stop);
    }
    return spawning->run(stop);
}

}  // namespace spawnai::pipeline
