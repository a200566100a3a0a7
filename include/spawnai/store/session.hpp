#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/id.hpp>
#include <spawnai/core/money.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::store {

/// creating, generating, deploying: a spawn is at work. ready, paused: there is a sandbox. The others are
/// final: error (never became ready), expired (its time was up), stopped (killed by the user), lost (the
/// provider no longer knows it).
enum class Status { creating, generating, deploying, ready, paused, error, expired, stopped, lost };

[[nodiscard]] std::string_view to_string(Status status) noexcept;
[[nodiscard]] std::optional<Status> parse_status(std::string_view text) noexcept;
[[nodiscard]] std::span<const Status> all_statuses() noexcept;
/// creating, generating, deploying: owned by a process that holds the session's lock file.
[[nodiscard]] bool is_working(Status status) noexcept;
/// Working, ready or paused: it may have a sandbox, and `ls` shows it.
[[nodiscard]] bool is_live(Status status) noexcept;

/// Who wrote the app.
enum class Source { model, store, starter };
[[nodiscard]] std::string_view to_string(Source source) noexcept;
[[nodiscard]] std::optional<Source> parse_source(std::string_view text) noexcept;

/// One row of the table sessions. Empty texts and optionals mean "not known (yet)".
struct Session {
    SessionId id;
    std::string name;                 ///< for people: "todo-app-k3f9"; unique among the live ones
    std::string user_tag;             ///< --tag, else the login name
    std::optional<SessionId> parent;  ///< the session that this one was respawned from
    std::string prompt;
    AppType app_type = AppType::webapp;
    Status status = Status::creating;
    WallTime created_at{};
    std::optional<WallTime> ready_at;
    std::optional<WallTime> expires_at;  ///< by the provider's clock, once there is a sandbox
    std::optional<WallTime> ended_at;    ///< when it became final
    std::string app_url;
    std::optional<SandboxId> sandbox_id;
    std::optional<WallTime> sandbox_started_at;  ///< cost runs from here; set before the sandbox is asked for
    std::string error_kind;                      ///< stable word of exit_code.hpp, or "interrupted"
    std::string error_message;
    Money estimated_cost;
    Money actual_cost;  ///< sum of the booked cost lines; a running sandbox is booked when it ends

    std::string provider;          ///< "local" or "e2b"
    std::string provider_address;  ///< base URL of the control plane
    std::string plan;              ///< plan that was in force: "local", "hobby", "pro"
    std::string template_id;
    int cpu_count = 0;  ///< of the sandbox, as the provider said
    std::int64_t memory_mib = 0;
    int port = 0;
    bool internet = false;
    std::string on_timeout = "kill";  ///< or "pause"
    std::chrono::seconds ttl{};
    Money max_cost;
    std::string environment_names;  ///< variables that were passed to the app, comma-separated; their values
                                    ///< are not kept

    Source source = Source::model;
    std::string source_name;  ///< starter's id, or the id of the session that was reused
    std::string model;
    std::string prompt_version;    ///< of the system prompt that was used
    std::string request_key;       ///< what reuse compares; empty when the app must not be reused
    int app_version = 0;           ///< version that is deployed or was last; 0: none yet
    int repairs = 0;               ///< repair attempts that were needed
    std::optional<int> exit_code;  ///< of a script

    std::int64_t owner_pid = 0;  ///< process that works on it; the truth is the lock file
    std::int64_t seq = 0;        ///< order of insertion, from 1; set by the store
};

/// Which sessions, newest first. Empty lists mean "any".
struct SessionQuery {
    std::vector<Status> statuses;
    std::optional<std::string> user_tag;
    std::optional<std::string> provider;
    std::optional<WallTime> created_since;
    std::optional<WallTime> expires_before;
    bool unbooked = false;        ///< only those whose sandbox's use is not booked: it may still run
    std::int64_t before_seq = 0;  ///< next page: the seq of the last row that was seen; 0 from the newest
    std::size_t limit = 0;        ///< 0: all
};

/// Fields to set; what is empty stays as it is.
struct SessionChange {
    std::optional<Status> status;  ///< a final status also sets ended_at
    std::optional<std::string> name;
    std::optional<WallTime> ready_at;
    std::optional<WallTime> expires_at;
    std::optional<WallTime> ended_at;
    std::optional<std::string> app_url;
    std::optional<SandboxId> sandbox_id;
    std::optional<WallTime> sandbox_started_at;
    std::optional<std::string> error_kind;
    std::optional<std::string> error_message;
    std::optional<Money> estimated_cost;
    std::optional<std::string> template_id;
    std::optional<int> cpu_count;
    std::optional<std::int64_t> memory_mib;
    std::optional<int> port;
    std::optional<bool> internet;
    std::optional<Source> source;
    std::optional<std::string> source_name;
    std::optional<std::string> model;
    std::optional<int> app_version;
    std::optional<int> repairs;
    std::optional<int> exit_code;
    std::optional<std::chrono::seconds> ttl;
    std::optional<AppType> app_type;
};

/// One entry of a session's timeline.
struct Event {
    std::int64_t seq = 0;  ///< set by the store
    WallTime time{};
    std::string kind;  ///< "status", "step", "repair", "extend", "pause", "note" ...
    std::string message;
    std::string data;  ///< JSON object, or empty
};

/// Use of one provider as an admission sees it, inside the transaction that will insert the row.
struct SlotUse {
    int live = 0;    ///< rows that are not final, but for paused ones
    int paused = 0;  ///< these take a slot where they take memory: on this machine
    int recent = 0;  ///< rows created in the rate window, whatever became of them
    std::optional<WallTime> oldest_recent;
    int last_second = 0;  ///< those of them that are younger than a second
    std::optional<WallTime> oldest_of_last_second;
    Money spent_today;  ///< booked since midnight UTC, all providers
    Money spent_this_month;
    bool name_taken = false;  ///< a live session has the wanted name
};

}  // namespace spawnai::store
