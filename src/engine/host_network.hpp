#pragma once

#include "engine/address_policy.hpp"

#include <spawnai/core/environment.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnai::engine {

/// How this machine reaches package registries, as far as a sandbox must do the same.
struct HostNetwork {
    /// For every process inside. Never holds credentials, and names only files that are visible inside.
    std::vector<std::pair<std::string, std::string>> environment;
    std::set<std::string> exempt_names;       ///< registries and proxies: may have addresses that are denied otherwise
    std::vector<IpAddress> exempt_addresses;  ///< the same, given as addresses
    std::vector<std::uint16_t> extra_ports;   ///< of proxies and registries, beside 80 and 443
};

/// Reads it from the user's environment and the text of the user's npmrc, of which only the registry line is
/// looked at. `visible` says whether a file of the host can be read inside a sandbox under the same path.
[[nodiscard]] HostNetwork host_network(const Environment& environment, std::string_view npmrc,
                                       const std::function<bool(const std::string&)>& visible);

/// The name servers of a resolv.conf, at most three.
[[nodiscard]] std::vector<IpAddress> name_servers(std::string_view resolv_conf);

}  // namespace spawnai::engine
