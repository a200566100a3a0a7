#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/environment.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/provider.hpp>

#include <chrono>
#include <memory>
#include <optional>
#include <string>

namespace spawnai::sandbox {

/// Where an E2B control plane is and how to speak to it.
struct E2bOptions {
    std::string api_url;             ///< "https://api.e2b.app"; may have a path; http for the local engine
    std::string domain = "e2b.app";  ///< of sandbox host names, when the API's answer names none
    /// One address for all traffic with the daemons inside; they are told apart by headers. Unset: made from the domain, or
    /// api_url itself when that is on loopback.
    std::optional<std::string> sandbox_url{};
    Secret api_key{};
    std::string user_agent = "spawnai";
    std::chrono::milliseconds request_timeout{60000};  ///< of one call; no repetition begins later
};

/// What E2B_DOMAIN, E2B_API_URL and E2B_SANDBOX_URL say, or where the cloud is.
[[nodiscard]] E2bOptions e2b_options(const Environment& environment, const Secret& api_key);

/// `transport` and `clock` must outlive the provider and all that it gives out. @throws Error{usage} for a URL that is none.
[[nodiscard]] std::unique_ptr<Provider> make_e2b_provider(E2bOptions options, net::Transport& transport,
                                                          const Clock& clock);

}  // namespace spawnai::sandbox
