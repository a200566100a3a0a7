#pragma once

#include "terminal.hpp"

#include <spawnai/pipeline/events.hpp>

#include <optional>

namespace spawnai::cli {

/// Splits off a process that goes on in the background. The caller's process passes on what the other one prints until its
/// session is admitted, and gets the exit code to end with; the other one gets nothing and goes on, quietly.
/// To be called before there is a second thread or an open store.
[[nodiscard]] std::optional<int> detach(Terminal& terminal);

/// In a process that detach() split off: prints the session once it is admitted, then lets go of the terminal. In any other
/// process it only passes events on.
class DetachedObserver final : public pipeline::Observer {
 public:
    DetachedObserver(pipeline::Observer& next, bool json) : next_(next), json_(json) {}
    void on_event(const pipeline::SpawnEvent& event) noexcept override;
    void on_waiting() noexcept override { next_.on_waiting(); }

 private:
    pipeline::Observer& next_;
    bool json_;
};

}  // namespace spawnai::cli
