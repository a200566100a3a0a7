#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/id.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdio>
#include <system_error>

namespace spawnai {

namespace {

Error file_error(const char* what, const std::filesystem::path& path, int code,
                 ErrorKind kind = ErrorKind::usage) {
    const char* hint = "";
    if (code == ENOSPC || code == EDQUOT) hint = "free some disk space and run the command again";
    if (code == EACCES || code == EPERM || code == EROFS)
        hint = "check who owns it, or set SPAWNAI_HOME to a directory of yours";
    return Error(kind, fmt::format("cannot {} {}: {}", what, path.string(), errno_text(code)), hint);
}

/// An unfinished replacement of a file; removed unless it was put in place.
struct Temporary {
    std::filesystem::path path;
    Fd fd;
    bool placed = false;
    ~Temporary() {
        if (!placed && fd) ::unlink(path.c_str());
    }
};

Fd open_lock(const std::filesystem::path& path) {
    Fd fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) throw file_error("open", path, errno);
    return fd;
}

}  // namespace

std::string errno_text(int code) {
    return std::system_category().message(code);
}

Pipe make_pipe() {
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC) != 0)
        throw Error(ErrorKind::internal, "cannot make a pipe: " + errno_text(errno));
    return {Fd(ends[0]), Fd(ends[1])};
}

std::string read_file(const std::filesystem::path& path, std::size_t limit) {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd)
        throw file_error("open", path, errno,
                         errno == ENOENT || errno == ENOTDIR ? ErrorKind::not_found : ErrorKind::usage);
    std::string content;
    char piece[65536];
    for (;;) {
        const ssize_t got = ::read(fd.get(), piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) throw file_error("read", path, errno);
        if (got == 0) return content;
        content.append(piece, static_cast<std::size_t>(got));
        if (content.size() > limit)
            throw Error(ErrorKind::usage, fmt::format("{} is larger than {} bytes", path.string(), limit));
    }
}

std::optional<std::string> read_file_if_exists(const std::filesystem::path& path, std::size_t limit) {
    try {
        return read_file(path, limit);
    } catch (const Error& error) {
        if (error.kind() == ErrorKind::not_found) return std::nullopt;
        throw;
    }
}

void write_file_atomic(const std::filesystem::path& path, std::string_view content, unsigned mode) {
    Temporary temporary{path.string() + "." + random_token(8) + ".tmp", {}, false};
    temporary.fd = Fd(::open(temporary.path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode));
    if (!temporary.fd) throw file_error("write", path, errno);
    std::string_view rest = content;
    while (!rest.empty()) {
        const ssize_t put = ::write(temporary.fd.get(), rest.data(), rest.size());
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) throw file_error("write", path, errno);
        rest.remove_prefix(static_cast<std::size_t>(put));
    }
    // The umask must not decide about a file that may hold a key.
    if (::fchmod(temporary.fd.get(), mode) != 0 || ::fsync(temporary.fd.get()) != 0)
        throw file_error("write", path, errno);
    if (::rename(temporary.path.c_str(), path.c_str()) != 0) throw file_error("replace", path, errno);
    temporary.placed = true;
}

void make_private_directories(const std::filesystem::path& path) {
    if (path.empty() || ::access(path.c_str(), F_OK) == 0) {
        struct stat status {};
        if (!path.empty() && ::stat(path.c_str(), &status) == 0 && !S_ISDIR(status.st_mode))
            throw file_error("use", path, ENOTDIR);
        return;
    }
    make_private_directories(path.parent_path() == path ? std::filesystem::path() : path.parent_path());
    if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) throw file_error("make directory", path, errno);
}

FileLock FileLock::acquire(const std::filesystem::path& path) {
    Fd fd = open_lock(path);
    while (::flock(fd.get(), LOCK_EX) != 0)
        if (errno != EINTR) throw file_error("lock", path, errno);
    return FileLock(std::move(fd));
}

std::optional<FileLock> FileLock::try_acquire(const std::filesystem::path& path) {
    Fd fd = open_lock(path);
    while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
        if (errno == EWOULDBLOCK) return std::nullopt;
        if (errno != EINTR) throw file_error("lock", path, errno);
    }
    return FileLock(std::move(fd));
}

bool FileLock::held(const std::filesystem::path& path) noexcept {
    const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return false;
    // A shared try-lock sees an exclusive holder and does not disturb other look-ups.
    return ::flock(fd.get(), LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
}

}  // namespace spawnai
