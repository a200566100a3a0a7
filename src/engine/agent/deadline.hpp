#pragma once

#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

#include <cstdint>

namespace spawnai::engine::agent {

/// Ends the sandbox at its deadline, engine or no engine: pid 1 exits and the kernel ends the rest. Wall
/// time, so that a machine that slept wakes to expired sandboxes.
class Deadline {
 public:
    explicit Deadline(Loop& loop);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// Milliseconds since the epoch; a second of grace is added, in which a living engine acts first.
    void set(std::int64_t milliseconds);

 private:
    Fd timer_;
};

}  // namespace spawnai::engine::agent
