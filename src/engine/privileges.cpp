#include "engine/privileges.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/engine/engine.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <vector>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;

constexpr const char* k_account_name = "spawnai";
// Between what distributions give to people and what systemd hands out, and within the 65,536 that a
// container may have.
constexpr uid_t k_first_free_uid = 60999;

bool may_search(const struct stat& status, const Account& account) {
    if (status.st_uid == account.uid) return (status.st_mode & S_IXUSR) != 0;
    if (status.st_gid == account.gid) return (status.st_mode & S_IXGRP) != 0;
    return (status.st_mode & S_IXOTH) != 0;
}

[[noreturn]] void refuse_root(const std::string& why) {
    throw Error(ErrorKind::no_sandbox, "do not run as root here: " + why, "run spawnai as a normal user");
}

}  // namespace

Account unprivileged_account() {
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwnam_r(k_account_name, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
        found->pw_uid != 0)
        return {found->pw_uid, found->pw_gid};
    uid_t uid = k_first_free_uid;
    while (::getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr) ++uid;
    return {uid, uid};
}

std::optional<fs::path> obstacle_for(const fs::path& path, const Account& account) {
    fs::path reached;
    for (const fs::path& part : path) {
        reached /= part;
        struct stat status {};
        if (::stat(reached.c_str(), &status) != 0) return std::nullopt;
        if (!S_ISDIR(status.st_mode) || !may_search(status, account)) return reached;
    }
    return std::nullopt;
}

void make_directory_for(const fs::path& directory, const Account& account) {
    fs::path reached;
    for (const fs::path& part : directory) {
        reached /= part;
        if (::mkdir(reached.c_str(), 0711) != 0) {
            if (errno == EEXIST) continue;
            throw Error(ErrorKind::no_sandbox, fmt::format("cannot make {}: {}", reached.string(), errno_text(errno)),
                        "set SPAWNAI_HOME to a directory that can be written");
        }
        // The umask of the user must not decide whether the engine can pass.
        ::chmod(reached.c_str(), 0711);
        if (::lchown(reached.c_str(), account.uid, account.gid) != 0) refuse_root(errno_text(errno));
    }
    if (const auto obstacle = obstacle_for(directory, account))
        throw Error(ErrorKind::no_sandbox,
                    fmt::format("{} is closed to the unprivileged account (uid {}) that runs sandboxes for root",
                                obstacle->string(), account.uid),
                    fmt::format("chmod o+x {}, or set SPAWNAI_HOME to a directory that others may pass, or run as a "
                                "normal user",
                                obstacle->string()));
    const Fd opened(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC));
    if (!opened || ::fchown(opened.get(), account.uid, account.gid) != 0 || ::fchmod(opened.get(), 0711) != 0)
        throw Error(ErrorKind::no_sandbox,
                    fmt::format("cannot hand {} to uid {}: {}", directory.string(), account.uid, errno_text(errno)),
                    "run spawnai as a normal user");
}

void make_home_passable(const Environment& environment, uid_t euid) noexcept {
    try {
        const auto home = environment.get("SPAWNAI_HOME");
        if (euid != 0 || !home || home->front() != '/') return;
        fs::path reached;
        for (const fs::path& part : fs::path(*home).lexically_normal()) {
            reached /= part;
            // The umask must not decide; a directory that was there keeps its mode.
            if (::mkdir(reached.c_str(), 0711) == 0) ::chmod(reached.c_str(), 0711);
        }
    } catch (const std::exception&) {
        // Out of memory: the next to need the directory says so.
    }
}

bool show_privately(const fs::path& directory, const fs::path& place, const Account& account) {
    static const bool own_namespace =
        ::unshare(CLONE_NEWNS) == 0 && ::mount("none", "/", nullptr, MS_REC | MS_SLAVE, nullptr) == 0;
    if (!own_namespace) return false;
    make_directory_for(place, account);
    return ::mount(directory.c_str(), place.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
           ::mount("none", place.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV, nullptr) ==
               0;
}

void become(const Account& account) {
    if (::setgroups(0, nullptr) != 0 || ::setresgid(account.gid, account.gid, account.gid) != 0 ||
        ::setresuid(account.uid, account.uid, account.uid) != 0)
        refuse_root(fmt::format("it cannot change to uid {} ({})", account.uid, errno_text(errno)));
    if (::setresuid(static_cast<uid_t>(-1), 0, static_cast<uid_t>(-1)) == 0 || ::geteuid() != account.uid)
        refuse_root("root cannot be given up for good");
    // Files made from here on are private unless they say otherwise.
    ::umask(077);
}

}  // namespace spawnai::engine
