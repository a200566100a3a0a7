#include "addresses.hpp"

#include <spawnai/net/url.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace spawnai::sandbox {

namespace {

/// Clouds that take the traffic of all sandboxes under one host name and tell them apart by headers.
constexpr std::array<std::string_view, 4> k_shared_host_domains = {"e2b.app", "e2b.dev", "e2b.pro", "e2b-staging.dev"};

}  // namespace

std::string envd_url(const E2bOptions& options, std::string_view id, std::string_view domain) {
    if (options.sandbox_url) return *options.sandbox_url;
    if (net::Url::parse(options.api_url).loopback()) return options.api_url;
    if (std::find(k_shared_host_domains.begin(), k_shared_host_domains.end(), domain) != k_shared_host_domains.end())
        return fmt::format("https://sandbox.{}", domain);
    return fmt::format("https://{}-{}.{}", wire::k_envd_port, id, domain);
}

std::string app_scheme(const E2bOptions& options, std::string_view domain) {
    // A sandbox on this machine is served the way its API is; everything else has certificates.
    const bool local = net::Url::parse(fmt::format("http://{}", domain)).loopback();
    return local ? net::Url::parse(options.api_url).scheme : "https";
}

}  // namespace spawnai::sandbox
