#pragma once

#include "engine/agent/disk_usage.hpp"
#include "engine/agent/encoding.hpp"
#include "engine/agent/settings.hpp"

#include <chrono>

namespace spawnai::engine::agent {

/// The figures of GET /metrics. The processor's share is that since the last call.
class Metrics {
 public:
    Metrics();
    [[nodiscard]] Json snapshot(const Settings& settings, const DiskUsage& disk);

 private:
    std::chrono::steady_clock::time_point last_time_;
    double last_cpu_seconds_ = 0;
};

}  // namespace spawnai::engine::agent
