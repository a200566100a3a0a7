#pragma once

#include "engine/app_log.hpp"
#include "engine/egress.hpp"
#include "engine/launcher.hpp"
#include "engine/record.hpp"
#include "engine/workers.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/engine/limits.hpp>

#include <boost/asio/io_context.hpp>

#include <atomic>
#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::engine {

/// A live sandbox as the gateway and the control API see it. All but the deadline never changes.
struct LiveSandbox {
    SandboxRecord record;  ///< its deadline is the one at creation or adoption
    std::atomic<WallTime::rep> deadline_ms{0};
    [[nodiscard]] WallTime deadline() const { return WallTime(std::chrono::milliseconds(deadline_ms.load())); }
};
using LiveSandboxPtr = std::shared_ptr<const LiveSandbox>;

struct CreateRequest {
    std::string template_id = "base";
    std::chrono::seconds lifetime{300};
    std::map<std::string, std::string> metadata;
    std::map<std::string, std::string> environment;
    bool internet = true;
    bool public_traffic = true;
};

struct SandboxesSettings {
    std::filesystem::path state_dir;
    std::filesystem::path socket_dir;
    std::filesystem::path agent;
    std::vector<RuntimeMount> runtimes;
    SandboxLimits limits;
    int max_sandboxes = 20;
};

/// All sandboxes of this engine: starts them, knows the live ones, ends them at their deadline, and cleans up after every one that
/// ended, whatever ended it. The blocking calls are for worker threads; they throw Error. Safe from any thread.
class Sandboxes {
 public:
    Sandboxes(boost::asio::io_context& io, Workers& workers, Egress& egress, SandboxesSettings settings, Log log);
    ~Sandboxes();
    Sandboxes(const Sandboxes&) = delete;
    Sandboxes& operator=(const Sandboxes&) = delete;

    /// Finds what an earlier engine left: lives on with what is alive, cleans up the rest. Once, before anything else; blocks.
    void adopt();
    /// Called after every end of a sandbox, on any thread. Set before adopt().
    void on_end(std::function<void()> told);

    /// Blocks for some 15 ms. @throws Error{limit} when there are max_sandboxes already, Error{no_sandbox}, Error{unavailable}.
    [[nodiscard]] LiveSandboxPtr create(const CreateRequest& request);
    [[nodiscard]] LiveSandboxPtr find(const std::string& id) const;
    [[nodiscard]] std::vector<LiveSandboxPtr> all() const;
    [[nodiscard]] std::size_t count() const;

    /// Blocks until the sandbox is gone and its files with it. @return false when there was none.
    bool kill(const std::string& id);
    void kill_all();
    /// Blocks until the agent knows it too. @return false when there is no such sandbox.
    bool set_deadline(const std::string& id, WallTime deadline);
    /// Of a live sandbox, or of one that ended within the last week.
    [[nodiscard]] std::optional<AppLog> app_log(const std::string& id) const;

 private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Kills every sandbox below `state_dir` without an engine. @return how many there were.
int kill_all_sandboxes(const std::filesystem::path& state_dir);

}  // namespace spawnai::engine
