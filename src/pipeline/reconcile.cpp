#include "ending.hpp"
#include "follow.hpp"
#include "stop_after.hpp"
#include "verdict.hpp"

#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

#include <csignal>
#include <map>

namespace spawnai::pipeline {

using store::Session;
using store::Status;

RowVerdict judge_row(const RowFacts& facts) {
    switch (facts.status) {
        case Status::creating:
        case Status::generating:
        case Status::deploying:
            if (facts.owner_alive) return {};
            return {Status::error, "the process that was making it died", "interrupted", facts.now, true};
        case Status::ready:
        case Status::paused: {
            if (facts.sandbox != Presence::absent) return {};
            const bool over = facts.expires_at && facts.now + k_clock_tolerance >= *facts.expires_at;
            if (over) return {Status::expired, "its time was up", "", std::min(facts.now, *facts.expires_at), false};
            return {Status::lost, "its sandbox is gone, and nobody here ended it", "", facts.now, false};
        }
        case Status::error:
        case Status::expired:
        case Status::stopped:
        case Status::lost:
            return {};
    }
    return {};
}

namespace {

constexpr auto k_cheap_limit = std::chrono::seconds(2);
constexpr auto k_look_period = std::chrono::seconds(30);
/// How long after a create call its sandbox can still appear: our time-out, and the time that the server allows itself.
constexpr auto k_latest_arrival = std::chrono::minutes(5);

class Reconciling {
 public:
    Reconciling(const Surroundings& with, const std::stop_token& stop) : with_(with), stop_(stop) {}

    void run(Look look) {
        const std::vector<Session> rows = with_.store.list(
            {.statuses = {Status::creating, Status::generating, Status::deploying, Status::ready, Status::paused},
             .provider = with_.place.provider});
        bool ask = look == Look::full;
        for (const Session& row : rows) ask = judge_by_locks(row) || ask;
        const bool owed = closed_but_alive();
        ask = ask || (owed && with_.place.local());
        if (!with_.place.local())
            ask = ask ||
                  ((!rows.empty() || owed) && with_.store.claim_turn("look." + with_.place.address, k_look_period));
        if (!ask) return;
        ask_provider(look);
    }
    [[nodiscard]] Reconciled take() { return std::move(result_); }

 private:
    // What lock files tell. @return whether the provider must be asked about something.
    bool judge_by_locks(const Session& row) {
        if (elsewhere(row)) return judge_from_afar(row);
        if (is_working(row.status)) return abandoned(row).has_value();
        if (!row.sandbox_id) return false;
        if (!with_.place.is_alive) return is_over(row);
        if (with_.place.is_alive(*row.sandbox_id))
            return with_.place.is_paused && with_.place.is_paused(*row.sandbox_id) != (row.status == Status::paused);
        settle_as_gone(row);
        return false;
    }

    // Another control plane than the one that is configured now.
    [[nodiscard]] bool elsewhere(const Session& row) const {
        return !with_.place.local() && row.provider_address != with_.place.address;
    }

    [[nodiscard]] bool is_over(const Session& row) const {
        const auto end = end_of(row, with_.place);
        return end && with_.clock.now() >= *end;
    }

    // Nobody there can be asked: what the clock and the lock files say is all that there is.
    bool judge_from_afar(const Session& row) {
        if (is_working(row.status) ? abandoned(row).has_value() : is_over(row) && row.on_timeout != "pause")
            settle_as_gone(row);
        return false;
    }

    // Rows that were closed while their sandbox could not be ended, or before it was known whether there is one.
    [[nodiscard]] bool closed_but_alive() const {
        for (const Session& row : with_.store.list({.provider = with_.place.provider, .unbooked = true})) {
            if (is_live(row.status) || elsewhere(row)) continue;
            if (!row.sandbox_id && with_.place.local()) continue;  // the engine ends what nobody waits for
            if (!with_.place.is_alive || with_.place.is_alive(*row.sandbox_id)) return true;
        }
        return false;
    }

    /// The row as it is now, if the process that worked on it died. A free lease alone does not say so: it may have been given
    /// back, with the row finished, since `row` was read; so the row is read again after the lease.
    [[nodiscard]] std::optional<Session> abandoned(const Session& row) const {
        if (FileLock::held(lease_file(with_.run_dir, row.id))) return std::nullopt;
        auto now = with_.store.find(row.id);
        if (now && !is_working(now->status)) now.reset();
        return now;
    }

    void ask_provider(Look look) {
        std::map<std::string, sandbox::SandboxInfo> live;
        for (auto& info : with_.provider.list({{k_store_key, with_.store.store_id()}}, stop_))
            live.emplace(info.id.str(), info);
        // Rows are read after the list: a row that came meanwhile is not in it and must not be judged by it.
        std::map<std::string, SandboxId> by_session;
        for (const auto& [id, info] : live)
            if (const auto session = info.metadata.find(k_session_key); session != info.metadata.end())
                by_session.emplace(session->second, info.id);

        for (const Session& row : with_.store.list(
                 {.statuses = {Status::creating, Status::generating, Status::deploying, Status::ready, Status::paused},
                  .provider = with_.place.provider})) {
            if (elsewhere(row)) continue;
            const auto known = row.sandbox_id ? live.find(row.sandbox_id->str()) : live.end();
            if (is_working(row.status)) {
                if (const auto left = abandoned(row)) attempt([&] { end_dead_spawn(*left, by_session, live); });
                continue;
            }
            if (known != live.end() && !contradicts(row, known->second))
                follow_and_tell(row, known->second);
            else
                attempt([&] { ask_about(row.id); });
        }
        end_orphans(live);
        book_the_gone(live, by_session);
        if (look == Look::full) collect_logs();
    }

    void follow_and_tell(const Session& row, const sandbox::SandboxInfo& info) {
        const Status now = follow(with_, row, info).status;
        if (now != row.status) result_.changes.push_back({row.id, row.status, now, "as the provider says"});
    }

    // The list and the row were not read at one moment, and an older server lists no paused sandbox: the row as it is now and
    // one direct question settle it.
    void ask_about(const SessionId& id) {
        const Session row = with_.store.get(id);
        if (row.status != Status::ready && row.status != Status::paused) return;
        const auto info = row.sandbox_id ? with_.provider.get(*row.sandbox_id, stop_) : std::nullopt;
        if (info)
            follow_and_tell(row, *info);
        else
            settle_as_gone(row);
    }

    // One sandbox that cannot be ended must not keep the others running.
    template <class Work>
    void attempt(const Work& work) {
        try {
            work();
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::usage || error.kind() == ErrorKind::internal) throw;  // the store's word
            result_.problems.emplace_back(error.what());
        }
    }

    void end_dead_spawn(const Session& row, const std::map<std::string, SandboxId>& by_session,
                        std::map<std::string, sandbox::SandboxInfo>& live) {
        Session owed = row;
        if (!owed.sandbox_id)
            if (const auto found = by_session.find(row.id.str()); found != by_session.end())
                owed.sandbox_id = found->second;
        if (owed.sandbox_id) {
            collect_log(with_, owed, stop_);
            end_sandbox(with_, owed, stop_);
            live.erase(owed.sandbox_id->str());
        }
        settle(row, judge_row({row.status, false, Presence::unknown, row.expires_at, with_.clock.now()}));
    }

    void end_orphans(const std::map<std::string, sandbox::SandboxInfo>& live) {
        for (const auto& [id, info] : live) {
            const auto name = info.metadata.find(k_session_key);
            if (name == info.metadata.end() || !SessionTag::valid(name->second)) continue;
            const auto row = with_.store.find(SessionId::parse(name->second));
            const bool owned = row && is_live(row->status);
            // A create call that was carried out twice leaves a second sandbox, which the row does not name.
            if (owned && (!row->sandbox_id || *row->sandbox_id == info.id)) continue;
            attempt([&, &orphan = info.id] {
                if (with_.provider.kill(orphan, stop_)) result_.orphans_ended.push_back(orphan);
                if (row && !owned) book_sandbox(with_, *row, used_until(*row, true, with_.clock.now()));
            });
        }
    }

    // What was owed for a sandbox that ended before anybody could end it.
    void book_the_gone(const std::map<std::string, sandbox::SandboxInfo>& live,
                       const std::map<std::string, SandboxId>& by_session) {
        const WallTime now = with_.clock.now();
        for (const Session& row : with_.store.list({.provider = with_.place.provider, .unbooked = true})) {
            if (is_live(row.status) || elsewhere(row)) continue;
            if (row.sandbox_id && !live.contains(row.sandbox_id->str()))
                book_sandbox(with_, row, std::min(now, row.expires_at.value_or(now)));
            // What is listed under its name is still owed: it could not be ended this time.
            const bool made = by_session.contains(row.id.str());
            if (!row.sandbox_id && !made && now > *row.sandbox_started_at + k_latest_arrival)
                with_.store.forget_use(row.id);
        }
    }

    void collect_logs() {
        for (const Session& row : with_.store.list({.statuses = {Status::expired, Status::lost, Status::error},
                                  .provider = with_.place.provider,
                                  .created_since = with_.clock.now() - std::chrono::hours(48),
                                  .limit = 200}))
            collect_log(with_, row, stop_);
    }

    void settle_as_gone(const Session& row) {
        settle(row, judge_row({row.status, false, Presence::absent, end_of(row, with_.place), with_.clock.now()}));
    }

    void settle(const Session& row, const RowVerdict& verdict) {
        if (!verdict.status) return;
        store::SessionChange change;
        change.status = verdict.status;
        change.ended_at = verdict.ended_at;
        if (!verdict.error_kind.empty()) change.error_kind = verdict.error_kind;
        if (verdict.is_error) change.error_message = verdict.message;
        const store::Event event{.kind = "status",
                                 .message = fmt::format("{}: {}", to_string(*verdict.status), verdict.message)};
        if (!with_.store.change(row.id, change, {row.status}, event)) return;  // somebody else was first
        if (!verdict.is_error) book_sandbox(with_, row, verdict.ended_at);
        result_.changes.push_back({row.id, row.status, *verdict.status, verdict.message});
    }

    const Surroundings& with_;
    std::stop_token stop_;
    Reconciled result_;
};

}  // namespace

Reconciled reconcile(const Surroundings& with, Look look, const std::stop_token& stop) {
    if (with.store.read_only()) return {{}, {}, {"the store is read-only, so nothing was compared with the provider"}};
    if (look == Look::full) {
        Reconciling work(with, stop);
        work.run(look);
        return work.take();
    }
    const StopAfter limit(k_cheap_limit, stop);
    Reconciling work(with, limit.token());
    std::string problem;
    try {
        work.run(look);
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
        problem = fmt::format("{} did not answer within {} s", with.place.address, k_cheap_limit.count());
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::usage || error.kind() == ErrorKind::internal)
            throw;  // the store's word, not the provider's
        problem = error.what();
    }
    Reconciled result = work.take();
    if (!problem.empty()) result.problems.push_back(std::move(problem));
    return result;
}

}  // namespace spawnai::pipeline
