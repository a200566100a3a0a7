#pragma once

#include <spawnai/core/generated_app.hpp>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::pipeline {

/// A hand-written app that is part of the binary: what users get when no model can be asked. docs/starters.md
/// tells how to add one.
struct Starter {
    std::string id;                     ///< its folder below src/starters: [a-z0-9-]+
    std::string description;            ///< one line
    std::string example;                ///< a prompt that selects it, fit to be shown as a suggestion
    std::vector<std::string> keywords;  ///< phrases; a prompt must contain one of them
    std::vector<std::string> features;  ///< further words and phrases that this app lives up to
    GeneratedApp app;
};

/// The catalogue, sorted by id. Parsed at the first call; lives for the whole process; safe from any thread.
/// @throws Error{internal} when an embedded manifest is broken, which the unit tests rule out.
[[nodiscard]] std::span<const Starter> list_starters();

/// The starter with this id, or nullptr.
[[nodiscard]] const Starter* find_starter(std::string_view id);

/// The starter that does what `prompt` asks for, or nullptr when that is not sure: every word of the prompt
/// must be a keyword or feature of the starter, or say nothing about the app ("a simple ... please"). `type`
/// is what the user demanded; leave it out when it was merely guessed. Without it, a webapp is preferred to
/// an api, and an api to a script.
[[nodiscard]] const Starter* match_starter(std::string_view prompt, std::optional<AppType> type = std::nullopt);

/// As above, over another catalogue. Pure; the result points into `catalogue`.
[[nodiscard]] const Starter* match_starter(std::string_view prompt, std::optional<AppType> type,
                                           std::span<const Starter> catalogue);

/// The starter whose files are `files` (path below the starter's folder, content) with the manifest among
/// them.
/// @throws Error{usage} naming the field that is wrong.
[[nodiscard]] Starter parse_starter(std::string_view id, const std::vector<GeneratedFile>& files);

}  // namespace spawnai::pipeline
