#pragma once

#include "engine/agent/exchange.hpp"
#include "engine/agent/process.hpp"

#include <memory>
#include <string_view>

namespace spawnai::engine::agent {

/// The process.Process service. Returns nothing (and has answered) when the request cannot be a call of this
/// service.
[[nodiscard]] std::shared_ptr<Exchange> process_call(std::string_view method, Loop& loop, ProcessTable& table,
                                                     const RequestHead& head, Reply& reply);

}  // namespace spawnai::engine::agent
