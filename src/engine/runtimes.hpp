#pragma once

#include "engine/launcher.hpp"

#include <spawnai/core/environment.hpp>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::engine {

/// The directory that has to be mounted so that the program at `real_path` (links resolved) runs inside a
/// sandbox: the parent of its "bin". Empty when there is none that is narrow enough: a mount must not show a
/// home directory or any of `kept_out`.
[[nodiscard]] std::optional<std::filesystem::path> runtime_prefix(const std::filesystem::path& real_path,
                                                                  const std::vector<std::filesystem::path>& kept_out);

/// Finds node and python3 as the user would run them: PATH, version managers in the home directory, then the
/// system's. What lies below /usr is visible inside anyway and needs no mount. Scripts (shims of version
/// managers) are passed over. To be called with the user's privileges. `kept_out` must not become visible.
[[nodiscard]] std::vector<RuntimeMount> find_runtimes(const Environment& environment,
                                                      const std::vector<std::filesystem::path>& kept_out);

}  // namespace spawnai::engine
