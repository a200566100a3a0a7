#pragma once

#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>

namespace spawnai::engine::agent {

/// GET and HEAD /files. May answer at once and return nothing.
[[nodiscard]] std::shared_ptr<Exchange> download(const RequestHead& head, Reply& reply);

/// Accounts for bytes about to be stored; false when there is no room for them.
using TakeDisk = std::function<bool(std::int64_t bytes)>;

/// POST /files: one octet stream, or a form with any number of files.
[[nodiscard]] std::shared_ptr<Exchange> upload(const RequestHead& head, Reply& reply, TakeDisk take_disk);

/// POST /files/compose: several files become one.
[[nodiscard]] std::shared_ptr<Exchange> compose(Loop& loop, Reply& reply);

}  // namespace spawnai::engine::agent
