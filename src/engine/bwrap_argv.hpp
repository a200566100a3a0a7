#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace spawnai::engine {

/// What of this host the arguments depend on. Everything named here exists.
struct HostView {
    /// "bin" -> "usr/bin" where the host has a symbolic link, "bin" -> "" where it is a directory of its own.
    std::map<std::string, std::string> top_level;
    std::vector<std::string> proc_files;        ///< below /proc, covered by /dev/null
    std::vector<std::string> proc_directories;  ///< below /proc, covered by an empty directory
    std::vector<std::string> etc_files;         ///< below /etc, mounted read-only
    std::vector<std::string> etc_directories;
};
/// Looks at the file system of this machine.
[[nodiscard]] HostView look_at_host();

struct BwrapPolicy {
    std::filesystem::path state_dir;                    ///< holds etc, shm, tmp, home and app
    std::filesystem::path agent;                        ///< becomes /run/agent
    std::vector<std::pair<int, std::string>> runtimes;  ///< descriptor as bwrap inherits it, place inside
    std::vector<std::pair<std::string, std::string>>
        environment;  ///< in addition to PATH, HOME, TMPDIR and LANG
};

/// The arguments for one strict sandbox, up to and without `--`: pure, and the whole of the mount policy.
[[nodiscard]] std::vector<std::string> bwrap_arguments(const BwrapPolicy& policy, const HostView& host);

/// The generated files of /etc: name to content.
[[nodiscard]] std::map<std::string, std::string> sandbox_etc(bool internet);

}  // namespace spawnai::engine
