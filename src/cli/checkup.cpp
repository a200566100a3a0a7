#include "checkup.hpp"

#include "context.hpp"
#include "error_text.hpp"

#include <spawnai/claude/settings.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/net/url.hpp>
#include <spawnai/sandbox/examine.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <chrono>
#include <future>
#include <optional>

namespace spawnai::cli {

namespace {

using std::chrono::seconds;

constexpr seconds k_harmless_skew(30);

std::string without_password(const std::string& proxy) {
    try {
        const net::Url url = net::Url::parse(proxy);
        return url.scheme + "://" + url.authority();
    } catch (const Error&) {
        // "proxy:3128" and socks5:// are libcurl's own notations.
        return proxy.substr(proxy.rfind('@') == std::string::npos ? 0 : proxy.rfind('@') + 1);
    }
}

Check model_check(Context& context) {
    const std::string url = claude::resolve_model_settings(context.environment(), context.keys(), {}).base_url;
    net::Request request;
    request.url = url;
    request.timeouts = {.connect = seconds(5), .first_byte = seconds(5), .idle = seconds(5), .total = seconds(8)};
    const net::Response response = context.transport().send(request, context.stop());
    return good(fmt::format("{} answers ({})", net::Url::parse(url).authority(), response.status));
}

Check clock_check(seconds ahead) {
    if (std::chrono::abs(ahead) <= k_harmless_skew) return good("agrees with that of the E2B API");
    return bad(
        Error(ErrorKind::usage,
              fmt::format("the clock of this machine is {} {} that of the E2B API",
                          format_duration(std::chrono::abs(ahead)), ahead.count() > 0 ? "ahead of" : "behind"),
              "set it, for example with: sudo timedatectl set-ntp true\nuntil then the times at which apps end are "
              "shown wrongly"));
}

std::vector<Check> cloud_checks(Context& context) {
    sandbox::E2bOptions options = sandbox::e2b_options(context.environment(), context.key("E2B_API_KEY"));
    options.user_agent = std::string("spawnai/") + SPAWNAI_VERSION;
    const sandbox::CloudLook found =
        sandbox::examine_cloud(options, context.transport(), context.clock(), context.stop());
    std::vector<Check> checks;
    for (const sandbox::AddressLook& look : found.addresses) {
        checks.push_back(look.fault ? bad(*look.fault) : good(look.message));
        checks.back().name = "E2B " + look.what;
    }
    if (found.clock_ahead) {
        checks.push_back(clock_check(*found.clock_ahead));
        checks.back().name = "clock";
    }
    return checks;
}

// A failure of `look` is its result.
template <class Look>
std::vector<Check> guarded(const std::string& name, const Look& look) {
    try {
        return look();
    } catch (const Error& error) {
        Check check = bad(error);
        check.name = name;
        return {check};
    }
}

}  // namespace

Check good(std::string message) {
    return {.name = {}, .health = Health::good, .message = std::move(message)};
}

Check absent(std::string message, std::string remedy) {
    return {.name = {}, .health = Health::absent, .message = std::move(message), .remedy = std::move(remedy)};
}

Check bad(const Error& error) {
    const Failure failure = describe(error);
    return {
        .name = {}, .health = Health::bad, .message = failure.message, .remedy = failure.hint, .code = failure.code};
}

std::vector<Check> network_settings(const Environment& environment) {
    std::vector<Check> checks;
    const auto add = [&](const char* name, Check check) {
        check.name = name;
        checks.push_back(std::move(check));
    };
    std::string proxies;
    for (const char* name : {"https_proxy", "HTTPS_PROXY", "http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"})
        if (const auto proxy = environment.get(name))
            proxies += fmt::format("{}{} is {}", proxies.empty() ? "" : ", ", name, without_password(*proxy));
    if (!proxies.empty()) {
        for (const char* name : {"no_proxy", "NO_PROXY"})
            if (const auto exceptions = environment.get(name)) proxies += fmt::format(", but not for {}", *exceptions);
        add("proxy", good(proxies));
    }
    for (const char* name : {"CURL_CA_BUNDLE", "SSL_CERT_FILE"})
        if (const auto file = environment.get(name)) {
            if (::access(file->c_str(), R_OK) == 0)
                add("CA file", good(fmt::format("{} is {}", name, *file)));
            else
                add("CA file", bad(Error(ErrorKind::usage, fmt::format("{} is {}, which cannot be read", name, *file),
                                         "name a file with certificates in PEM form, or unset it")));
            break;  // the first is the one that is used
        }
    return checks;
}

std::vector<Check> remote_checks(Context& context) {
    // Built here and now: the others are for one thread.
    (void)context.transport();
    (void)context.stop();
    const bool model = claude::model_available(context.environment(), context.keys());
    const bool cloud = !context.key("E2B_API_KEY").empty();
    std::future<std::vector<Check>> of_model;
    if (model)
        of_model = std::async(std::launch::async, [&] {
            return guarded("model API", [&] {
                Check check = model_check(context);
                check.name = "model API";
                return std::vector<Check>{check};
            });
        });
    std::vector<Check> checks;
    std::vector<Check> of_cloud;
    if (cloud) of_cloud = guarded("E2B API", [&] { return cloud_checks(context); });
    if (model) checks = of_model.get();
    checks.insert(checks.end(), of_cloud.begin(), of_cloud.end());
    return checks;
}

}  // namespace spawnai::cli
