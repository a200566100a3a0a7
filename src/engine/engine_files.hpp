#pragma once

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/engine/engine.hpp>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

/// What the engine and those who look for it share: the files of the state directory and two messages.
namespace spawnai::engine {

struct EngineFiles {
    explicit EngineFiles(const std::filesystem::path& state_dir)
        : lock(state_dir / "engine.lock"),
          start_lock(state_dir / "start.lock"),
          info(state_dir / "engine.json"),
          port(state_dir / "port"),
          key(state_dir / "api-key"),
          log(state_dir / "engine.log"),
          errors(state_dir / "engine.stderr") {}
    std::filesystem::path lock;        ///< held by the engine as long as it lives
    std::filesystem::path start_lock;  ///< held by whoever starts one
    std::filesystem::path info;        ///< while one listens: what it was started with
    std::filesystem::path port;        ///< chosen once, so that printed URLs survive a restart
    std::filesystem::path key;
    std::filesystem::path log;
    std::filesystem::path errors;
};

[[nodiscard]] std::optional<std::uint16_t> read_port(const EngineFiles& files);
[[nodiscard]] std::optional<Secret> read_api_key(const EngineFiles& files);

/// The options as they go to the engine's stdin; of the environment only what an engine looks at, so no keys.
[[nodiscard]] Json options_to_json(const EngineOptions& options, bool check_only);
[[nodiscard]] EngineOptions options_from_json(const Json& json);

/// An error as it comes back on the ready pipe.
[[nodiscard]] Json error_to_json(const Error& error);
[[nodiscard]] Error error_from_json(const Json& json);

}  // namespace spawnai::engine
