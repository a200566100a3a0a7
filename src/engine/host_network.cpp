#include "engine/host_network.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/net/url.hpp>

#include <algorithm>
#include <optional>

namespace spawnai::engine {
namespace {

constexpr const char* k_certificate_variables[] = {"NODE_EXTRA_CA_CERTS", "SSL_CERT_FILE", "REQUESTS_CA_BUNDLE",
                                                   "CURL_CA_BUNDLE",      "PIP_CERT",      "GIT_SSL_CAINFO"};
constexpr const char* k_proxy_variables[] = {"HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"};
constexpr const char* k_default_registries[] = {"registry.npmjs.org", "pypi.org", "files.pythonhosted.org"};

std::optional<net::Url> parse_url(const std::string& text) {
    try {
        return net::Url::parse(text.find("://") == std::string::npos ? "http://" + text : text);
    } catch (const Error&) {
        return std::nullopt;
    }
}

void exempt(HostNetwork& network, const net::Url& url) {
    if (const auto address = IpAddress::parse(url.host)) {
        network.exempt_addresses.push_back(*address);
    } else {
        network.exempt_names.insert(url.host);
    }
    if (url.port != 80 && url.port != 443 &&
        std::find(network.extra_ports.begin(), network.extra_ports.end(), url.port) == network.extra_ports.end())
        network.extra_ports.push_back(url.port);
}

/// Passes `text` on under `name` without credentials. A loopback address would mean the sandbox itself
/// inside: left out.
void pass_url(HostNetwork& network, const std::string& name, const std::string& text) {
    const auto url = parse_url(text);
    if (!url || url->loopback()) return;
    network.environment.emplace_back(name, url->str());
    exempt(network, *url);
}

std::string registry_line(std::string_view npmrc) {
    for (std::string_view line : split_lines(npmrc)) {
        line = trim(line);
        const std::size_t equals = line.find('=');
        if (equals != std::string_view::npos && trim(line.substr(0, equals)) == "registry")
            return std::string(trim(line.substr(equals + 1)));
    }
    return {};
}

}  // namespace

HostNetwork host_network(const Environment& environment, std::string_view npmrc,
                         const std::function<bool(const std::string&)>& visible) {
    HostNetwork network;
    for (const char* name : k_default_registries) network.exempt_names.insert(name);
    for (const char* name : k_certificate_variables)
        if (const auto file = environment.get(name); file && visible(*file))
            network.environment.emplace_back(name, *file);

    std::string registry = environment.get_or("npm_config_registry", environment.get_or("NPM_CONFIG_REGISTRY", ""));
    if (registry.empty()) registry = registry_line(npmrc);
    if (!registry.empty()) pass_url(network, "npm_config_registry", registry);
    if (const auto index = environment.get("PIP_INDEX_URL")) pass_url(network, "PIP_INDEX_URL", *index);

    bool proxied = false;
    for (const char* name : k_proxy_variables) {
        const auto value = environment.get(name);
        if (!value) continue;
        const std::size_t before = network.environment.size();
        pass_url(network, name, *value);
        proxied = proxied || network.environment.size() > before;
    }
    if (!proxied) return network;
    for (const char* name : {"NO_PROXY", "no_proxy"})
        if (const auto value = environment.get(name)) network.environment.emplace_back(name, *value);
    return network;
}

std::vector<IpAddress> name_servers(std::string_view resolv_conf) {
    std::vector<IpAddress> servers;
    for (std::string_view line : split_lines(resolv_conf)) {
        line = trim(line);
        if (!line.starts_with("nameserver") || servers.size() == 3) continue;
        if (const auto address = IpAddress::parse(trim(line.substr(10)))) servers.push_back(*address);
    }
    return servers;
}

}  // namespace spawnai::engine
