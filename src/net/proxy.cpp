#include "proxy.hpp"

namespace spawnai::net {

ProxyChoice choose_proxy(const Environment& environment, const Url& url) {
    if (url.loopback()) return {};
    const auto either = [&](const char* lower, const char* upper) {
        return environment.get(lower).value_or(environment.get_or(upper, ""));
    };
    std::string proxy =
        url.scheme == "https" ? either("https_proxy", "HTTPS_PROXY") : either("http_proxy", "HTTP_PROXY");
    if (proxy.empty()) proxy = either("all_proxy", "ALL_PROXY");
    if (proxy.empty()) return {};
    return {proxy, either("no_proxy", "NO_PROXY")};
}

}  // namespace spawnai::net
