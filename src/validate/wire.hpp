#pragma once

#include <cstdint>

namespace spawnai::validate {

/// Requests to the checker process and its answers: a Frame, then `size` bytes. Both ends are built together and run on one
/// machine, so the bytes are those of the machine.
struct Frame {
    char kind;  ///< request: see checker::check. Answer: 'p' page, 's' syntax, 'c' code, '.' done
    char reserved[3];
    std::uint32_t size;
};

/// Larger texts are not parsed.
inline constexpr std::uint32_t k_max_checked = 4U << 20U;

}  // namespace spawnai::validate
