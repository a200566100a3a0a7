#include "engine/agent/file_access.hpp"

#include <fcntl.h>
#include <linux/magic.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

namespace spawnai::engine::agent {
namespace {

Fd open_strictly(const std::string& path, int flags, mode_t mode) {
    open_how how{};
    how.flags = static_cast<std::uint64_t>(static_cast<unsigned>(flags | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    how.mode = mode;
    how.resolve = RESOLVE_NO_MAGICLINKS;
    return Fd(static_cast<int>(::syscall(SYS_openat2, AT_FDCWD, path.c_str(), &how, sizeof(how))));
}

[[noreturn]] void fail(int code) {
    throw FileFailure{code};
}  // NOLINT(hicpp-exception-baseclass)

}  // namespace

Fd open_for_reading(const std::string& path, struct stat& status) {
    Fd file = open_strictly(path, O_RDONLY, 0);
    if (!file) fail(errno);
    if (::fstat(file.get(), &status) != 0) fail(errno);
    if (S_ISDIR(status.st_mode)) fail(EISDIR);
    if (!S_ISREG(status.st_mode)) fail(EINVAL);
    return file;
}

Fd open_for_writing(const std::string& path) {
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && slash > 0) {
        if (const int code = make_directories(path.substr(0, slash)); code != 0) fail(code);
    }
    Fd file = open_strictly(path, O_WRONLY | O_CREAT, 0666);
    if (!file) fail(errno);
    struct stat status {};
    struct statfs system {};
    if (::fstat(file.get(), &status) != 0 || ::fstatfs(file.get(), &system) != 0) fail(errno);
    if (!S_ISREG(status.st_mode)) fail(EINVAL);
    if (system.f_type == PROC_SUPER_MAGIC) fail(EACCES);
    if (::ftruncate(file.get(), 0) != 0) fail(errno);
    return file;
}

int make_directories(const std::string& path) {
    for (std::size_t position = 1; position <= path.size(); ++position) {
        position = std::min(path.find('/', position), path.size());
        const std::string part = path.substr(0, position);
        if (::mkdir(part.c_str(), 0755) == 0 || errno == EEXIST) continue;
        // A read-only parent says so even of directories that are there.
        const int code = errno;
        struct stat status {};
        if (::stat(part.c_str(), &status) != 0) return code;
        if (!S_ISDIR(status.st_mode)) return ENOTDIR;
    }
    struct stat status {};
    if (::stat(path.c_str(), &status) != 0) return errno;
    return S_ISDIR(status.st_mode) ? 0 : ENOTDIR;
}

}  // namespace spawnai::engine::agent
