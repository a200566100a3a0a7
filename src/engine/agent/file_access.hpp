#pragma once

#include <spawnai/core/fd.hpp>

#include <sys/stat.h>

#include <stdexcept>
#include <string>

namespace spawnai::engine::agent {

/// Why a file could not be used, as errno, for both the plain endpoints and the RPCs.
class FileFailure : public std::runtime_error {
 public:
    explicit FileFailure(int code) : std::runtime_error("file failure"), code_(code) {}
    [[nodiscard]] int code() const noexcept { return code_; }

 private:
    int code_;
};

/// Opens a regular file that a client named. The app may have planted links anywhere: descriptors of the
/// agent in /proc are never followed, devices and pipes are never opened, and nothing in /proc is written.
/// @throws FileFailure
[[nodiscard]] Fd open_for_reading(const std::string& path, struct stat& status);
/// As above, made when absent with its parents (0755), and emptied. @throws FileFailure
[[nodiscard]] Fd open_for_writing(const std::string& path);

/// mkdir -p. @return 0 or errno
[[nodiscard]] int make_directories(const std::string& path);

}  // namespace spawnai::engine::agent
