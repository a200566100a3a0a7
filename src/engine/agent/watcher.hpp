#pragma once

#include "engine/agent/disk_usage.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/settings.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>

namespace spawnai::engine::agent {

/// Holds the sandbox to its limits on memory and disk, which no rlimit can: looks a few times a second while any process lives,
/// ends all of them when a limit is passed, and says so to those who follow them, in the app's log and on stdout. The sandbox
/// itself goes on.
class Watcher {
 public:
    Watcher(Loop& loop, const Settings& settings, ProcessTable& processes);
    Watcher(const Watcher&) = delete;
    Watcher& operator=(const Watcher&) = delete;

    /// A process was started.
    void wake();
    /// While held it judges nobody: the processes are stopped by somebody else.
    void hold();
    void release();
    /// Ends every process of the sandbox and says why.
    void end_all(const std::string& reason);
    /// Accounts for bytes that the agent itself is about to store. @return false when there is no room for them
    [[nodiscard]] bool take_disk(std::int64_t bytes);
    /// Calls back with a fresh measurement (at most two seconds old).
    void measure_disk(std::function<void(const DiskUsage&)> done);

 private:
    using Time = std::chrono::steady_clock::time_point;
    void tick();
    [[nodiscard]] bool check_memory();
    void check_disk();
    void scan_disk();
    void judge_disk(const DiskUsage& usage);
    void measured(const DiskUsage& usage);
    [[nodiscard]] bool disk_exceeded(const DiskUsage& usage) const;

    Loop& loop_;
    const Settings& settings_;
    ProcessTable& processes_;
    bool ticking_ = false;
    bool memory_high_ = false;
    bool scanning_ = false;
    bool held_ = false;
    bool stopped_ = false;  ///< the processes are held while the disk is measured again
    DiskUsage disk_;
    std::int64_t stored_ = 0;     ///< by the agent, since the last measurement began
    std::int64_t tolerated_ = 0;  ///< what was there when processes were last ended for it: clean-up must be possible
    std::int64_t tolerated_entries_ = 0;
    std::uint64_t free_at_scan_ = 0;
    std::uint64_t inodes_at_scan_ = 0;
    Time scan_started_{};
    Time next_scan_{};
    std::optional<Time> measured_;
};

}  // namespace spawnai::engine::agent
