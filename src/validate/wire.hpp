#pragma once

#include <cstdint>

namespace spawnai::validate {

/// Requests to the checker process and its answers: a Frame, then `size` bytes. Both ends are built together and run on one
/// machine, so the bytes are those of the machine.
struct Frame {
    char kind;  ///< request: see checker::check. Answer: 'p' page, 's' syntax, 'c' code, '.' done
    char reserved[3];
    std::uint32_t size;
    std::uint32_t milliseconds;  ///< request: processor time for it; answer '.': what was used
};

/// Larger texts are not parsed, only read on the surface.
inline constexpr std::uint32_t k_max_parsed = 4U << 20U;
/// An app has no larger file.
inline constexpr std::uint32_t k_max_request = 33U << 20U;
/// Processor time that one file may take, and all files of an app.
inline constexpr std::uint32_t k_file_milliseconds = 1000;
inline constexpr std::uint32_t k_app_milliseconds = 10'000;

}  // namespace spawnai::validate
