#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// Servers that count in UTF-16 may cut an emoji in two: "\ud83d" at the end of one event, "\udc0d" at the start of the next.
/// Neither is valid JSON text by itself. Here each half becomes a mark (NUL and four hex digits) that a JSON parser lets pass.
[[nodiscard]] std::string mark_halves(std::string_view json);

/// Puts marked halves together again, across calls; a half that stays alone becomes U+FFFD. Not thread-safe.
class HalfJoiner {
 public:
    [[nodiscard]] std::string join(std::string_view marked);
    /// U+FFFD for a half that waited for its other one in vain, or nothing.
    [[nodiscard]] std::string finish();
    [[nodiscard]] bool waiting() const noexcept { return high_ != 0; }

 private:
    std::uint32_t high_ = 0;
};

}  // namespace spawnai::claude
