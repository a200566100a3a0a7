#include "suggest.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::cli {

std::optional<std::string> closest(std::string_view given, const std::vector<std::string>& candidates) {
    const std::string wanted = ascii_lower(given);
    std::optional<std::string> best;
    // Two slips (swapped letters are two) in a word, or one in three characters; more is another word.
    std::size_t least = (wanted.size() <= 2 ? 1 : std::max<std::size_t>(2, wanted.size() / 3)) + 1;
    for (const std::string& candidate : candidates) {
        const std::size_t distance = edit_distance(wanted, candidate);
        if (distance < least) {
            least = distance;
            best = candidate;
        }
    }
    if (best || wanted.size() < 3) return best;
    for (const std::string& candidate : candidates)
        if (candidate.starts_with(wanted)) return candidate;
    return std::nullopt;
}

}  // namespace spawnai::cli
