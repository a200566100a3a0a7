#pragma once

#include <spawnai/core/generated_app.hpp>

#include <string>
#include <string_view>

namespace spawnai::claude {

/// Names the texts that are sent for `type`: changes whenever one of them does. Part of the key by which an
/// app is reused.
[[nodiscard]] std::string prompt_version(AppType type);

/// The texts that are sent for `type`, for `prompt show`: the system prompt and the templates of the user
/// messages.
[[nodiscard]] std::string describe_prompts(AppType type);

/// The prompt as the model gets it: invalid UTF-8 replaced, control characters dropped, white space at both
/// ends and runs of blank lines removed, typographic quotes kept. Two prompts that differ only in such noise
/// are the same request.
[[nodiscard]] std::string optimise_prompt(std::string_view prompt);

}  // namespace spawnai::claude
