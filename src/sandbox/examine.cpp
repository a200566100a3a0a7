#include "addresses.hpp"
#include "failure.hpp"

#include <spawnai/core/interrupt.hpp>
#include <spawnai/net/retry.hpp>
#include <spawnai/net/url.hpp>
#include <spawnai/sandbox/examine.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <functional>
#include <future>

namespace spawnai::sandbox {

using std::chrono::seconds;

namespace {

/// An id that no sandbox has: what answers for it is the gateway.
constexpr std::string_view k_nobody = "spawnaidoctor";
constexpr net::Timeouts k_patience{seconds(5), seconds(5), seconds(5), seconds(8)};

net::Request get(const std::string& url, const E2bOptions& options) {
    net::Request request;
    request.url = url;
    request.headers = {{"User-Agent", options.user_agent}, {"Accept", wire::media::k_json}};
    request.timeouts = k_patience;
    return request;
}

std::string host_of(const std::string& url) {
    return net::Url::parse(url).authority();
}

AddressLook looked(const char* what, const std::string& url, const std::function<std::string()>& look) {
    try {
        return {what, fmt::format("{} {}", host_of(url), look()), std::nullopt};
    } catch (const Error& error) {
        return {what, error.what(), error};
    }
}

/// The list is the cheapest call that needs the key; servers of either age have it.
net::Response ask_for_list(const E2bOptions& options, net::Transport& transport, const std::stop_token& stop) {
    net::Response response;
    for (const char* path : {"/v2/sandboxes?limit=1", "/sandboxes?limit=1"}) {
        net::Request request = get(options.api_url + path, options);
        request.headers.push_back({wire::header::k_api_key, options.api_key.reveal()});
        response = transport.send(request, stop);
        if (response.status != 404 && response.status != 405) break;
    }
    return response;
}

std::string gateway_answer(const net::Response& response, const std::string& url) {
    if (is_page(response) || (response.status >= 300 && response.status < 400))
        throw Error(ErrorKind::unavailable,
                    fmt::format("{} answers with {} ({}), so it is no gateway of E2B", host_of(url),
                                is_page(response) ? "a web page" : "a redirect", response.status),
                    "a proxy or a captive portal in between? check E2B_DOMAIN, HTTPS_PROXY and NO_PROXY");
    return fmt::format("answers ({})", response.status);
}

}  // namespace

std::optional<seconds> ahead_of(const net::Response& response, WallTime now) {
    const auto date = net::parse_http_date(response.header("Date").value_or(""));
    if (!date) return std::nullopt;
    return std::chrono::round<seconds>(now - *date);
}

CloudLook examine_cloud(const E2bOptions& options, net::Transport& transport, const Clock& clock,
                        const std::stop_token& stop) {
    const std::string envd = envd_url(options, k_nobody, options.domain) + "/health";
    const std::string app =
        fmt::format("{}://3000-{}.{}/", app_scheme(options, options.domain), k_nobody, options.domain);
    auto sandboxes = std::async(std::launch::async, [&] {
        return looked("sandboxes", envd, [&] {
            net::Request request = get(envd, options);
            request.headers.push_back({wire::header::k_sandbox_id, std::string(k_nobody)});
            request.headers.push_back({wire::header::k_sandbox_port, std::to_string(wire::k_envd_port)});
            return gateway_answer(transport.send(request, stop), envd);
        });
    });
    auto apps = std::async(std::launch::async, [&] {
        return looked("apps", app, [&] { return gateway_answer(transport.send(get(app, options), stop), app); });
    });
    CloudLook found;
    found.addresses.push_back(looked("API", options.api_url, [&] {
        const net::Response response = ask_for_list(options, transport, stop);
        found.clock_ahead = ahead_of(response, clock.now());
        if (response.status != 200) throw error_of(Service::control_plane, response, host_of(options.api_url));
        (void)wire::parse_list(response.body);
        return std::string("accepts the key");
    }));
    found.addresses.push_back(sandboxes.get());
    found.addresses.push_back(apps.get());
    return found;
}

}  // namespace spawnai::sandbox
