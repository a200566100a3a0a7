#pragma once

#include "engine/gateway.hpp"
#include "engine/sandboxes.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/guarded.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/engine/limits.hpp>

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <vector>

namespace spawnai::engine {

struct ControlSettings {
    Secret api_key;
    std::string domain;  ///< "localhost:PORT"
    std::string version;
    std::string isolation;
    int cpu_count = 1;
    int max_sandboxes = 20;
    std::chrono::seconds max_lifetime{0};
    SandboxLimits limits;
};

/// E2B's control plane over the engine's sandboxes, and two routes of the engine's own: GET /engine/status, POST /engine/stop.
/// Blocking; called by worker threads, several at once.
class ControlApi {
 public:
    /// `stop` is called by POST /engine/stop, with whether sandboxes are to be killed, before the answer is given.
    ControlApi(Sandboxes& sandboxes, ControlSettings settings, const Clock& clock, std::function<void()> stop);
    /// Never throws.
    [[nodiscard]] Reply handle(const ControlRequest& request) noexcept;

 private:
    struct Call;
    using Handler = Reply (ControlApi::*)(const Call&);
    struct Route;
    static const Route k_routes[];

    Reply dispatch(const ControlRequest& request);
    Reply health(const Call& call);
    Reply teams(const Call& call);
    Reply templates(const Call& call);
    Reply template_alias(const Call& call);
    Reply create_v1(const Call& call);
    Reply create_v2(const Call& call);
    Reply create(const Call& call, std::chrono::seconds default_lifetime);
    Reply list_v1(const Call& call);
    Reply list_v2(const Call& call);
    Reply detail(const Call& call);
    Reply kill(const Call& call);
    Reply set_timeout(const Call& call);
    Reply refresh(const Call& call);
    Reply connect_v1(const Call& call);
    Reply connect_v2(const Call& call);
    Reply connect(const Call& call, std::chrono::seconds lifetime, bool keep_memory);
    Reply pause(const Call& call);
    Reply resume(const Call& call);
    Reply access(const std::string& id, int status);
    Reply metrics(const Call& call);
    Reply all_metrics(const Call& call);
    Reply logs_v1(const Call& call);
    Reply logs_v2(const Call& call);
    Reply not_supported(const Call& call);
    Reply engine_status(const Call& call);
    Reply engine_stop(const Call& call);

    struct LogLine {
        WallTime time;
        std::string text;
    };
    /// The lines of a sandbox's app, live or ended. @throws a 404 answer for an unknown sandbox.
    std::vector<LogLine> log_lines(const std::string& id);

    /// @throws a 400 answer
    void check_lifetime(std::chrono::seconds lifetime) const;
    /// What came of `act`; whatever fails because the sandbox ended is @throws a 404 answer.
    Outcome change(const std::string& id, const std::function<Outcome()>& act);
    /// @throws a 404 answer, or 409 for a paused one
    void move_deadline(const std::string& id, WallTime deadline);

    Sandboxes& sandboxes_;
    const ControlSettings settings_;
    const Clock& clock_;
    const std::function<void()> stop_;
    const WallTime started_;
    Guarded<std::map<std::string, LogTimes>> log_times_;  ///< of live sandboxes whose logs were asked for
};

}  // namespace spawnai::engine
