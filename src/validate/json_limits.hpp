#pragma once

#include <cstddef>
#include <string_view>

namespace spawnai::validate {

/// Whether a text is small and flat enough to be handed to the JSON library, which builds whatever it is given: at most 4 MiB
/// and 200 levels. Brackets in strings count too, which errs on the safe side.
[[nodiscard]] inline bool within_json_limits(std::string_view text) noexcept {
    if (text.size() > (4U << 20U)) return false;
    std::size_t depth = 0;
    for (const char c : text) {
        if ((c == '{' || c == '[') && ++depth > 200) return false;
        if ((c == '}' || c == ']') && depth > 0) --depth;
    }
    return true;
}

}  // namespace spawnai::validate
