#pragma once

#include <spawnai/core/environment.hpp>

#include <filesystem>

namespace spawnai {

/// Where spawnai keeps things. XDG base directories, or everything below SPAWNAI_HOME when that is set.
/// Nothing is created here; a writer makes the directory that it needs with mode 0700.
struct Paths {
    std::filesystem::path config_file;  ///< config.json
    std::filesystem::path keys_file;    ///< keys.json, 0600
    std::filesystem::path store_file;   ///< spawnai.db
    std::filesystem::path run_dir;      ///< lock files of running commands
    std::filesystem::path engine_dir;   ///< engine state: key, port, sandboxes
    std::filesystem::path log_file;     ///< the JSON log of --debug

    /// @throws Error{usage} when neither SPAWNAI_HOME nor HOME nor the password database names a place, or
    /// one is not absolute.
    [[nodiscard]] static Paths resolve(const Environment& environment);
};

}  // namespace spawnai
