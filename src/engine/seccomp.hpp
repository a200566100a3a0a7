#pragma once

#include <spawnai/core/fd.hpp>

namespace spawnai::engine {

/// The system call filter of a strict sandbox as a BPF program in a memory file, positioned at its start:
/// what namespaces and missing capabilities leave open (other socket families, io_uring, keyrings, user
/// namespaces, terminal injection ...), and what would let an app starve or reconfigure pid 1. A foreign ABI
/// ends the process. @throws Error{internal}
[[nodiscard]] Fd seccomp_program();

}  // namespace spawnai::engine
