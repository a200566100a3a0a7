#pragma once

#include <array>
#include <charconv>
#include <string_view>

namespace spawnai::sandbox {

/// Whether an envd version ("0.6.13") is below the given one. A text that is no version counts as new: a daemon that does not
/// tell is not held back. Pure.
[[nodiscard]] inline bool older_than(std::string_view version, int major, int minor, int patch) {
    std::array<int, 3> parts{};
    for (std::size_t i = 0; i < parts.size(); ++i) {
        const auto [end, failure] = std::from_chars(version.data(), version.data() + version.size(), parts[i]);
        if (failure != std::errc()) return false;
        version.remove_prefix(static_cast<std::size_t>(end - version.data()));
        if (i + 1 < parts.size()) {
            if (!version.starts_with('.')) return false;
            version.remove_prefix(1);
        }
    }
    return parts < std::array<int, 3>{major, minor, patch};
}

}  // namespace spawnai::sandbox
