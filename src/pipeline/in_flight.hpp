#pragma once

#include <spawnai/core/file.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace spawnai::pipeline {

/// The right to have a request written: held by at most one living process (or thread) per request key, so that the same app is
/// not paid for twice. Given back when the object goes or the process dies.
class InFlight {
 public:
    /// Empty when somebody else holds it.
    [[nodiscard]] static std::optional<InFlight> try_acquire(const std::filesystem::path& run_dir,
                                                             const std::string& request_key);
    InFlight(InFlight&& other) noexcept : file_(std::exchange(other.file_, {})), lock_(std::move(other.lock_)) {}
    InFlight& operator=(InFlight&&) = delete;
    ~InFlight();

 private:
    InFlight(std::filesystem::path file, FileLock lock) : file_(std::move(file)), lock_(std::move(lock)) {}
    std::filesystem::path file_;
    FileLock lock_;
};

}  // namespace spawnai::pipeline
