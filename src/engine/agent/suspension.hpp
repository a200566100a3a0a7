#pragma once

#include "engine/agent/deadline.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/process_tree.hpp"
#include "engine/agent/watcher.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <set>
#include <vector>

namespace spawnai::engine::agent {

/// When the sandbox ends; milliseconds since the epoch.
struct Times {
    std::int64_t deadline = 0;
    std::int64_t end = 0;  ///< of a paused sandbox too
    bool pause_at_deadline = false;
};

/// Whether the sandbox runs or is paused, and what its deadline means for that, engine or no engine. A paused sandbox is one
/// whose processes are all stopped: there is no image of its memory, which stays where it is.
class Suspension {
 public:
    Suspension(Loop& loop, ProcessTable& processes, Watcher& watcher);
    Suspension(const Suspension&) = delete;
    Suspension& operator=(const Suspension&) = delete;

    /// Of a paused one only the end counts.
    void set(const Times& times);
    [[nodiscard]] const Times& times() const noexcept { return times_; }
    /// From the beginning of a pause on: nothing is started any more.
    [[nodiscard]] bool paused() const noexcept { return paused_; }

    /// Stops every process, or ends them all when `keep_memory` is false. `done` is told whether it came to that; if not, the
    /// sandbox goes on as if nothing had been.
    using Done = std::function<void(bool)>;
    void pause(bool keep_memory, Done done);
    /// Lets them go on, until `deadline`; or ends them when `keep_memory` is false.
    void resume(std::int64_t deadline, bool keep_memory);

 private:
    void reached();
    void round();
    void finish(bool success);
    void guard();
    void let_go();

    Loop& loop_;
    ProcessTable& processes_;
    Watcher& watcher_;
    Deadline timer_;
    Times times_;
    bool paused_ = false;
    bool keep_memory_ = true;
    bool complete_ = false;  ///< of a pause: all are stopped
    int rounds_ = 0;
    int risings_ = 0;
    std::chrono::steady_clock::time_point give_up_at_{};
    std::optional<Loop::Timer> next_;  ///< the next look at the processes, while paused
    std::vector<Done> waiting_;
    std::set<ProcessName> told_;
    std::set<ProcessName> stopped_before_;  ///< by a user inside: not ours to wake
};

}  // namespace spawnai::engine::agent
