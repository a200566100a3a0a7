#include "engine/agent/metrics.hpp"

#include "engine/agent/memory_usage.hpp"

#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace spawnai::engine::agent {

Metrics::Metrics() : last_time_(std::chrono::steady_clock::now()) {}

Json Metrics::snapshot(const Settings& settings, const DiskUsage& disk) {
    constexpr std::int64_t k_mib = 1 << 20;
    const auto now = std::chrono::steady_clock::now();
    const double elapsed = std::chrono::duration<double>(now - last_time_).count();
    const double cpu_seconds = scan_cpu_seconds();
    const auto processors = std::max<std::int64_t>(::sysconf(_SC_NPROCESSORS_ONLN), 1);
    const double share =
        elapsed > 0 ? (cpu_seconds - last_cpu_seconds_) / elapsed / static_cast<double>(processors) : 0;
    last_time_ = now;
    last_cpu_seconds_ = cpu_seconds;
    const std::int64_t memory = scan_memory_exactly().bytes;
    return {{"ts", static_cast<std::int64_t>(std::time(nullptr))},
            {"cpu_count", processors},
            {"cpu_used_pct", std::round(std::clamp(share, 0.0, 1.0) * 10000) / 100},
            {"mem_total", settings.memory_bytes},
            {"mem_used", memory},
            {"mem_cache", 0},
            {"mem_total_mib", settings.memory_bytes / k_mib},
            {"mem_used_mib", memory / k_mib},
            {"disk_used", disk.bytes},
            {"disk_total", settings.disk_bytes}};
}

}  // namespace spawnai::engine::agent
