#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/claude/prompts.hpp>

#include <map>
#include <string>
#include <string_view>

namespace spawnai::claude {

using PromptValues = std::map<std::string, std::string, std::less<>>;

/// One of the files of src/prompts, without the white space at its end.
[[nodiscard]] std::string_view prompt_file(std::string_view name);

/// Fills in `{{name}}`, and keeps what stands between the lines `{{#name}}` and `{{/name}}` only when that value is not empty.
/// Values are put in as they are: what looks like a placeholder in one of them stays as it is.
[[nodiscard]] std::string render_prompt(std::string_view name, const PromptValues& values);

/// The part of a request that never changes for a type, so that servers can cache it.
[[nodiscard]] std::string system_prompt(AppType type);

/// Whether changes are asked for as edit blocks rather than whole files.
[[nodiscard]] bool wants_edit_blocks(const GenerationRequest& request, std::string_view model);

/// The first user message of a request.
[[nodiscard]] std::string first_message(const GenerationRequest& request, std::string_view nonce, bool edit_blocks);

/// A nonce for which `random` proposes candidates, the first that occurs in none of the texts of `request`.
[[nodiscard]] std::string choose_nonce(const GenerationRequest& request, const std::function<std::string()>& random);

/// What people usually expect of an app that a terse prompt names; empty for a detailed prompt or an unknown kind of app.
[[nodiscard]] std::string usual_features(std::string_view prompt, AppType type);

}  // namespace spawnai::claude
