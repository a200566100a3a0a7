#pragma once

#include <cstdint>

namespace spawnai::engine {

/// Limits of one sandbox; the agent sets and watches them inside, so they hold when the engine is gone.
struct SandboxLimits {
    std::int64_t processes = 256;         ///< RLIMIT_NPROC, counted per user namespace
    std::int64_t data_bytes = 2LL << 30;  ///< RLIMIT_DATA of each process
    std::int64_t file_bytes = 1LL << 30;  ///< RLIMIT_FSIZE
    std::int64_t open_files = 4096;       ///< RLIMIT_NOFILE
    std::int64_t memory_bytes =
        1LL << 30;  ///< resident memory of all processes together; the agent's watcher ends them
    std::int64_t disk_bytes = 2LL << 30;  ///< blocks used below /app, /home/user, /tmp and /dev/shm together
};

}  // namespace spawnai::engine
