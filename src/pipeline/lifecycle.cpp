#include "ending.hpp"
#include "follow.hpp"
#include "stop_after.hpp"
#include "verdict.hpp"

#include <spawnai/billing/cost.hpp>
#include <spawnai/billing/limits.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <csignal>

namespace spawnai::pipeline {
namespace {

using std::chrono::seconds;
using store::Session;
using store::Status;

constexpr auto k_courtesy_limit = seconds(3);
constexpr auto k_answer_pause = std::chrono::milliseconds(200);
constexpr auto k_answer_patience = seconds(20);

Error not_live(const Session& session, const char* action) {
    return Error(ErrorKind::usage,
                 fmt::format("{} is {}, so it cannot be {}", session.name, to_string(session.status), action),
                 session.app_version > 0 ? fmt::format("start its app again with 'spawnai respawn {}'", session.name)
                                         : std::string());
}

// Another control plane knows nothing of it, which must not be taken for its end.
void require_here(const Surroundings& with, const Session& session) {
    if (with.place.local() || session.provider_address.empty() || session.provider_address == with.place.address)
        return;
    throw Error(
        ErrorKind::usage,
        fmt::format("{} runs at {}, and now {} is asked", session.name, session.provider_address, with.place.address),
        "set E2B_DOMAIN or E2B_API_URL as they were when it was made");
}

// The row said that there is a sandbox, and the provider says that there is none.
[[noreturn]] void fail_because_gone(const Surroundings& with, const Session& session, const std::stop_token& stop) {
    require_here(with, session);
    const RowVerdict verdict =
        judge_row({session.status, false, Presence::absent, end_of(session, with.place), with.clock.now()});
    store::SessionChange change;
    change.status = verdict.status;
    change.ended_at = verdict.ended_at;
    if (verdict.status && with.store.change(session.id, change, {session.status})) {
        book_sandbox(with, session, verdict.ended_at);
        collect_log(with, session, stop);
    }
    throw Error(ErrorKind::not_found, fmt::format("the sandbox of {} is gone: {}", session.name, verdict.message),
                fmt::format("start its app again with 'spawnai respawn {}'", session.name));
}

/// The session as the provider knows it at this moment.
Session look_again(const Surroundings& with, const Session& row, const std::stop_token& stop) {
    const auto info = with.provider.get(*row.sandbox_id, stop);
    if (!info) fail_because_gone(with, row, stop);
    return follow(with, row, *info);
}

/// The same where nothing hangs on it: what the provider does not say, or not soon, changes nothing.
Session glance_at(const Surroundings& with, const Session& row, const std::stop_token& stop) {
    const StopAfter limit(k_courtesy_limit, stop);
    try {
        if (const auto info = with.provider.get(*row.sandbox_id, limit.token())) return follow(with, row, *info);
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
    } catch (const Error& error) {
        with.log.write(LogLevel::info, "not_looked_at", {{"session", row.id.str()}, {"error", error.what()}});
    }
    return row;
}

bool has_sandbox(const Session& session) {
    return (session.status == Status::ready || session.status == Status::paused) && session.sandbox_id;
}

void keep_last_words(const Surroundings& with, const Session& session, const std::stop_token& stop) {
    const StopAfter limit(k_courtesy_limit, stop);
    try {
        (void)read_log(with, session.id, limit.token());
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
    } catch (const Error& error) {
        with.log.write(LogLevel::info, "log_not_kept", {{"session", session.id.str()}, {"error", error.what()}});
    }
}

/// Whether an app is behind the URL again, whatever it says; a gateway that finds none answers for it.
bool answers(const Surroundings& with, const std::string& url, const StopAfter& limit, const std::stop_token& stop) {
    try {
        const int status = with.prober.get(url, limit.token()).status;
        return status < 502 || status > 504;
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
        return false;
    } catch (const Error&) {
        return false;
    }
}

void await_answer(const Surroundings& with, const Session& session, const std::stop_token& stop) {
    if (session.app_url.empty()) return;
    const SteadyTime patience = with.clock.steady() + k_answer_patience;
    const StopAfter limit(k_answer_patience, stop);
    while (!answers(with, session.app_url, limit, stop)) {
        if (limit.token().stop_requested() || with.clock.steady() >= patience)
            throw Error(ErrorKind::not_ready,
                        fmt::format("{} runs again, but its app does not answer at {}", session.name, session.app_url),
                        fmt::format("see 'spawnai logs {0}'; 'spawnai respawn {0}' starts the app anew", session.name));
        if (!with.clock.sleep(k_answer_pause, stop)) throw Interrupted(SIGINT);
    }
}

void require_awake(const Session& session) {
    if (session.status != Status::paused) return;
    throw Error(ErrorKind::usage, fmt::format("{} is paused, so nothing is measured", session.name),
                fmt::format("wake it with 'spawnai resume {}'", session.name));
}

void require(const billing::Verdict& verdict) {
    if (!verdict.allowed) throw Error(ErrorKind::limit, verdict.message, verdict.hint);
}

}  // namespace

Money cost_so_far(const Session& session, const PlanLimits& plan, WallTime now) {
    if (!session.sandbox_started_at || !session.sandbox_id)
        return session.actual_cost;  // asked for, perhaps never made
    return session.actual_cost +
           billing::bill_sandbox({session.cpu_count, session.memory_mib}, now - *session.sandbox_started_at, plan.rates)
               .total();
}

Killed kill(const Surroundings& with, const SessionId& id, const std::stop_token& stop) {
    Session before = with.store.get(id);
    if (is_live(before.status) || before.sandbox_started_at) require_here(with, before);
    if (!is_live(before.status)) {
        // Closed, but its sandbox could not be ended then.
        if (before.sandbox_started_at) end_sandbox(with, before, stop);
        return {with.store.get(id), false};
    }
    // What ran again since it was paused is owed, and what slept since its time-out is not.
    if (has_sandbox(before)) before = glance_at(with, before, stop);
    // The app's last words, while there is somebody to ask.
    if (before.status == Status::ready && before.sandbox_id) keep_last_words(with, before, stop);
    // A working spawn learns from the row that it is over, so the row comes first; but a ready one is stopped only once its
    // sandbox has ended.
    if (is_working(before.status)) {
        with.store.change(id, {.status = Status::stopped}, {before.status},
                          store::Event{.kind = "status", .message = "stopped by the user while it was being made"});
        const Session now = with.store.get(id);
        if (is_live(now.status)) return kill(with, id, stop);  // it became ready in between
        end_sandbox(with, now, stop);
        return {with.store.get(id), true};
    }
    end_sandbox(with, before, stop);
    with.store.change(id, {.status = Status::stopped}, {Status::ready, Status::paused},
                      store::Event{.kind = "status", .message = "stopped by the user"});
    return {with.store.get(id), true};
}

Extended extend(const Surroundings& with, const SessionId& id, seconds by, const std::stop_token& stop) {
    const Session before = with.store.get(id);
    if (!has_sandbox(before)) throw not_live(before, "extended");
    const auto info = with.provider.get(*before.sandbox_id, stop);
    if (!info) fail_because_gone(with, before, stop);
    if (follow(with, before, *info).status == Status::paused)
        throw Error(ErrorKind::usage, fmt::format("{} is paused, so its time does not run", before.name),
                    fmt::format("wake it with 'spawnai resume {}'", before.name));

    const WallTime now = with.clock.now();
    const WallTime end = std::max(info->end_at, now) + by;
    const auto whole = std::chrono::ceil<seconds>(end - info->started_at);
    const auto verdict = billing::check_lifetime(before.app_type, whole, with.place.plan);
    if (!verdict.allowed) {
        const auto longest = billing::longest_lifetime(before.app_type, with.place.plan);
        const auto room = std::chrono::floor<seconds>(info->started_at + longest - std::max(info->end_at, now));
        throw Error(
            ErrorKind::limit,
            fmt::format("with {} more, {} would live {} in all, and the plan '{}' allows {}", format_duration(by),
                        before.name, format_duration(whole), with.place.plan.name, format_duration(longest)),
            room >= seconds(1)
                ? fmt::format("ask for at most {}", format_duration(room))
                : fmt::format("start its app again when its time is up: spawnai respawn {}", before.name));
    }
    if (!with.provider.set_timeout(*before.sandbox_id, std::chrono::ceil<seconds>(end - now), stop))
        fail_because_gone(with, before, stop);
    store::SessionChange change;
    change.expires_at = end;
    change.ttl = before.ttl + by;
    with.store.change(
        id, change, {Status::ready},
        store::Event{.kind = "extend",
                     .message = fmt::format("extended by {}, until {}", format_duration(by), format_rfc3339(end))});
    const Money additional =
        billing::bill_sandbox({before.cpu_count, before.memory_mib}, by, plan_of(with, before).rates).total();
    return {with.store.get(id), additional};
}

Paused pause(const Surroundings& with, const SessionId& id, const std::stop_token& stop) {
    Session before = with.store.get(id);
    if (!has_sandbox(before)) throw not_live(before, "paused");
    before = look_again(with, before, stop);
    if (before.status == Status::paused) return {before, false};
    if (FileLock::held(lease_file(with.run_dir, id)))
        throw Error(ErrorKind::usage, fmt::format("another command is changing {}", before.name),
                    "try again when it has finished");
    keep_last_words(with, before, stop);
    if (!with.provider.pause(*before.sandbox_id, stop)) fail_because_gone(with, before, stop);
    book_sandbox(with, before, with.clock.now());
    with.store.change(id, {.status = Status::paused}, {Status::ready},
                      store::Event{.kind = "status", .message = "paused by the user"});
    return {glance_at(with, with.store.get(id), stop), true};
}

Resumed resume(const Surroundings& with, const SessionId& id, std::optional<seconds> lifetime,
               const std::stop_token& stop) {
    Session before = with.store.get(id);
    if (!has_sandbox(before)) throw not_live(before, "resumed");
    before = look_again(with, before, stop);
    if (before.status == Status::ready) return {before, false, Money{}};
    if (lifetime) require(billing::check_lifetime(before.app_type, *lifetime, with.place.plan));
    // A paused sandbox has no slot of a cloud.
    if (!with.place.local()) {
        const store::SlotUse use = with.store.slot_use(before.provider, with.place.plan.rate_window);
        require(billing::check_slots({use.live, 0, {}}, with.place.plan, with.clock.now()));
    }
    const seconds longest = billing::longest_lifetime(before.app_type, with.place.plan);
    const seconds full = longest.count() > 0 ? std::min(before.ttl, longest) : before.ttl;
    // The clock runs from the call on, not from the answer.
    const WallTime start = with.clock.now();
    if (!with.provider.resume(*before.sandbox_id, lifetime.value_or(full), stop)) fail_because_gone(with, before, stop);
    store::SessionChange change;
    change.status = Status::ready;
    change.sandbox_started_at = start;
    change.expires_at = start + lifetime.value_or(full);
    with.store.change(id, change, {Status::paused}, store::Event{.kind = "status", .message = "resumed by the user"});
    const Session now = glance_at(with, with.store.get(id), stop);
    await_answer(with, now, stop);
    const auto stretch = std::chrono::ceil<seconds>(now.expires_at.value_or(start) - start);
    return {now, true,
            billing::bill_sandbox({now.cpu_count, now.memory_mib}, stretch, plan_of(with, now).rates).total()};
}

std::optional<sandbox::SandboxMetrics> measure(const Surroundings& with, const SessionId& id,
                                               const std::stop_token& stop) {
    Session session = with.store.get(id);
    if (!is_live(session.status) || !session.sandbox_id) throw not_live(session, "measured");
    if (has_sandbox(session)) session = look_again(with, session, stop);
    require_awake(session);
    std::vector<sandbox::SandboxMetrics> samples;
    try {
        samples = with.provider.metrics(*session.sandbox_id, stop);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found || session.status != Status::ready) throw;
        require_awake(look_again(with, session, stop));
        throw;
    }
    const auto newest = std::max_element(samples.begin(), samples.end(),
                                         [](const auto& left, const auto& right) { return left.time < right.time; });
    return newest == samples.end() ? std::nullopt : std::optional(*newest);
}

}  // namespace spawnai::pipeline
