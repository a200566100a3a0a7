#include "engine/agent/suspension.hpp"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <utility>

namespace spawnai::engine::agent {
namespace {

constexpr auto k_pace = std::chrono::milliseconds(1);
constexpr auto k_slow_pace = std::chrono::milliseconds(10);
// A tree of processes that mean no harm is stopped in as many rounds as it is deep.
constexpr int k_gentle_rounds = 100;
constexpr auto k_patience = std::chrono::seconds(4);  // less than an engine has
// A timer of its own can wake a stopped process.
constexpr auto k_guard_pace = std::chrono::seconds(1);
constexpr int k_most_risings = 3;

std::int64_t now() {
    using std::chrono::milliseconds;
    return std::chrono::duration_cast<milliseconds>(std::chrono::system_clock::now().time_since_epoch()).count();
}

[[noreturn]] void end_sandbox() {
    ::dprintf(STDOUT_FILENO, "the sandbox has reached its deadline\n");
    ::_exit(0);
}

}  // namespace

Suspension::Suspension(Loop& loop, ProcessTable& processes, Watcher& watcher)
    : loop_(loop), processes_(processes), watcher_(watcher), timer_(loop, [this] { reached(); }) {}

void Suspension::set(const Times& times) {
    times_ = times;
    timer_.set(paused_ ? times_.end : times_.deadline);
}

void Suspension::reached() {
    if (paused_ || !times_.pause_at_deadline || now() >= times_.end) end_sandbox();
    pause(true, [](bool success) {
        if (!success) end_sandbox();
    });
}

void Suspension::pause(bool keep_memory, Done done) {
    if (paused_ && complete_) {
        done(true);
        return;
    }
    waiting_.push_back(std::move(done));
    if (std::exchange(paused_, true)) return;
    keep_memory_ = keep_memory;
    timer_.set(times_.end);
    watcher_.hold();
    processes_.hold();
    told_.clear();
    stopped_before_.clear();
    for (const ProcessState& process : scan_processes())
        if (process.stopped) stopped_before_.insert(process.name());
    complete_ = false;
    rounds_ = 0;
    risings_ = 0;
    give_up_at_ = std::chrono::steady_clock::now() + k_patience;
    round();
}

void Suspension::round() {
    next_.reset();
    if (!keep_memory_) ::kill(-1, SIGKILL);
    const std::vector<ProcessState> processes = scan_processes();
    if (keep_memory_ ? all_stopped(processes, told_) : processes.empty()) {
        finish(true);
        return;
    }
    if (std::chrono::steady_clock::now() > give_up_at_) {
        finish(false);
        return;
    }
    const bool gentle = ++rounds_ <= k_gentle_rounds;
    if (keep_memory_ && gentle) {
        for (const ProcessState& process : next_to_stop(processes, told_)) {
            ::kill(process.pid, SIGSTOP);
            told_.insert(process.name());
        }
    } else if (keep_memory_) {
        // Who multiplies faster than that, or wakes its kin, is stopped with all others at one stroke.
        ::kill(-1, SIGSTOP);
        for (const ProcessState& process : processes) told_.insert(process.name());
    }
    next_ = loop_.after(gentle ? k_pace : k_slow_pace, [this] { round(); });
}

void Suspension::finish(bool success) {
    complete_ = success;
    if (success) {
        next_ = loop_.after(k_guard_pace, [this] { guard(); });
    } else {
        let_go();
        timer_.set(times_.deadline);
    }
    for (const Done& done : std::exchange(waiting_, {})) done(success);
}

void Suspension::guard() {
    if (!all_stopped(scan_processes(), told_)) {
        if (++risings_ > k_most_risings)
            watcher_.end_all("a process kept waking while the sandbox was paused");
        else
            ::kill(-1, SIGSTOP);
    }
    next_ = loop_.after(k_guard_pace, [this] { guard(); });
}

void Suspension::resume(std::int64_t deadline, bool keep_memory) {
    times_.deadline = deadline;
    timer_.set(deadline);
    if (!paused_) return;
    if (!keep_memory) ::kill(-1, SIGKILL);
    let_go();
    for (const Done& done : std::exchange(waiting_, {})) done(false);
}

void Suspension::let_go() {
    if (next_) loop_.cancel(*next_);
    next_.reset();
    for (const ProcessState& process : in_order_of_waking(scan_processes()))
        if (stopped_before_.count(process.name()) == 0) ::kill(process.pid, SIGCONT);
    paused_ = false;
    processes_.release();
    watcher_.release();
}

}  // namespace spawnai::engine::agent
