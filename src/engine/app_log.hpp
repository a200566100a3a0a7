#pragma once

#include <spawnai/core/clock.hpp>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::engine {

/// The end of an app's output.
struct AppLog {
    std::string text;         ///< whole lines, except perhaps the last; at most 256 KiB
    WallTime written;         ///< when it was last written to
    std::int64_t offset = 0;  ///< of `text` in the whole output
};

/// Remembers when each part of an output that grows was first seen, so that a line keeps its time from one look
/// to the next. Not thread-safe.
class LogTimes {
 public:
    /// Takes note of the output as it is now. One that became shorter was started anew.
    void note(std::int64_t size, WallTime written);
    /// The time of the byte before `end`.
    [[nodiscard]] WallTime at(std::int64_t end) const;

 private:
    struct Mark {
        std::int64_t size;
        WallTime time;
    };
    std::vector<Mark> marks_;
};

/// Reads the app's output file of a sandbox from the host's side. Whatever the app put in its place (links,
/// pipes, devices, directories) is not followed and not waited for: then, and when there is no file, the
/// result is empty.
[[nodiscard]] std::optional<AppLog> read_app_log(const std::filesystem::path& sandbox_dir);

/// The logs of sandboxes that ended, kept for a week and at most 500 of them.
class EndedLogs {
 public:
    explicit EndedLogs(std::filesystem::path directory) : directory_(std::move(directory)) {}
    /// Nothing is thrown: a log that cannot be kept must not keep a sandbox from being cleaned up.
    void keep(const std::string& id, const AppLog& log) const noexcept;
    [[nodiscard]] std::optional<AppLog> find(const std::string& id) const;
    void prune(WallTime now) const noexcept;

 private:
    std::filesystem::path directory_;
};

}  // namespace spawnai::engine
