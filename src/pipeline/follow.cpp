#include "follow.hpp"

#include "ending.hpp"

#include <algorithm>

namespace spawnai::pipeline {
namespace {

using sandbox::SandboxState;
using store::Session;
using store::Status;

/// When a sandbox that was found awake began to run again: a provider that counts anew from there says so itself.
WallTime awake_since(const Surroundings& with, const Session& row, const sandbox::SandboxInfo& info) {
    const WallTime now = with.clock.now();
    WallTime booked{};
    for (const store::UsageMetric& metric : with.store.usage(row.id)) booked = std::max(booked, metric.end);
    return info.started_at > booked && info.started_at < now ? info.started_at : now;
}

/// It slept between two looks: its run began after the end of the one that the row knows.
bool slept_unseen(const Session& row, const sandbox::SandboxInfo& info) {
    return info.state == SandboxState::running && row.status == Status::ready && row.expires_at &&
           info.started_at > *row.expires_at;
}

}  // namespace

bool contradicts(const Session& row, const sandbox::SandboxInfo& info) noexcept {
    return (info.state == SandboxState::paused) != (row.status == Status::paused);
}

Session follow(const Surroundings& with, const Session& row, const sandbox::SandboxInfo& info) {
    store::SessionChange change;
    std::optional<store::Event> event;
    // A size that nobody had told yet was guessed, and is what is billed.
    Session sized = row;
    if (info.cpu_count > 0 && info.cpu_count != row.cpu_count) change.cpu_count = sized.cpu_count = info.cpu_count;
    if (info.memory_mib > 0 && info.memory_mib != row.memory_mib)
        change.memory_mib = sized.memory_mib = info.memory_mib;
    if (info.state == SandboxState::paused && row.status == Status::ready) {
        const WallTime now = with.clock.now();
        book_sandbox(with, sized, std::min(now, row.expires_at.value_or(now)));
        change.status = Status::paused;
        event = store::Event{.kind = "status", .message = "paused, as the provider says"};
    } else if (info.state == SandboxState::running && row.status == Status::paused) {
        change.status = Status::ready;
        change.sandbox_started_at = awake_since(with, row, info);
        event = store::Event{.kind = "status", .message = "running again, as the provider says"};
    } else if (slept_unseen(row, info) && book_sandbox(with, sized, *row.expires_at)) {
        change.sandbox_started_at = info.started_at;
        event = store::Event{.kind = "status", .message = "was paused for a while, as the provider says"};
    }
    const bool timed = info.state == SandboxState::running || with.place.local();
    if (timed && row.expires_at != info.end_at) change.expires_at = info.end_at;
    if (!change.status && !change.expires_at && !change.cpu_count && !change.memory_mib) return row;
    with.store.change(row.id, change, {row.status}, event);
    return with.store.get(row.id);
}

std::optional<WallTime> end_of(const Session& row, const Place& place) {
    return row.status == Status::paused && !place.local() ? std::nullopt : row.expires_at;
}

}  // namespace spawnai::pipeline
