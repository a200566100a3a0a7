#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spawnai::cli {

/// "1 file", "2 files": the plural is made with an s.
[[nodiscard]] inline std::string counted(std::int64_t count, std::string_view noun) {
    return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace spawnai::cli
