#pragma once

#include "terminal.hpp"

#include <spawnai/pipeline/events.hpp>

#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <thread>

namespace spawnai::cli {

/// What a progress line shows. The value is computed from events; the text is made by progress_line.
struct ProgressState {
    std::string stage = "starting";
    std::chrono::milliseconds elapsed{0};
    std::optional<std::chrono::milliseconds> expected;  ///< of the whole spawn
    std::int64_t tokens = 0;                            ///< written by the model
    Money cost;
    int repair = 0;
};

/// 0 to 1, never 1 before it is over: elapsed against expected, or a guess by stage when nothing is expected.
[[nodiscard]] double progress_fraction(const ProgressState& state, store::Status status);
/// One line of at most `width` columns without a line break: bar, stage, elapsed, expected, tokens, cost.
[[nodiscard]] std::string progress_line(const ProgressState& state, double fraction, std::size_t width, unsigned frame);

/// Shows a spawn on stderr: a live bar where it can be redrawn, otherwise one plain line per stage. With `events`, every
/// event is also a line of JSON on stdout. Safe from any thread.
class Progress final : public pipeline::Observer {
 public:
    struct Options {
        bool events = false;
        bool verbose = false;
        std::function<void()> on_reader_gone{};  ///< called once when nobody reads the events any more
    };
    Progress(Terminal& terminal, Options options);
    ~Progress() override;
    Progress(const Progress&) = delete;
    Progress& operator=(const Progress&) = delete;

    void on_event(const pipeline::SpawnEvent& event) noexcept override;
    void on_waiting() noexcept override;
    /// Removes the bar and shows nothing any more.
    void finish();
    /// The session, once there is one.
    [[nodiscard]] std::optional<std::string> session() const;
    /// Whether stdout lost its reader while events were written.
    [[nodiscard]] bool reader_gone() const;

 private:
    void handle(const pipeline::SpawnEvent& event);
    void emit(const pipeline::SpawnEvent& event);
    void stage(const std::string& text);
    void draw(unsigned frame);

    Terminal& terminal_;
    Options options_;
    mutable std::mutex mutex_;  ///< guards all below
    std::condition_variable_any ended_;
    ProgressState state_;
    store::Status status_ = store::Status::creating;
    store::Source source_ = store::Source::model;
    std::chrono::steady_clock::time_point started_;
    std::optional<std::string> session_;
    std::string last_stage_;
    double last_fraction_ = 0;
    bool finished_ = false;
    bool reader_gone_ = false;
    std::jthread ticker_;  ///< last, so that it ends before what it draws
};

}  // namespace spawnai::cli
