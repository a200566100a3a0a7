#pragma once

#include <chrono>
#include <string>
#include <string_view>

namespace spawnai {

/// "90s", "15m", "2h", "1h30m", "1d". A bare number is refused with a hint, and so is zero, a negative or
/// anything over 366 days.
/// @throws Error{usage}
[[nodiscard]] std::chrono::seconds parse_duration(std::string_view text);

/// The shortest exact form that parse_duration reads back: "90s", "30m", "1h30m". Zero is "0s".
[[nodiscard]] std::string format_duration(std::chrono::seconds duration);

}  // namespace spawnai
