#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/core/money.hpp>
#include <spawnai/store/session.hpp>
#include <spawnai/validate/finding.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace spawnai::pipeline {

/// The steps of a spawn, as they are timed. Generation and the sandbox's steps overlap.
enum class Step { generate, create, install, validate, upload, build, start, probe_inside, probe_outside, run };
[[nodiscard]] std::string_view to_string(Step step) noexcept;

/// The row exists and a slot is taken.
struct Admitted {
    store::Session session;
    /// From here to ready, by this machine's own history; empty when there is none.
    std::optional<std::chrono::milliseconds> expected;
};
struct StatusChanged {
    store::Status status = store::Status::creating;
    std::string message;
};
/// Who writes the app, e.g. `built-in starter "todo", no model was asked`.
struct SourceChosen {
    store::Source source = store::Source::model;
    std::string name;  ///< model, starter's id, or the id of the session that is reused
    std::string explanation;
};
struct StepStarted {
    Step step = Step::generate;
};
struct StepDone {
    Step step = Step::generate;
    std::chrono::milliseconds took{0};
};
struct FileWritten {
    std::string path;
    std::size_t bytes = 0;
};
struct Progress {
    TokenUsage usage;
    std::size_t reply_bytes = 0;
    std::optional<Money> cost;  ///< of the model so far in this spawn
};
struct Findings {
    validate::Report report;
    int attempt = 0;
};
struct CostBooked {
    Money total;  ///< of the session so far
};
/// The app failed and is written again.
struct RepairStarted {
    int attempt = 0;  ///< from 1
    int most = 0;
    std::string reason;
    std::string model;
    bool escalated = false;  ///< a stronger model than the first attempt's
    bool simpler = false;    ///< the fallback prompt
};
/// Worth telling: something was mended, is retried, a cap is near. May quote a server: sanitise before showing.
struct Note {
    std::string text;
};
struct Ready {
    store::Session session;
};
struct Failed {
    std::string kind;  ///< word of the table of exit codes, or "interrupted"
    std::string message;
    bool recoverable = false;
};

using EventBody = std::variant<Admitted, StatusChanged, SourceChosen, StepStarted, StepDone, FileWritten, Progress,
                               Findings, CostBooked, RepairStarted, Note, Ready, Failed>;

struct SpawnEvent {
    WallTime time;
    SessionId session;
    EventBody body;
};

/// Told everything that happens, one event at a time, from whatever thread it happens in. Must not throw.
class Observer {
 public:
    virtual ~Observer() = default;
    virtual void on_event(const SpawnEvent& event) noexcept = 0;
    /// Before there is a session: another command is writing the same app, and this one waits for it.
    virtual void on_waiting() noexcept {}
};

}  // namespace spawnai::pipeline
