#pragma once

#include "engine/agent/exchange.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace spawnai::engine::agent {

/// GET and HEAD /files. May answer at once and return nothing.
[[nodiscard]] std::shared_ptr<Exchange> download(const RequestHead& head, Reply& reply);

/// POST /files: one octet stream, or a form with any number of files. `room` says how many bytes may still be
/// stored.
[[nodiscard]] std::shared_ptr<Exchange> upload(const RequestHead& head, Reply& reply,
                                               std::function<std::int64_t()> room);

}  // namespace spawnai::engine::agent
