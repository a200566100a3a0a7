#include "engine/remove_tree.hpp"

#include <spawnai/core/fd.hpp>

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <string>

namespace spawnai::engine {
namespace {

constexpr int k_open_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDirectory {
    void operator()(DIR* directory) const noexcept { ::closedir(directory); }
};

/// Deletes the files in `name` below `root`, and moves its directories up beside it: that way the depth that
/// an app chose is neither a recursion depth nor a path length of ours. @return whether anything went away.
bool flatten(int root, const char* name, unsigned& counter) {
    ::fchmodat(root, name, 0700, 0);
    const Fd opened(::openat(root, name, k_open_directory));
    if (!opened) return ::unlinkat(root, name, 0) == 0;
    const int for_listing = ::dup(opened.get());
    const std::unique_ptr<DIR, CloseDirectory> list(for_listing >= 0 ? ::fdopendir(for_listing) : nullptr);
    if (!list) {
        if (for_listing >= 0) ::close(for_listing);
        return false;
    }
    bool progress = false;
    while (const dirent* entry = ::readdir(list.get())) {
        const char* child = entry->d_name;
        if (std::strcmp(child, ".") == 0 || std::strcmp(child, "..") == 0) continue;
        if (::unlinkat(opened.get(), child, 0) == 0) {
            progress = true;
            continue;
        }
        if (errno != EISDIR && errno != EPERM) continue;
        if (::unlinkat(opened.get(), child, AT_REMOVEDIR) == 0) {
            progress = true;
            continue;
        }
        // Moving a directory needs the right to write in it. No link can have taken its place: nothing lives
        // here any more.
        ::fchmodat(opened.get(), child, 0700, 0);
        const std::string moved = ".remove-" + std::to_string(counter++);
        if (::renameat(opened.get(), child, root, moved.c_str()) == 0) progress = true;
    }
    return ::unlinkat(root, name, AT_REMOVEDIR) == 0 || progress;
}

}  // namespace

bool remove_tree(const std::filesystem::path& directory) noexcept {
    try {
        const Fd root(::open(directory.c_str(), k_open_directory));
        if (!root) return errno == ENOENT;
        ::fchmod(root.get(), 0700);
        unsigned counter = 0;
        for (;;) {
            const int for_listing = ::openat(root.get(), ".", k_open_directory);
            const std::unique_ptr<DIR, CloseDirectory> list(for_listing >= 0 ? ::fdopendir(for_listing)
                                                                             : nullptr);
            if (!list) {
                if (for_listing >= 0) ::close(for_listing);
                break;
            }
            bool progress = false;
            while (const dirent* entry = ::readdir(list.get())) {
                if (std::strcmp(entry->d_name, ".") == 0 || std::strcmp(entry->d_name, "..") == 0) continue;
                const std::string name = entry->d_name;
                if (::unlinkat(root.get(), name.c_str(), 0) == 0 ||
                    flatten(root.get(), name.c_str(), counter))
                    progress = true;
            }
            if (!progress) break;
        }
        return ::rmdir(directory.c_str()) == 0;
    } catch (const std::exception&) {
        return false;
    }
}

}  // namespace spawnai::engine
