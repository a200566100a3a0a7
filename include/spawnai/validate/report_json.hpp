#pragma once

#include <spawnai/validate/finding.hpp>

#include <nlohmann/json_fwd.hpp>

#include <string_view>

namespace spawnai::validate {

/// "block", "warn" or "note".
[[nodiscard]] std::string_view to_string(Severity severity) noexcept;

/// {"accepted": bool, "mendable": bool, "findings": [{"code", "severity", "file", "line", "column", "message", "hint",
/// "mendable"}]}; file, line and column are null where a finding has none. Texts are valid UTF-8 without control characters.
[[nodiscard]] nlohmann::json to_json(const Report& report);

}  // namespace spawnai::validate
