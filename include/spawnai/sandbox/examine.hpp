#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <chrono>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spawnai::sandbox {

/// What a look at one address of a cloud found.
struct AddressLook {
    std::string what;            ///< "API", "sandboxes" (the daemons inside) or "apps" (what a browser asks)
    std::string message;         ///< what is so, or what is wrong
    std::optional<Error> fault;  ///< empty: it can be worked with
};

struct CloudLook {
    std::vector<AddressLook> addresses;
    /// By how much the clock of this machine is ahead of the API's; empty when the API did not tell.
    std::optional<std::chrono::seconds> clock_ahead;
};

/// Asks the API whether it takes the key, and the hosts of sandboxes whether they answer, all at once and without repeating:
/// it takes as long as one connection may take. Makes nothing and changes nothing there. @throws Interrupted, and Error{usage} for
/// an address that is none.
[[nodiscard]] CloudLook examine_cloud(const E2bOptions& options, net::Transport& transport, const Clock& clock,
                                      const std::stop_token& stop);

/// How far `now` is ahead of the time that a Date header tells. Pure.
[[nodiscard]] std::optional<std::chrono::seconds> ahead_of(const net::Response& response, WallTime now);

}  // namespace spawnai::sandbox
