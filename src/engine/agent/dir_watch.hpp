#pragma once

#include "engine/agent/encoding.hpp"
#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

#include <functional>
#include <map>
#include <string>

namespace spawnai::engine::agent {

/// Follows the changes in one directory, or in the whole tree below it, by inotify.
class DirWatch {
 public:
    /// A FilesystemEvent message.
    using Handler = std::function<void(Json event)>;

    /// @throws RpcError when `path` is no directory or the machine's limit on watches is used up.
    DirWatch(Loop& loop, std::string path, bool recursive, bool include_entry, Handler handler);
    ~DirWatch();
    DirWatch(const DirWatch&) = delete;
    DirWatch& operator=(const DirWatch&) = delete;

 private:
    void add(const std::string& relative, bool report_content);
    void read_events();
    void report(const std::string& relative, std::uint32_t mask);

    Loop& loop_;
    std::string path_;
    bool recursive_;
    bool include_entry_;
    Handler handler_;
    Fd inotify_;
    std::map<int, std::string> directories_;  ///< watch descriptor to path relative to the root, "" for the root
};

}  // namespace spawnai::engine::agent
