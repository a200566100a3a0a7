#pragma once

#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

#include <cstdint>
#include <functional>

namespace spawnai::engine::agent {

/// Tells when a moment has come. Wall time, so that a machine that slept wakes to expired sandboxes.
class Deadline {
 public:
    Deadline(Loop& loop, std::function<void()> reached);
    Deadline(const Deadline&) = delete;
    Deadline& operator=(const Deadline&) = delete;

    /// Milliseconds since the epoch; a second of grace is added, in which a living engine acts first.
    void set(std::int64_t milliseconds);

 private:
    Fd timer_;
};

}  // namespace spawnai::engine::agent
