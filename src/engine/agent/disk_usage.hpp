#pragma once

#include "engine/agent/loop.hpp"

#include <dirent.h>
#include <sys/types.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace spawnai::engine::agent {

struct DiskUsage {
    std::int64_t bytes = 0;    ///< blocks allocated
    std::int64_t entries = 0;  ///< files, directories and links
    bool measurable = true;    ///< false when a tree is nested too deeply to be looked at
};

/// Measures the directories that the sandbox can write, and files that were deleted but are still open or mapped. Runs in slices
/// on the loop and keeps itself alive; `done` gets the result.
class DiskScan : public std::enable_shared_from_this<DiskScan> {
 public:
    using Done = std::function<void(const DiskUsage&)>;
    static void start(Loop& loop, std::vector<std::string> roots, Done done);

    DiskScan(Loop& loop, std::vector<std::string> roots, Done done)
        : loop_(loop), pending_(std::move(roots)), done_(std::move(done)) {}

 private:
    struct CloseDirectory {
        void operator()(DIR* directory) const noexcept { ::closedir(directory); }
    };
    using Directory = std::unique_ptr<DIR, CloseDirectory>;

    void run();
    bool step(int& budget);
    [[nodiscard]] static Directory open_directory(const std::string& path);
    void open_next();
    void read_entries(int& budget);
    void list_processes();
    void count_open_files(const std::string& process, int& budget);
    void count_mappings(const std::string& process);

    Loop& loop_;
    std::vector<std::string> pending_;
    Done done_;
    DiskUsage usage_;
    std::string path_;  ///< of the directory being read
    Directory directory_;
    bool processes_listed_ = false;
    std::vector<std::string> processes_;      ///< "/proc/<pid>" of those to be looked at
    std::set<std::pair<dev_t, ino_t>> seen_;  ///< deleted files that were counted
};

}  // namespace spawnai::engine::agent
