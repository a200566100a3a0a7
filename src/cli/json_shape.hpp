#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/money.hpp>

#include <optional>
#include <string>

namespace spawnai::cli {

/// Version of every JSON object that a command prints. Fields are added without a new version; a field that changes its
/// meaning or goes needs one.
inline constexpr int k_schema_version = 1;

/// {"usd":"0.003","nanoUsd":3000000}
[[nodiscard]] inline Json json_money(Money amount) {
    return Json{{"usd", amount.str()}, {"nanoUsd", amount.nano()}};
}
/// RFC 3339, UTC; null when there is none.
[[nodiscard]] inline Json json_time(const std::optional<WallTime>& time) {
    return time ? Json(format_rfc3339(*time)) : Json();
}
/// null instead of an empty text.
[[nodiscard]] inline Json json_text(const std::string& text) {
    return text.empty() ? Json() : Json(text);
}

}  // namespace spawnai::cli
