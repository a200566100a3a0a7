#pragma once

#include <cstdint>
#include <string_view>

namespace spawnai::engine::agent {

struct MemoryUsage {
    std::int64_t bytes = 0;  ///< resident, pages that processes share counted for each of them
    int processes = 0;       ///< without pid 1
};

/// Adds up what every process of the sandbox but pid 1 holds: a fraction of a millisecond.
[[nodiscard]] MemoryUsage scan_memory();
/// The same without counting shared pages twice and without program text; several times as slow.
[[nodiscard]] MemoryUsage scan_memory_exactly();
/// CPU time of all processes, living and reaped, in seconds.
[[nodiscard]] double scan_cpu_seconds();

/// Private and shared-memory bytes in the text of a smaps_rollup file; -1 when it does not say.
[[nodiscard]] std::int64_t parse_smaps_rollup(std::string_view text);
/// Resident bytes of System V segments to which no process is attached, from the text of /proc/sysvipc/shm.
[[nodiscard]] std::int64_t parse_detached_segments(std::string_view text);

}  // namespace spawnai::engine::agent
