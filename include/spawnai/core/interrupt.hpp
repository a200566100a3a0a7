#pragma once

#include <stop_token>

namespace spawnai {

/// Turns SIGINT, SIGTERM and SIGHUP into a stop request. Construct one in the main thread before any other
/// thread starts: it blocks the signals for all of them and waits on a thread of its own. The second signal
/// ends the process at once with 128 + signal, after `on_second` ran (async context: a plain thread, not a
/// signal handler). SIGPIPE is ignored.
class InterruptWatcher {
 public:
    explicit InterruptWatcher(void (*on_second)() noexcept = nullptr);
    ~InterruptWatcher();
    InterruptWatcher(const InterruptWatcher&) = delete;
    InterruptWatcher& operator=(const InterruptWatcher&) = delete;

    [[nodiscard]] std::stop_token token() const noexcept;
    /// The first signal that came, or 0.
    [[nodiscard]] int signal() const noexcept;
    /// @throws Interrupted when a signal came.
    void check() const;

 private:
    struct State;
    State* state_;
};

}  // namespace spawnai
