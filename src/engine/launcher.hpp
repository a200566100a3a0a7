#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/engine/limits.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::engine {

/// A language runtime of the host that lies outside /usr, mounted read-only at `inside`; `inside`/bin comes
/// first in PATH.
struct RuntimeMount {
    Fd directory;        ///< opened before privileges were dropped, so a prefix in a closed home directory works
                         ///< too
    std::string inside;  ///< "/opt/node"
};

/// What launch() needs to make one sandbox. The directory layout below `state_dir` (0700) is: app, home, tmp,
/// shm (all mounted), etc (mounted read-only, generated), lock, log. The listening socket is at
/// `socket_path`, outside every mount.
struct LaunchRequest {
    std::filesystem::path state_dir;
    std::filesystem::path socket_path;
    std::filesystem::path agent;  ///< the static agent executable, readable by the engine's uid
    const std::vector<RuntimeMount>* runtimes = nullptr;
    std::vector<std::pair<std::string, std::string>> passed_environment;  ///< certificates and registries of the host
    bool internet = false;  ///< resolv.conf names 127.0.0.53 and the network namespace is handed back
    std::chrono::milliseconds timeout{15000};  ///< from bwrap's start to the agent's answer
};

/// A sandbox whose agent answers. The agent waits: it starts nothing before the engine's first message.
struct Launched {
    pid_t pid = 0;                 ///< of the agent, on the host
    std::uint64_t start_time = 0;  ///< field 22 of /proc/PID/stat: with pid and boot id it names the process for good
    std::uint64_t pid_namespace = 0;  ///< inode
    Fd pidfd;                         ///< readable when the sandbox is gone
    Fd output;                        ///< the agent's stdout and stderr, for reading; non-blocking
    Fd network_namespace;             ///< set when internet was asked for
    pid_t outer_pid = 0;              ///< bwrap's monitor, a child of ours to reap; ends after the agent
};

/// Makes the directories and the socket, starts bwrap with the agent as pid 1 and waits until the agent
/// answers. Blocks for about 10 ms. Call from one long-lived thread. Whatever fails, nothing of the sandbox
/// is left running.
/// @throws Error{no_sandbox} with the classified cause (also when the caller is root), Error{limit} when
/// there is no space, Error{internal} when the state directory is that of a living sandbox.
[[nodiscard]] Launched launch(const LaunchRequest& request);

/// The network namespace of a running sandbox, asked of its agent: for one that was found again after a
/// restart. What comes back is checked to be a network namespace. @throws Error{unavailable} when the agent
/// does not answer in time.
[[nodiscard]] Fd network_namespace_of(const std::filesystem::path& socket_path,
                                      std::chrono::milliseconds timeout = std::chrono::seconds(5));

/// Field 22 of /proc/PID/stat, or 0 when there is no such process.
[[nodiscard]] std::uint64_t process_start_time(pid_t pid);

/// Runs a throw-away sandbox below `scratch` to learn whether this machine can make one, and leaves nothing
/// there.
/// @throws Error{no_sandbox} with the precise cause.
void self_test(const std::filesystem::path& scratch, const std::filesystem::path& agent);

/// What bwrap's stderr and the machine's settings mean (pure; the table of causes). `facts` are contents of
/// files by path: those that diagnosis_facts() reads. An exit code of 127 says that bwrap could not be
/// started.
struct NoSandboxCause {
    std::string cause;  ///< stable word: "no_bubblewrap", "old_bubblewrap", "no_user_namespaces",
                        ///< "namespace_limit", "apparmor", "masked_proc", "root", "not_linux", "unknown"
    std::string message;
    std::string remedy;
};
[[nodiscard]] NoSandboxCause classify_failure(int exit_code, const std::string& stderr_text,
                                              const std::map<std::string, std::string>& facts);

/// The settings of this machine that refine a diagnosis; files that do not exist are left out, "euid" and
/// "system" are added.
[[nodiscard]] std::map<std::string, std::string> diagnosis_facts();

}  // namespace spawnai::engine
