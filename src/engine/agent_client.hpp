#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/engine/limits.hpp>

#include <chrono>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace spawnai::engine {

/// Talks to the agent inside one sandbox over its socket; every call makes a connection of its own and blocks
/// for at most a few seconds. What comes back is as untrusted as the sandbox. All throw Error{unavailable}
/// when there is no proper answer.
class AgentClient {
 public:
    explicit AgentClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

    /// When a sandbox ends, or is paused.
    struct Times {
        WallTime deadline;
        WallTime end;  ///< of a paused one too
        bool pause_at_deadline = false;
    };
    /// The first message: sets the sandbox going.
    void init(const Times& times, const std::map<std::string, std::string>& environment,
              const SandboxLimits& limits) const;
    /// @return false when it is paused, so that only the end counts.
    bool set_times(WallTime deadline, WallTime end) const;  // NOLINT(modernize-use-nodiscard)
    /// Stops all processes, or ends them when `keep_memory` is false. Nothing changes for a paused one.
    void pause(bool keep_memory) const;
    void resume(WallTime deadline, bool keep_memory) const;
    struct State {
        bool paused = false;
        WallTime deadline;
    };
    [[nodiscard]] State state() const;
    void check_health() const;
    struct Reply {
        int status = 0;
        std::string body;
    };
    /// A request on behalf of the engine. `body` is JSON, may be empty.
    [[nodiscard]] Reply request(const std::string& method, const std::string& target, const std::string& body) const;

 private:
    std::filesystem::path socket_;
};

/// A connected unix stream socket to `path`, blocking, close-on-exec. @throws Error{unavailable}
[[nodiscard]] Fd connect_unix(const std::filesystem::path& path);

}  // namespace spawnai::engine
