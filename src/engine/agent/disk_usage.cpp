#include "engine/agent/disk_usage.hpp"

#include <spawnai/core/fd.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <fstream>

namespace spawnai::engine::agent {
namespace {

constexpr int k_slice = 2000;
/// Beyond this the answer is the same: far too many.
constexpr std::int64_t k_enough_entries = 1'000'000;

std::int64_t allocated(const struct stat& status) {
    return std::int64_t{status.st_blocks} * 512;
}

}  // namespace

void DiskScan::start(Loop& loop, std::vector<std::string> roots, Done done) {
    std::make_shared<DiskScan>(loop, std::move(roots), std::move(done))->run();
}

DiskScan::Directory DiskScan::open_directory(const std::string& path) {
    const auto open = [&path] { return ::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC); };
    int descriptor = open();
    if (descriptor < 0 && errno == EACCES) {
        // Closed by its owner, which is us too: nothing shall hide behind that.
        struct stat status {};
        if (::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) {
            ::chmod(path.c_str(), (status.st_mode & 07777U) | S_IRUSR | S_IXUSR);
            descriptor = open();
        }
    }
    return Directory(descriptor < 0 ? nullptr : ::fdopendir(descriptor));
}

void DiskScan::run() {
    int budget = k_slice;
    while (budget > 0 && step(budget)) {
    }
    if (budget > 0) {
        done_(usage_);
        return;
    }
    loop_.later([self = shared_from_this()] { self->run(); });
}

bool DiskScan::step(int& budget) {
    if (usage_.entries < k_enough_entries && directory_) {
        read_entries(budget);
        return true;
    }
    if (usage_.entries < k_enough_entries && !pending_.empty()) {
        --budget;
        open_next();
        return true;
    }
    if (!processes_listed_) {
        list_processes();
        return true;
    }
    if (processes_.empty()) return false;
    count_open_files(processes_.back(), budget);
    count_mappings(processes_.back());
    processes_.pop_back();
    --budget;
    return true;
}

void DiskScan::open_next() {
    path_ = std::move(pending_.back());
    pending_.pop_back();
    directory_ = open_directory(path_);
    if (!directory_ && errno == ENAMETOOLONG) usage_.measurable = false;
}

void DiskScan::read_entries(int& budget) {
    for (; budget > 0; --budget) {
        const dirent* entry = ::readdir(directory_.get());
        if (entry == nullptr) {
            directory_.reset();
            return;
        }
        const std::string name = entry->d_name;
        struct stat status {};
        if (name == "." || name == "..") continue;
        if (::fstatat(::dirfd(directory_.get()), name.c_str(), &status, AT_SYMLINK_NOFOLLOW) != 0) continue;
        ++usage_.entries;
        const bool is_directory = S_ISDIR(status.st_mode);
        // Each of the links to one file carries its share.
        usage_.bytes += allocated(status) /
                        (is_directory ? 1 : std::max<std::int64_t>(static_cast<std::int64_t>(status.st_nlink), 1));
        if (is_directory) pending_.push_back(path_ + "/" + name);
    }
}

void DiskScan::list_processes() {
    processes_listed_ = true;
    const Directory directory(::opendir("/proc"));
    while (const dirent* entry = directory ? ::readdir(directory.get()) : nullptr) {
        const std::string pid = entry->d_name;
        if (pid.front() >= '1' && pid.front() <= '9' && pid != "1") processes_.push_back("/proc/" + pid);
    }
}

void DiskScan::count_open_files(const std::string& process, int& budget) {
    const Directory descriptors(::opendir((process + "/fd").c_str()));
    while (const dirent* entry = descriptors ? ::readdir(descriptors.get()) : nullptr) {
        struct stat status {};
        --budget;
        if (::fstatat(::dirfd(descriptors.get()), entry->d_name, &status, 0) != 0) continue;
        if (!S_ISREG(status.st_mode) || status.st_nlink != 0) continue;
        if (seen_.emplace(status.st_dev, status.st_ino).second) usage_.bytes += allocated(status);
    }
}

void DiskScan::count_mappings(const std::string& process) {
    constexpr std::string_view k_mark = " (deleted)";
    std::ifstream maps(process + "/maps");
    for (std::string line; std::getline(maps, line);) {
        if (line.size() < k_mark.size() || line.compare(line.size() - k_mark.size(), k_mark.size(), k_mark) != 0)
            continue;
        unsigned long start = 0;
        unsigned long end = 0;
        unsigned long inode = 0;
        unsigned major = 0;
        unsigned minor = 0;
        if (std::sscanf(line.c_str(), "%lx-%lx %*s %*x %x:%x %lu", &start, &end, &major, &minor, &inode) != 5) continue;
        // Shared anonymous memory looks like a deleted /dev/zero: that is memory, not disk.
        if (line.find("/dev/zero") != std::string::npos || line.find("/SYSV") != std::string::npos) continue;
        // The mapped length stands for the size, which cannot be asked for.
        if (seen_.emplace(gnu_dev_makedev(major, minor), inode).second)
            usage_.bytes += static_cast<std::int64_t>(end - start);
    }
}

}  // namespace spawnai::engine::agent
