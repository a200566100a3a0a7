#pragma once

#include <spawnai/net/retry.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <atomic>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::sandbox {

/// The REST API that makes, finds and ends sandboxes. Safe from any thread. Throws as Provider does.
class ControlPlane {
 public:
    ControlPlane(const E2bOptions& options, net::Transport& transport, const Clock& clock)
        : options_(&options), transport_(&transport), clock_(&clock) {}

    struct Detail {
        wire::Access access;
        SandboxInfo info;
    };

    /// The sandbox is secured, or there is none: one without a token is ended again.
    [[nodiscard]] wire::Access create(const SandboxRequest& request, const std::stop_token& stop);
    /// Resumes a paused one; a running one gets at least that lifetime. Empty when it is unknown.
    [[nodiscard]] std::optional<wire::Access> connect(const SandboxId& id, std::chrono::seconds lifetime,
                                                      const std::stop_token& stop);
    [[nodiscard]] std::optional<Detail> detail(const SandboxId& id, const std::stop_token& stop);
    [[nodiscard]] std::vector<SandboxInfo> list(const std::map<std::string, std::string>& metadata,
                                                const std::stop_token& stop);
    bool kill(const SandboxId& id, const std::stop_token& stop);
    bool set_timeout(const SandboxId& id, std::chrono::seconds lifetime, const std::stop_token& stop);
    bool pause(const SandboxId& id, const std::stop_token& stop);
    [[nodiscard]] std::vector<SandboxMetrics> metrics(const SandboxId& id, const std::stop_token& stop);
    [[nodiscard]] std::string app_log(const SandboxId& id, const std::stop_token& stop);

 private:
    enum class Repeat { always, when_not_executed };

    [[nodiscard]] net::Response call(std::string_view method, const std::string& path, std::string body, Repeat repeat,
                                     const std::stop_token& stop);
    struct Call {
        std::string path;
        std::string body{};
    };
    /// Paths that a server has in v2 together or not at all; the list came long before the others.
    struct Family {
        std::atomic<bool> only_v1{false};  ///< the server was found not to have them
    };
    /// Calls the v2 path, or the v1 path when the server is known, or now found, to be older. `means_other` tells a 404 that is
    /// about something else than the path.
    [[nodiscard]] net::Response call_newest(std::string_view method, const Call& v2, const Call& v1, Family& family,
                                            Repeat repeat, bool (*means_other)(const net::Response&),
                                            const std::stop_token& stop);

    const E2bOptions* options_;
    net::Transport* transport_;
    const Clock* clock_;
    Family lifecycle_;  ///< create and connect
    Family listing_;
};

}  // namespace spawnai::sandbox
