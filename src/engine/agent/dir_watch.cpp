#include "engine/agent/dir_watch.hpp"

#include "engine/agent/entry_info.hpp"

#include <dirent.h>
#include <sys/epoll.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <vector>

namespace spawnai::engine::agent {
namespace {

constexpr std::uint32_t k_created = IN_CREATE | IN_MOVED_TO;
constexpr std::uint32_t k_events = k_created | IN_MODIFY | IN_DELETE | IN_MOVED_FROM | IN_ATTRIB;

struct Change {
    std::uint32_t mask;
    const char* name;
    bool exists;  ///< there is something to describe
};
constexpr std::array<Change, 5> k_changes{{{k_created, "EVENT_TYPE_CREATE", true},
                                           {IN_MODIFY, "EVENT_TYPE_WRITE", true},
                                           {IN_DELETE, "EVENT_TYPE_REMOVE", false},
                                           {IN_MOVED_FROM, "EVENT_TYPE_RENAME", false},
                                           {IN_ATTRIB, "EVENT_TYPE_CHMOD", true}}};

std::string join(const std::string& directory, const std::string& name) {
    return directory.empty() ? name : directory + "/" + name;
}

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

std::vector<std::string> names_in(const std::string& path) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDirectory> directory(::opendir(path.c_str()));
    if (!directory) return names;
    while (const dirent* entry = ::readdir(directory.get())) {
        const std::string name = entry->d_name;
        if (name != "." && name != "..") names.push_back(name);
    }
    return names;
}

bool is_directory(const std::string& path) {
    struct stat status {};
    return ::lstat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

}  // namespace

DirWatch::DirWatch(Loop& loop, std::string path, bool recursive, bool include_entry, Handler handler)
    : loop_(loop),
      path_(std::move(path)),
      recursive_(recursive),
      include_entry_(include_entry),
      handler_(std::move(handler)),
      inotify_(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK)) {
    if (!inotify_) throw RpcError("resource_exhausted", "no more watchers on this machine");
    struct stat status {};
    if (::stat(path_.c_str(), &status) != 0) throw RpcError("not_found", "path " + path_ + " not found");
    if (!S_ISDIR(status.st_mode)) throw RpcError("invalid_argument", "path " + path_ + " is not a directory");
    add({}, false);
    if (directories_.empty()) {
        throw RpcError(errno == ENOSPC ? "resource_exhausted" : "internal",
                       "cannot watch " + path_ + ": " + std::strerror(errno));
    }
    loop_.watch(inotify_.get(), EPOLLIN, [this](std::uint32_t) { read_events(); });
}

DirWatch::~DirWatch() {
    loop_.forget(inotify_.get());
}

void DirWatch::add(const std::string& relative, bool report_content) {
    const std::string directory = relative.empty() ? path_ : path_ + "/" + relative;
    // Below the root links are not followed: they may lead out of the tree, or round in it.
    const std::uint32_t links = relative.empty() ? 0 : IN_DONT_FOLLOW;
    const int watch = ::inotify_add_watch(inotify_.get(), directory.c_str(), k_events | IN_ONLYDIR | links);
    if (watch < 0) return;
    directories_[watch] = relative;
    if (!recursive_ && !report_content) return;
    for (const std::string& name : names_in(directory)) {
        const std::string child = join(relative, name);
        // What was made in a new directory before it was watched.
        if (report_content) report(child, IN_CREATE);
        if (recursive_ && is_directory(path_ + "/" + child)) add(child, report_content);
    }
}

void DirWatch::read_events() {
    alignas(inotify_event) std::array<char, 16384> buffer;
    const ssize_t size = ::read(inotify_.get(), buffer.data(), buffer.size());
    for (ssize_t position = 0; position < size;) {
        inotify_event event{};
        std::memcpy(&event, buffer.data() + position, sizeof(event));
        const char* name = buffer.data() + position + sizeof(event);
        position += static_cast<ssize_t>(sizeof(event) + event.len);
        if ((event.mask & IN_IGNORED) != 0) {
            directories_.erase(event.wd);
            continue;
        }
        const auto directory = directories_.find(event.wd);
        if (directory == directories_.end() || event.len == 0) continue;
        const std::string relative = join(directory->second, name);
        report(relative, event.mask);
        if (recursive_ && (event.mask & IN_ISDIR) != 0 && (event.mask & k_created) != 0) add(relative, true);
    }
}

void DirWatch::report(const std::string& relative, std::uint32_t mask) {
    for (const Change& change : k_changes) {
        if ((mask & change.mask) == 0) continue;
        Json event = {{"name", relative}, {"type", change.name}};
        if (include_entry_ && change.exists) {
            if (auto entry = entry_info(path_ + "/" + relative)) event["entry"] = std::move(*entry);
        }
        handler_(std::move(event));
    }
}

}  // namespace spawnai::engine::agent
