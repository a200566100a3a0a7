#pragma once

#include <sys/types.h>

#include <chrono>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spawnai {

struct SubprocessRequest {
    std::vector<std::string>
        argv;  ///< argv[0] is looked up in PATH when it has no slash; no shell is involved
    std::vector<std::string> environment;  ///< "NAME=value" each; the child gets exactly these
    std::optional<std::filesystem::path> working_directory;
    std::string input;                         ///< fed to stdin, which is then closed
    std::chrono::milliseconds timeout{30000};  ///< then the process group is killed
    std::size_t output_limit = 1 << 20;  ///< bytes kept of stdout and of stderr; the rest is read and dropped
};

struct SubprocessResult {
    int exit_code = 0;  ///< 128 + n when signal n ended it
    bool timed_out = false;
    std::string output;
    std::string error_output;
};

/// Runs a program to its end, in its own process group, with default signal handling and no descriptor of
/// ours but 0 to 2. A stop request or the timeout kills the group. @throws Error{not_found} when the program
/// does not exist, Error{internal}.
[[nodiscard]] SubprocessResult run_subprocess(const SubprocessRequest& request, std::stop_token stop = {});

/// The absolute path of `name` in PATH-like list `search`, or empty.
[[nodiscard]] std::optional<std::filesystem::path> find_program(const std::string& name,
                                                                const std::string& search);

}  // namespace spawnai
