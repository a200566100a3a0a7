#pragma once

#include <cstddef>
#include <string_view>

namespace spawnai::validate {

/// Whether a text is small and flat enough to be handed to the JSON library, which builds whatever it is given: at most 4 MiB,
/// 200 levels and `most_commas`. Brackets and commas in strings count too, which errs on the safe side.
[[nodiscard]] inline bool within_json_limits(std::string_view text, std::size_t most_commas = 1'000'000) noexcept {
    if (text.size() > (4U << 20U)) return false;
    std::size_t depth = 0;
    std::size_t commas = 0;
    for (const char c : text) {
        if (c == ',' && ++commas > most_commas) return false;
        if ((c == '{' || c == '[') && ++depth > 200) return false;
        if ((c == '}' || c == ']') && depth > 0) --depth;
    }
    return true;
}

}  // namespace spawnai::validate
