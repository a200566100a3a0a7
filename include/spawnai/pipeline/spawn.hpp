#pragma once

#include <spawnai/billing/limits.hpp>
#include <spawnai/pipeline/events.hpp>
#include <spawnai/pipeline/surroundings.hpp>
#include <spawnai/sandbox/provider.hpp>

#include <chrono>
#include <map>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spawnai::pipeline {

inline constexpr std::size_t k_longest_prompt = 2000;   ///< characters
inline constexpr const char* k_base_template = "base";  ///< every provider has it, and this machine no other

/// What the user asks for.
struct SpawnRequest {
    std::string prompt{};
    std::optional<AppType> type{};              ///< empty: guessed from the prompt
    std::optional<std::chrono::seconds> ttl{};  ///< empty: the type's default
    std::string template_id = k_base_template;
    std::optional<bool> internet{};  ///< empty: as the type and the dependencies need it
    std::optional<int> port{};       ///< 3000, 8000 or 8080; empty: the app's own
    sandbox::OnTimeout on_timeout = sandbox::OnTimeout::kill;
    std::vector<GeneratedFile> data_files{};           ///< placed beside the app
    std::map<std::string, std::string> environment{};  ///< of the app; values are not stored
    std::string name{};                                ///< empty: made from the prompt
    std::string user_tag{};
    std::string model{};        ///< as resolved
    bool model_pinned = false;  ///< named by the user: no escalation
    Money max_cost = Money::nano(500'000'000);
    int max_repairs = 2;
    bool fresh = false;    ///< do not reuse
    bool offline = false;  ///< ask no model
    billing::SpendingCaps caps{};
    std::optional<SessionId> respawn_of{};  ///< take the app of that session; prompt and type come from there
};

/// What will happen, decided without touching network or store's rows.
struct SpawnPlan {
    AppType type = AppType::webapp;
    std::chrono::seconds ttl{0};
    bool internet = false;
    std::string prompt;  ///< as it will be sent
    store::Source source = store::Source::model;
    std::string source_name;
    std::string explanation;
    Money model_estimate;
    bool model_priced = true;  ///< false: what the model costs is not known
    Money sandbox_estimate;    ///< for the whole ttl
    std::string request_key;
    std::string prompt_version;
    [[nodiscard]] Money estimate() const { return model_estimate + sandbox_estimate; }
};

/// Checks the request against every limit that needs no slot and decides the source.
/// @throws Error{usage} for a bad prompt, name, port or file, Error{limit} for lifetime and budget, Error{auth} when nobody can
/// write the app, Error{not_found} for an unknown respawn_of.
[[nodiscard]] SpawnPlan plan_spawn(const SpawnRequest& request, const Surroundings& with);

struct SpawnResult {
    store::Session session;
    std::string url;
    std::string output;  ///< of a script
};

/// A failure of a spawn that had a row: the row is closed, the sandbox ended, the code kept.
class SpawnError : public Error {
 public:
    SpawnError(const Error& cause, SessionId session) : Error(cause), session_(std::move(session)) {}
    [[nodiscard]] const SessionId& session() const noexcept { return session_; }

 private:
    SessionId session_;
};

/// From a sentence to a URL that answers. Blocks; a stop request ends the sandbox within 3 seconds.
/// A script that failed for good is Error{not_ready} with its output as evidence.
/// @throws what plan_spawn throws and Error{limit} before there is a row, SpawnError afterwards, Interrupted.
[[nodiscard]] SpawnResult spawn(const SpawnRequest& request, const Surroundings& with, Observer& observer,
                                const std::stop_token& stop);

/// The app type that a prompt asks for, by simple rules.
[[nodiscard]] AppType guess_type(std::string_view prompt);

/// How many of a plan's slots are in use: a paused app keeps its own on this machine (`local`), where it keeps its memory.
[[nodiscard]] int slots_taken(const store::SlotUse& use, bool local) noexcept;

/// The lock file that a working spawn holds.
[[nodiscard]] std::filesystem::path lease_file(const std::filesystem::path& run_dir, const SessionId& id);

}  // namespace spawnai::pipeline
