#pragma once

#include "reply_parser.hpp"

#include <spawnai/claude/model.hpp>

#include <string>
#include <string_view>
#include <vector>

namespace spawnai::claude {

/// Makes the app of `files` and what the manifest says, with defaults where it says nothing or nonsense.
/// @return why there is no app in it, as a model can be told, or an empty text.
[[nodiscard]] std::string assemble(GeneratedApp& app, std::vector<GeneratedFile> files,
                                   const std::optional<Manifest>& manifest, const GenerationRequest& request);

/// Whether `content` looks like the whole of a file whose closing tag is missing.
[[nodiscard]] bool looks_whole(std::string_view path, std::string_view content);

}  // namespace spawnai::claude
