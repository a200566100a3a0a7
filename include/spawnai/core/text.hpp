#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

[[nodiscard]] bool is_valid_utf8(std::string_view text) noexcept;
/// The number of bytes of `text` that form whole UTF-8 characters: less than its size only when the end cuts
/// one in two.
[[nodiscard]] std::size_t complete_utf8_prefix(std::string_view text) noexcept;
/// Number of code points of valid UTF-8.
[[nodiscard]] std::size_t utf8_length(std::string_view text) noexcept;

/// Text from a model, an app or a server, made safe to show on a terminal: escape sequences and control
/// characters except newline and tab are removed or shown as \xNN, invalid UTF-8 becomes U+FFFD,
/// bidirectional overrides are removed.
[[nodiscard]] std::string sanitize_for_terminal(std::string_view text);
/// As sanitize_for_terminal, on one line (newlines and tabs become spaces) and at most `width` characters,
/// with an ellipsis.
[[nodiscard]] std::string one_line(std::string_view text, std::size_t width);

[[nodiscard]] std::string_view trim(std::string_view text) noexcept;
[[nodiscard]] std::vector<std::string_view> split_lines(std::string_view text);
[[nodiscard]] std::string ascii_lower(std::string_view text);
/// The last `count` lines of `text`.
[[nodiscard]] std::string_view last_lines(std::string_view text, std::size_t count) noexcept;

/// Edit distance, for "did you mean".
[[nodiscard]] std::size_t edit_distance(std::string_view left, std::string_view right);

}  // namespace spawnai
