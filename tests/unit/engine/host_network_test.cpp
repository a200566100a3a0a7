#include "engine/host_network.hpp"

#include <doctest/doctest.h>

#include <algorithm>

using namespace spawnai;
using namespace spawnai::engine;

namespace {

HostNetwork network_of(std::map<std::string, std::string> variables, std::string_view npmrc = "") {
    return host_network(Environment(std::move(variables)), npmrc,
                        [](const std::string& file) { return file.starts_with("/etc/ssl/"); });
}

std::string value_of(const HostNetwork& network, const std::string& name) {
    const auto found = std::find_if(network.environment.begin(), network.environment.end(),
                                    [&](const auto& pair) { return pair.first == name; });
    return found == network.environment.end() ? "(unset)" : found->second;
}

}  // namespace

TEST_CASE("certificates go along only when the file is visible inside") {
    const HostNetwork network =
        network_of({{"SSL_CERT_FILE", "/etc/ssl/certs/x.pem"}, {"NODE_EXTRA_CA_CERTS", "/root/ca.pem"}});
    CHECK(value_of(network, "SSL_CERT_FILE") == "/etc/ssl/certs/x.pem");
    CHECK(value_of(network, "NODE_EXTRA_CA_CERTS") == "(unset)");
}

TEST_CASE("registries go along without credentials and are exempt") {
    const HostNetwork network = network_of({{"npm_config_registry", "https://user:pass@npm.corp.example:8443/r/"},
                                            {"PIP_INDEX_URL", "http://10.1.2.3/simple"}});
    CHECK(value_of(network, "npm_config_registry") == "https://npm.corp.example:8443/r/");
    CHECK(network.exempt_names.count("npm.corp.example") == 1);
    CHECK(network.extra_ports == std::vector<std::uint16_t>{8443});
    REQUIRE(network.exempt_addresses.size() == 1);
    CHECK(network.exempt_addresses[0].str() == "10.1.2.3");
}

TEST_CASE("of an npmrc only the registry line counts") {
    const HostNetwork network = network_of({}, "//r.example/:_authToken=secret\n registry = https://r.example/npm/ \n");
    CHECK(value_of(network, "npm_config_registry") == "https://r.example/npm/");
    for (const auto& [name, value] : network.environment) CHECK(value.find("secret") == std::string::npos);
}

TEST_CASE("a proxy on this machine's loopback is not passed on and others are") {
    CHECK(network_of({{"HTTPS_PROXY", "http://127.0.0.1:3128"}, {"NO_PROXY", "x"}}).environment.empty());
    const HostNetwork network =
        network_of({{"HTTPS_PROXY", "http://me:pw@proxy.corp.example:3128"}, {"NO_PROXY", "corp.example"}});
    CHECK(value_of(network, "HTTPS_PROXY") == "http://proxy.corp.example:3128/");
    CHECK(value_of(network, "NO_PROXY") == "corp.example");
    CHECK(network.exempt_names.count("proxy.corp.example") == 1);
}

TEST_CASE("keys of the user never go along") {
    const HostNetwork network =
        network_of({{"CLAUDE_API_KEY", "k"}, {"E2B_API_KEY", "k"}, {"HOME", "/root"}, {"PATH", "/bin"}});
    CHECK(network.environment.empty());
}

TEST_CASE("name servers are read from resolv.conf") {
    const auto servers = name_servers(
        "# c\nsearch x\nnameserver 10.0.0.53\nnameserver  ::1 \nnameserver bad\nnameserver 1.1.1.1\nnameserver "
        "9.9.9.9\n");
    REQUIRE(servers.size() == 3);
    CHECK(servers[0].str() == "10.0.0.53");
    CHECK(servers[1].str() == "::1");
    CHECK(servers[2].str() == "1.1.1.1");
}
