#pragma once

#include <spawnai/core/generated_app.hpp>

#include <filesystem>

namespace spawnai::validate {

/// The app at `path` as files on disk: a directory (an api, or any app of several files) or one file (a page or a script).
/// Entry and start command follow from the type and, for an api, from package.json. node_modules, dot files and symbolic links
/// are left out. Content is not judged here, so a broken app loads too.
/// @throws Error{not_found} when there is nothing at `path`; Error{usage} when it cannot be read or is larger than an app may be
/// (32 MiB, 2,000 files).
[[nodiscard]] GeneratedApp load_app_from(const std::filesystem::path& path, AppType type);

}  // namespace spawnai::validate
