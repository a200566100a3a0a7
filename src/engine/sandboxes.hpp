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

/// A live sandbox as the gateway and the control API see it. All but the atomics never changes.
struct LiveSandbox {
    SandboxRecord record;  ///< its deadline and `paused` are those at creation or adoption
    WallTime end;          ///< at the latest, paused or not
    std::atomic<WallTime::rep> deadline_ms{0};
    std::atomic<bool> paused{false};
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
    bool auto_pause = false;
    bool auto_resume = false;
};

/// What became of a change that a sandbox must be in the right state for.
enum class Outcome {
    done,
    wrong_state,  ///< paused already, running already, or paused where it has to run
    unknown,      ///< no such sandbox
};

struct SandboxesSettings {
    std::filesystem::path state_dir;
    std::filesystem::path socket_dir;
    std::filesystem::path agent;
    std::vector<RuntimeMount> runtimes;
    SandboxLimits limits;
    int max_sandboxes = 20;
    std::chrono::seconds max_lifetime{std::chrono::hours(24)};
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
    /// Blocks until the agent knows it too. Never later than the sandbox's end; only for a running one.
    [[nodiscard]] Outcome set_deadline(const std::string& id, WallTime deadline);
    /// Blocks until its processes are stopped, or have ended when `keep_memory` is false; it then lives until its end.
    [[nodiscard]] Outcome pause(const std::string& id, bool keep_memory);
    /// Lets a paused one go on until `deadline`, or its end if that is earlier.
    [[nodiscard]] Outcome resume(const std::string& id, WallTime deadline, bool keep_memory);
    /// Of a live sandbox, or of one that ended within the last week.
    [[nodiscard]] std::optional<AppLog> app_log(const std::string& id) const;

 private:
    struct State;
    std::shared_ptr<State> state_;
};

/// Kills every sandbox below `state_dir` without an engine. @return how many there were.
int kill_all_sandboxes(const std::filesystem::path& state_dir);

}  // namespace spawnai::engine
