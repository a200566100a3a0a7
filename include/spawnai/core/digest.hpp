#pragma once

#include <string>
#include <string_view>

namespace spawnai {

/// SHA-256 as 64 lower-case hex digits.
[[nodiscard]] std::string sha256_hex(std::string_view bytes);
/// SHA-256 as 32 raw bytes.
[[nodiscard]] std::string sha256_raw(std::string_view bytes);
/// Standard base64; `padded` adds the '=' signs.
[[nodiscard]] std::string base64_encode(std::string_view bytes, bool padded = true);
/// Equality that takes the same time wherever the difference is.
[[nodiscard]] bool equal_constant_time(std::string_view left, std::string_view right) noexcept;

}  // namespace spawnai
