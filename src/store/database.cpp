#include "database.hpp"

#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <random>
#include <thread>

namespace spawnai::store {
namespace {

constexpr auto k_patience = std::chrono::seconds(60);

std::string move_aside(const std::filesystem::path& file) {
    return fmt::format(
        "nothing was deleted; 'spawnai doctor' examines the file, and to start afresh move it aside: mv "
        "'{0}' '{0}.damaged'",
        file.string());
}

// SQLite would make the file with the umask's mode, and its -wal and -shm take over the mode of the file.
// @return false when the file is there but on a read-only disk.
bool make_private_file(const std::filesystem::path& file) {
    if (file.has_parent_path()) make_private_directories(file.parent_path());
    const Fd fd(::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (!fd) {
        const int code = errno;
        if (code == EROFS && ::access(file.c_str(), R_OK) == 0) return false;
        throw Error(ErrorKind::usage, fmt::format("cannot open the store {}: {}", file.string(), errno_text(code)),
                    code == ENOSPC || code == EDQUOT
                        ? "free some space on that disk"
                        : "check its permissions, or name another place with SPAWNAI_HOME");
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0) return true;
    if (!S_ISREG(status.st_mode))
        throw Error(ErrorKind::usage, fmt::format("the store {} is not a regular file", file.string()),
                    "move it aside, or name another place with SPAWNAI_HOME");
    if (status.st_uid == ::geteuid() && (status.st_mode & 0077U) != 0) ::fchmod(fd.get(), 0600);
    return true;
}

std::string uri_of(const std::filesystem::path& file) {
    std::string uri = "file:";
    for (const char c : std::filesystem::absolute(file).string())
        uri += c == '?' || c == '#' || c == '%' ? fmt::format("%{:02x}", static_cast<unsigned char>(c))
                                                : std::string(1, c);
    return uri;
}

/// SQLite's "unable to open" says little: WAL needs files beside the store, so the directory decides too.
std::string why_closed(const std::filesystem::path& file, const SQLite::Exception& failure) {
    struct statvfs system {};
    if (::statvfs(file.parent_path().c_str(), &system) == 0 && (system.f_flag & ST_RDONLY) != 0)
        return "its file system is read-only";
    if (::access(file.parent_path().c_str(), W_OK) != 0) return "its directory cannot be written";
    return failure.what();
}

}  // namespace

Error translate(const SQLite::Exception& failure, const std::filesystem::path& file) {
    const std::string name = file.string();
    const int extended = failure.getExtendedErrorCode();
    // SQLite reports a failed write through errno only in its extended codes, and a full disk in several of
    // them.
    switch (failure.getErrorCode()) {
        case SQLITE_CORRUPT:
            return Error(ErrorKind::usage, fmt::format("the store {} is damaged: {}", name, failure.what()),
                         move_aside(file));
        case SQLITE_NOTADB:
            return Error(ErrorKind::usage, fmt::format("{} is not a spawnai store: {}", name, failure.what()),
                         move_aside(file));
        case SQLITE_READONLY:
        case SQLITE_PERM:
            return Error(ErrorKind::usage, fmt::format("the store {} is read-only", name),
                         "make the file and its directory writable, or name another place with SPAWNAI_HOME");
        case SQLITE_CANTOPEN:
            return Error(ErrorKind::usage, fmt::format("cannot open the store {}: {}", name, why_closed(file, failure)),
                         "check that its directory exists and can be written, or name another place with "
                         "SPAWNAI_HOME");
        case SQLITE_FULL:
            return Error(ErrorKind::usage, fmt::format("the disk that holds the store {} is full", name),
                         "free some space there; everything recorded so far is kept");
        case SQLITE_IOERR:
            if (extended == SQLITE_IOERR_WRITE || extended == SQLITE_IOERR_SHMSIZE || extended == SQLITE_IOERR_FSYNC ||
                extended == SQLITE_IOERR_TRUNCATE)
                return Error(ErrorKind::usage,
                             fmt::format("the store {} cannot be written: the disk is full or failing", name),
                             "free some space there; everything recorded so far is kept");
            return Error(ErrorKind::usage,
                         fmt::format("the store {} cannot be read or written: {}", name, failure.what()),
                         "check the disk, or name another place with SPAWNAI_HOME");
        case SQLITE_BUSY:
        case SQLITE_LOCKED:
        case SQLITE_PROTOCOL:
            return Error(ErrorKind::unavailable,
                         fmt::format("another process has held the store {} for a minute", name),
                         "end the process that holds it ('fuser' names it) and try again");
        case SQLITE_NOMEM:
            return Error(ErrorKind::internal, "out of memory while using the store");
        default:
            return Error(ErrorKind::internal,
                         fmt::format("the store {} failed: {} (SQLite code {})", name, failure.what(), extended),
                         "run 'spawnai doctor' to examine it");
    }
}

// SQLite's own waiting doubles its sleeps to 100 ms, which starves writers when a hundred of them queue;
// short random sleeps share the lock evenly.
int Database::wait_for_lock(void* patience, int tries) {
    thread_local std::minstd_rand random{std::random_device{}()};
    auto& since = static_cast<Patience*>(patience)->since;
    const auto now = std::chrono::steady_clock::now();
    if (tries == 0) since = now;
    if (now - since > k_patience) return 0;
    const unsigned longest = tries < 4 ? 1000 : 8000;
    std::this_thread::sleep_for(std::chrono::microseconds(200 + random() % longest));
    return 1;
}

Database::Place Database::find_place(const std::filesystem::path& file) {
    if (make_private_file(file)) return {file.string(), SQLite::OPEN_READWRITE, false};
    // Nobody can change the file, and the files that WAL mode wants beside it cannot be made.
    return {uri_of(file) + "?immutable=1", SQLite::OPEN_READONLY | SQLite::OPEN_URI, true};
}

Database::Database(const std::filesystem::path& file) : place_(find_place(file)), db_(place_.name, place_.flags) {
    sqlite3_busy_handler(db_.getHandle(), &Database::wait_for_lock, &patience_);
    db_.exec("PRAGMA foreign_keys = ON; PRAGMA synchronous = NORMAL; PRAGMA temp_store = MEMORY;");
}

int Database::user_version() {
    return static_cast<int>(pragma("user_version"));
}

std::int64_t Database::pragma(const char* name) {
    return db_.execAndGet(std::string("PRAGMA ") + name).getInt64();
}

std::string Database::journal_mode() {
    return db_.execAndGet("PRAGMA journal_mode").getString();
}

}  // namespace spawnai::store
