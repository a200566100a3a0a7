#pragma once

#include <spawnai/core/clock.hpp>

#include <chrono>
#include <filesystem>
#include <optional>
#include <string>

namespace spawnai::engine {

/// The end of an app's output.
struct AppLog {
    std::string text;  ///< whole lines, except perhaps the last; at most 256 KiB
    WallTime written;  ///< when it was last written to
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
