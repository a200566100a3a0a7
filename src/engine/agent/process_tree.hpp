#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnai::engine::agent {

/// A process for good: its number may be given again, but not with the same start.
using ProcessName = std::pair<pid_t, std::uint64_t>;

/// One process of the sandbox as /proc shows it; those that ended and were not reaped yet are left out.
struct ProcessState {
    pid_t pid = 0;
    pid_t parent = 0;
    std::uint64_t started = 0;  ///< clock ticks since the machine started
    /// A thread of it runs, or could at any moment. Not when all are stopped, or where a signal waits for them to come back.
    bool running = false;
    bool stopped = false;  ///< all of its threads are
    [[nodiscard]] ProcessName name() const { return {pid, started}; }
};

/// The text of a `stat` file of /proc, of a process or a thread. Empty when it is none.
struct StatLine {
    pid_t parent = 0;
    char state = '?';
    std::uint64_t started = 0;
};
[[nodiscard]] std::optional<StatLine> parse_stat(std::string_view text);

/// Every process of the sandbox but pid 1.
[[nodiscard]] std::vector<ProcessState> scan_processes();

/// Who is to be stopped next, parents before their children: a parent must not see its child stop, or it takes that for a
/// user's Ctrl-Z. `told` are those that were sent the signal; who runs in spite of it is named again.
[[nodiscard]] std::vector<ProcessState> next_to_stop(const std::vector<ProcessState>& processes,
                                                     const std::set<ProcessName>& told);
/// Whether all of them were told and none runs.
[[nodiscard]] bool all_stopped(const std::vector<ProcessState>& processes, const std::set<ProcessName>& told);
/// In the order in which they are to go on: children before their parents, for the same reason.
[[nodiscard]] std::vector<ProcessState> in_order_of_waking(std::vector<ProcessState> processes);

}  // namespace spawnai::engine::agent
