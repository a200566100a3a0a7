#pragma once

#include <spawnai/core/environment.hpp>
#include <spawnai/core/id.hpp>
#include <spawnai/core/paths.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/engine/limits.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>

namespace spawnai::engine {

/// Where the engine of one user keeps its state. As root that is a directory of the unprivileged account that
/// the engine drops to, one per data home.
struct StateLocation {
    std::filesystem::path state_dir;    ///< key, port, locks, sandboxes
    std::filesystem::path runtime_dir;  ///< unix sockets; short, because a socket's path has at most 107 bytes
    bool drops_privileges = false;      ///< the engine changes to an unprivileged uid before it does anything
};

/// Decides from names alone; touches no file. `euid` is the effective uid of the caller.
[[nodiscard]] StateLocation state_location(const Paths& paths, const Environment& environment, uid_t euid);

/// As root with a SPAWNAI_HOME that does not exist yet: makes it so that the account that the engine becomes can
/// pass through (0711). To be called before anything else makes it with mode 0700. Does nothing otherwise; never
/// throws: whoever needs the directory reports what is wrong with it.
void make_home_passable(const Environment& environment, uid_t euid) noexcept;

/// Everything that the engine is told when it is started. A running engine keeps what it was started with.
struct EngineOptions {
    StateLocation location;
    std::filesystem::path executable;  ///< this program; run as `EXECUTABLE engine run`
    std::filesystem::path
        agent;                ///< the static agent; copied into the state directory when the engine could not read it
    Environment environment;  ///< of the user: PATH to look for runtimes in, proxies, registries, certificates
    std::string version;
    int max_sandboxes = 20;
    std::chrono::seconds max_lifetime{std::chrono::hours(24)};
    std::chrono::seconds idle_exit{
        300};  ///< without a live sandbox and an open connection for so long, the engine ends
    SandboxLimits limits;
};

/// How to talk to a running engine.
struct EngineAddress {
    std::string url;     ///< "http://127.0.0.1:PORT": both E2B_API_URL and E2B_SANDBOX_URL
    std::string domain;  ///< "localhost:PORT": apps are at http://APPPORT-ID.localhost:PORT
    Secret api_key;
};

/// Finds the running engine or starts it; twenty callers at once start one. Returns when it listens.
/// @throws Error{no_sandbox} when this machine cannot run one, Error{unavailable} when it did not come up,
/// Interrupted(0) never: a stop request is answered by Error{unavailable} within the start's own bound of 20
/// s.
[[nodiscard]] EngineAddress ensure_engine(const EngineOptions& options, const std::stop_token& stop);

/// The address of the engine that runs now, without starting one.
[[nodiscard]] std::optional<EngineAddress> running_engine(const StateLocation& location);

struct EngineStatus {
    bool running = false;
    pid_t pid = 0;
    std::uint16_t port = 0;  ///< also known when not running, once chosen; 0 before
    int live_sandboxes = 0;  ///< counted by their lock files, so true without an engine too
    std::string isolation;   ///< tier of the running engine: "strict"
    std::string version;     ///< of the running engine
    int max_sandboxes = 0;
    std::chrono::seconds max_lifetime{0};
    SandboxLimits limits;
    std::filesystem::path state_dir;
};
[[nodiscard]] EngineStatus engine_status(const StateLocation& location);

/// Ends the engine and waits for its end. Sandboxes go on until their deadline, unless `kill_sandboxes`,
/// which also works when no engine runs. @return whether there was an engine to stop. @throws
/// Error{unavailable} when it did not end within 15 s.
bool stop_engine(const StateLocation& location, bool kill_sandboxes);

/// Whether the sandbox lives, by its lock file alone: right without an engine and whatever happened to pids.
[[nodiscard]] bool sandbox_alive(const std::filesystem::path& state_dir, const SandboxId& id);

/// Whether a living sandbox is paused, as far as files tell without an engine.
[[nodiscard]] bool sandbox_paused(const std::filesystem::path& state_dir, const SandboxId& id);

/// Makes a throw-away sandbox with the privileges that the engine would have. @throws Error{no_sandbox} with
/// the cause.
void check_isolation(const EngineOptions& options);

/// The body of `spawnai engine run`: reads its options from stdin, answers one line of JSON on stdout when it
/// listens or when it cannot ({"kind","message","hint"}), then serves. To be called before any thread was
/// started. @return the exit code.
int run_engine_role();

}  // namespace spawnai::engine
