#pragma once

#include <spawnai/core/clock.hpp>

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>

namespace spawnai::engine {

/// state.json of one sandbox: all that a new engine needs to find it again, and what clients are told about
/// it.
struct SandboxRecord {
    std::string id;
    std::string template_id = "base";
    std::map<std::string, std::string> metadata;
    WallTime created;
    WallTime deadline;
    bool internet = false;
    bool auto_pause = false;    ///< at its deadline, instead of being ended
    bool auto_resume = false;   ///< by traffic
    bool paused = false;        ///< the deadline is then when it ends for good
    std::string access_token;   ///< 64 hex digits, for the daemon inside
    std::string traffic_token;  ///< empty: apps are open to whoever knows the host name

    std::filesystem::path socket;  ///< on which the agent answers

    pid_t pid = 0;                    ///< of the agent; 0 until it was started
    std::uint64_t start_time = 0;     ///< of that process, in clock ticks since boot
    std::string boot_id;              ///< pids mean nothing after a reboot
    std::uint64_t pid_namespace = 0;  ///< inode
};

/// Written before the sandbox is started and after every change that must survive. @throws Error
void save_record(const std::filesystem::path& sandbox_dir, const SandboxRecord& record);
/// Empty when there is none or it cannot be read: then nothing that it might name is ever touched.
[[nodiscard]] std::optional<SandboxRecord> load_record(const std::filesystem::path& sandbox_dir);

[[nodiscard]] std::string current_boot_id();

/// Whether `record.pid` is still the process that the record was written for, and not another that got its
/// number.
[[nodiscard]] bool is_same_process(const SandboxRecord& record, int pidfd);

}  // namespace spawnai::engine
