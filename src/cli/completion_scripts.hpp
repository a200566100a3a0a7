#pragma once

#include <string>

namespace spawnai::cli {

/// Completion scripts made from the command table. They ask `spawnai complete KIND` for what only the store knows.
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace spawnai::cli
