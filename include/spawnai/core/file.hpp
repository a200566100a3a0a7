#pragma once

#include <spawnai/core/fd.hpp>

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai {

/// Text of errno value `code`, without the thread trap of strerror.
[[nodiscard]] std::string errno_text(int code);

/// A close-on-exec pipe. @throws Error{internal}
[[nodiscard]] Pipe make_pipe();

/// The whole file. @throws Error{not_found} when it does not exist, Error{usage} when it is larger than
/// `limit` bytes, is a directory or cannot be read.
[[nodiscard]] std::string read_file(const std::filesystem::path& path, std::size_t limit);
/// As read_file, but an absent file is an empty optional.
[[nodiscard]] std::optional<std::string> read_file_if_exists(const std::filesystem::path& path,
                                                             std::size_t limit);

/// Replaces `path` in one step: a temporary file beside it, fsync, rename. A crash leaves the old content or
/// the new one.
/// @throws Error{usage} naming the path and the reason (no space, no permission ...).
void write_file_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode = 0600);

/// Makes `path` and its missing parents with mode 0700 each. Existing directories are left as they are.
/// @throws Error{usage}
void make_private_directories(const std::filesystem::path& path);

/// An advisory lock on a file, held until the object goes or the process dies, whatever the cause of death.
class FileLock {
 public:
    /// Waits for the lock. Creates the file with mode 0600 when absent. @throws Error{usage}
    [[nodiscard]] static FileLock acquire(const std::filesystem::path& path);
    /// Empty when somebody else holds it. @throws Error{usage} when the file cannot be opened or created.
    [[nodiscard]] static std::optional<FileLock> try_acquire(const std::filesystem::path& path);
    /// Whether a living process holds the lock; an absent or unreadable file counts as not held.
    [[nodiscard]] static bool held(const std::filesystem::path& path) noexcept;
    [[nodiscard]] int fd() const noexcept { return fd_.get(); }

 private:
    explicit FileLock(Fd fd) : fd_(std::move(fd)) {}
    Fd fd_;
};

}  // namespace spawnai
