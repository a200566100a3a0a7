#pragma once

#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

#include <cstdint>
#include <string>

namespace spawnai::engine::agent {

/// Dials 127.0.0.1:`port`, else [::1]:`port`, answers `OK` or `ERR <errno name>` on `client`, then carries
/// bytes both ways until both sides have ended. A side that does not read stops the other; nothing is
/// buffered beyond one piece each way. `received` is what the client sent after its preface. Keeps itself
/// alive through the loop.
void start_relay(Loop& loop, Fd client, std::uint16_t port, std::string received);

}  // namespace spawnai::engine::agent
