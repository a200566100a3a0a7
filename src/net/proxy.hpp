#pragma once

#include <spawnai/core/environment.hpp>
#include <spawnai/net/url.hpp>

#include <string>

namespace spawnai::net {

/// What the environment says about the way to one address. Both in libcurl's notation.
struct ProxyChoice {
    std::string proxy;       ///< empty: go directly
    std::string exceptions;  ///< NO_PROXY
};

/// https_proxy or http_proxy by scheme, else all_proxy, each in lower or upper case; never for loopback.
/// Pure.
[[nodiscard]] ProxyChoice choose_proxy(const Environment& environment, const Url& url);

}  // namespace spawnai::net
