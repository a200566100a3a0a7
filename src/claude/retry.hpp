#pragma once

#include "message.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/net/http.hpp>

#include <chrono>
#include <optional>

namespace spawnai::claude {

inline constexpr int k_attempts = 3;  ///< of one call, the first included
/// A server that asks for a longer pause gets none: the user is told instead.
inline constexpr std::chrono::seconds k_longest_wait{60};

/// Whether an answer with this status, or an error event (status 0), may go away by itself. `response` may overrule by
/// its header x-should-retry.
[[nodiscard]] bool worth_retrying(int status, const ApiFault& fault, const net::Response* response);
[[nodiscard]] bool worth_retrying(net::TransportFault fault) noexcept;

/// The pause that the server asks for (retry-after-ms, or retry-after in seconds or as an HTTP date).
[[nodiscard]] std::optional<std::chrono::milliseconds> requested_wait(const net::Response& response, WallTime now);

/// The pause before retry number `retry` (from 0) when the server asks for none: doubling from half a second, or from two
/// seconds when the service is overloaded, to at most eight; `random` in [0, 1) takes up to a quarter off.
[[nodiscard]] std::chrono::milliseconds backoff(int retry, bool overloaded, double random);

}  // namespace spawnai::claude
