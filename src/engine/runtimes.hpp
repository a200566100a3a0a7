#pragma once

#include "engine/launcher.hpp"

#include <spawnai/core/environment.hpp>

#include <filesystem>
#include <functional>
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

/// Where a prefix appears inside. Python is built for one place (its libraries and the first lines of its
/// scripts name it), so it keeps its own path unless that belongs to the sandbox; node runs anywhere.
[[nodiscard]] std::string place_inside(const std::string& program, const std::filesystem::path& prefix);

/// The path under which the sandbox's maker reaches a prefix (bubblewrap takes a mount's source by its path):
/// the same, another one, or none.
using ReachPrefix = std::function<std::optional<std::filesystem::path>(const std::filesystem::path& prefix,
                                                                       const std::string& program)>;

/// Finds node and python3 as the user would run them: PATH, the system's, then version managers in the home
/// directory. What lies below /usr is visible inside anyway and needs no mount. Scripts (shims of version
/// managers) are passed over. What `reach` does not reach gives way to the next installation; where there is
/// none, the first prefix is copied below `copies`, once. To be called with the user's privileges. `kept_out`
/// must not become visible.
[[nodiscard]] std::vector<RuntimeMount> find_runtimes(const Environment& environment,
                                                      const std::vector<std::filesystem::path>& kept_out,
                                                      const ReachPrefix& reach, const std::filesystem::path& copies);

}  // namespace spawnai::engine
