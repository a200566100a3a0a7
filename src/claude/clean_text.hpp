#pragma once

#include <string>
#include <string_view>

namespace spawnai::claude {

/// `text` with every byte that is not part of a UTF-8 character replaced by U+FFFD.
[[nodiscard]] std::string valid_utf8(std::string_view text);

}  // namespace spawnai::claude
