#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::cli {

/// The candidate that `given` is most likely a misspelling of; empty when none is near.
[[nodiscard]] std::optional<std::string> closest(std::string_view given, const std::vector<std::string>& candidates);

}  // namespace spawnai::cli
