#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include <sys/types.h>

#include <spawnai/core/clock.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/engine/limits.hpp>

namespace spawnai::engine {

/// A language runtime of the host that lies outside /usr, mounted read-only at `inside`.
struct RuntimeMount {
    Fd directory;        ///< opened before privileges were dropped, so a prefix in a closed home directory works too
    std::string inside;  ///< "/opt/node"
};

/// What start() needs to make one sandbox. The directory layout below `state_dir` (0700) is: app, home, tmp, shm (all mounted),
/// etc (mounted read-only, generated), lock, log. The listening socket is at `socket_path`, outside every mount.
struct LaunchRequest {
    std::filesystem::path state_dir;
    std::filesystem::path socket_path;
    std::filesystem::path agent;       ///< the static agent executable, readable by the engine's uid
    const std::vector<RuntimeMount>* runtimes = nullptr;
    std::vector<std::pair<std::string, std::string>> passed_environment;  ///< certificates and registries of the host
    bool internet = false;             ///< resolv.conf names 127.0.0.53 and the network namespace is handed back
};

/// A sandbox whose agent was started. The agent waits: it starts nothing before the engine's first message.
struct Launched {
    pid_t pid = 0;                    ///< of the agent, on the host
    std::uint64_t start_time = 0;     ///< field 22 of /proc/PID/stat: with pid and boot id it names the process for good
    std::uint64_t pid_namespace = 0;  ///< inode
    Fd pidfd;                         ///< readable when the sandbox is gone
    Fd output;                        ///< the agent's stdout and stderr
    Fd network_namespace;             ///< set when internet was asked for
    pid_t outer_pid = 0;              ///< bwrap's monitor, a child of ours to reap
};

/// Makes the directories and the socket, starts bwrap with the agent as pid 1 and waits until the namespaces are there.
/// Blocks for about 10 ms. Call from one long-lived thread. @throws Error{no_sandbox} with the classified cause, Error{limit}
/// when there is no space.
[[nodiscard]] Launched launch(const LaunchRequest& request);

/// Runs a throw-away sandbox to learn whether this machine can make one. @throws Error{no_sandbox} with the precise cause.
void self_test(const std::filesystem::path& scratch, const std::filesystem::path& agent);

/// What bwrap's stderr and the machine's settings mean (pure; the table of causes). `facts` are contents of /proc files by path.
struct NoSandboxCause {
    std::string cause;  ///< stable word: "no_bubblewrap", "no_user_namespaces", "namespace_limit", "apparmor", "masked_proc" ...
    std::string message;
    std::string remedy;
};
[[nodiscard]] NoSandboxCause classify_failure(int exit_code, const std::string& stderr_text,
                                              const std::map<std::string, std::string>& facts);

}  // namespace spawnai::engine
