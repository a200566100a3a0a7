#pragma once

#include <cstdint>
#include <map>
#include <string>

namespace spawnai::engine::agent {

inline constexpr const char* k_home = "/home/user";

/// What the engine's first message says; until then nothing is started and nothing but health is served.
struct Settings {
    bool ready = false;
    std::map<std::string, std::string> environment;  ///< given to every process
    std::int64_t processes = 256;
    std::int64_t data_bytes = 2LL << 30;
    std::int64_t file_bytes = 1LL << 30;
    std::int64_t open_files = 4096;
    std::int64_t memory_bytes = 1LL << 30;
    std::int64_t disk_bytes = 2LL << 30;
};

}  // namespace spawnai::engine::agent
