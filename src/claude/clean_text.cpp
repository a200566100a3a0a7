#include "clean_text.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::claude {

std::string valid_utf8(std::string_view text) {
    if (is_valid_utf8(text)) return std::string(text);
    std::string clean;
    clean.reserve(text.size() + 16);
    while (!text.empty()) {
        std::size_t length = 1;
        const std::size_t longest = std::min<std::size_t>(4, text.size());
        while (length <= longest && !is_valid_utf8(text.substr(0, length))) ++length;
        if (length > longest) {
            clean += "\xEF\xBF\xBD";
            length = 1;
        } else {
            clean.append(text.substr(0, length));
        }
        text.remove_prefix(length);
    }
    return clean;
}

}  // namespace spawnai::claude
