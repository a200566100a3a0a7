#pragma once

#include <spawnai/pipeline/events.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/pipeline/surroundings.hpp>

#include <chrono>
#include <filesystem>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::pipeline {

/// How thoroughly rows are compared with the provider.
enum class Look {
    cheap,  ///< what lock files tell; a cloud is asked only if a spawn died or the last look is over 30 s old, for 2 s at most
    full,  ///< everything, orphans too
};

struct Reconciled {
    struct Change {
        SessionId session;
        store::Status before;
        store::Status after;
        std::string message;
    };
    std::vector<Change> changes;
    std::vector<SandboxId> orphans_ended;  ///< sandboxes of this store without a live row
    std::vector<std::string> problems;     ///< what could not be found out or done
};

/// Makes the rows of this place tell the truth and ends what nobody owns. With Look::cheap, a provider that cannot be reached
/// is a problem in the result, not an exception.
Reconciled reconcile(const Surroundings& with, Look look, const std::stop_token& stop);

/// What a live session has cost until now, its running sandbox included.
[[nodiscard]] Money cost_so_far(const store::Session& session, const PlanLimits& plan, WallTime now);

struct Killed {
    store::Session session;  ///< as it is now
    bool was_live = true;    ///< false: there was nothing to end
};
/// Ends the sandbox, books it, keeps its log. Also for a session whose spawn is at work in another process.
Killed kill(const Surroundings& with, const SessionId& id, const std::stop_token& stop);

struct Extended {
    store::Session session;
    Money additional;  ///< what the added time costs at most
};
/// Adds `by` to the present end. @throws Error{limit} beyond the plan's maximum,
/// Error{usage} when it is not live, Error{not_found} when its sandbox is gone (the row then says so).
Extended extend(const Surroundings& with, const SessionId& id, std::chrono::seconds by, const std::stop_token& stop);

struct Paused {
    store::Session session;
    bool was_running = true;  ///< false: it was paused already
};
/// Stops its clock and its price, and keeps its log. @throws Error{usage} when it is not live, is being changed, or the provider
/// cannot pause, Error{not_found} when its sandbox is gone (the row then says so).
Paused pause(const Surroundings& with, const SessionId& id, const std::stop_token& stop);

struct Resumed {
    store::Session session;
    bool was_paused = true;  ///< false: it ran already
    Money additional;        ///< what the new stretch costs at most
};
/// Wakes a paused session for `lifetime`, else for its full lifetime again, at most what the plan allows; returns once its app
/// answers. @throws as pause, Error{limit} for a lifetime or a slot that the plan does not have, Error{not_ready} when the app
/// does not answer: the session is then ready, and costs.
Resumed resume(const Surroundings& with, const SessionId& id, std::optional<std::chrono::seconds> lifetime,
               const std::stop_token& stop);

/// What its sandbox uses now; empty when the provider has no figures yet. @throws Error{usage} when it does not run,
/// Error{not_found} when its sandbox is gone (the row then says so).
[[nodiscard]] std::optional<sandbox::SandboxMetrics> measure(const Surroundings& with, const SessionId& id,
                                                             const std::stop_token& stop);

/// The app's own output: live from the sandbox, else what was kept. The live text is kept as well.
[[nodiscard]] std::string read_log(const Surroundings& with, const SessionId& id, const std::stop_token& stop);
/// Hands on output as it comes until the sandbox ends or `stop` is requested, beginning with the last `lines` lines.
void follow_log(const Surroundings& with, const SessionId& id, std::size_t lines,
                const std::function<void(std::string_view)>& sink, const std::stop_token& stop);

/// Writes the files of a version (0: the deployed one) below `directory`, which must be absent or empty.
/// @return the paths, relative. @throws Error{usage}, Error{not_found}
std::vector<std::string> export_app(const store::Store& store, const SessionId& id, int version,
                                    const std::filesystem::path& directory);

struct EditRequest {
    std::string change;  ///< "make it dark"
    std::string model;
    Money max_cost = Money::nano(500'000'000);
    int max_repairs = 2;
};
/// A new version of a ready app, in the same sandbox under the same URL. The old version stays until the new one answers, and
/// comes back when it does not. @throws Error, Interrupted; the session stays ready.
store::Session edit(const Surroundings& with, const SessionId& id, const EditRequest& request, Observer& observer,
                    const std::stop_token& stop);
/// Deploys an earlier version again, as a new version. @throws as edit.
store::Session redeploy(const Surroundings& with, const SessionId& id, int version, const std::string& origin,
                        Observer& observer, const std::stop_token& stop);

}  // namespace spawnai::pipeline
