#pragma once

#include <filesystem>

namespace spawnai::engine {

/// Deletes `directory` and all below it, however deep and with whatever modes an app left; follows no link
/// and leaves the file system only by what lies in it. Best effort: never throws. @return whether it is gone.
bool remove_tree(const std::filesystem::path& directory) noexcept;

}  // namespace spawnai::engine
