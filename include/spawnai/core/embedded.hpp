#pragma once

#include <cstddef>
#include <span>
#include <string_view>

namespace spawnai {

/// One file that was made part of the binary at build time. `begin` is followed by a NUL byte that is not
/// part of it.
struct EmbeddedEntry {
    const char* path;  ///< below src, e.g. "starters/todo/index.html"
    const char* begin;
    const char* end;
    [[nodiscard]] std::string_view content() const noexcept {
        return {begin, static_cast<std::size_t>(end - begin)};
    }
};

/// The tables that the build generates, one per embedded folder, sorted by path.
namespace embedded_tables {
extern const EmbeddedEntry starters[];
extern const std::size_t starters_size;
extern const EmbeddedEntry data[];
extern const std::size_t data_size;
extern const EmbeddedEntry prompts[];
extern const std::size_t prompts_size;
}  // namespace embedded_tables

}  // namespace spawnai
