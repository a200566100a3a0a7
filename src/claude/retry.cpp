#include "retry.hpp"

#include "api_error.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/net/retry.hpp>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <string_view>

namespace spawnai::claude {
namespace {

using std::chrono::milliseconds;

constexpr double k_longest_header_ms = 2147483647.0;  // what the official clients accept

std::optional<double> number(std::string_view text) {
    text = trim(text);
    double value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (failure != std::errc() || end != text.data() + text.size() || !std::isfinite(value)) return std::nullopt;
    return value;
}

}  // namespace

bool worth_retrying(int status, const ApiFault& fault, const net::Response* response) {
    // A spent allowance does not come back by waiting seconds, whatever the status suggests.
    if (spent_allowance(fault) || fault.code.starts_with("cmek_")) return false;
    if (response != nullptr)
        if (const auto should = response->header("x-should-retry")) {
            if (*should == "true") return true;
            if (*should == "false") return false;
        }
    if (status == 0)
        return fault.type == "overloaded_error" || fault.type == "api_error" || fault.type == "rate_limit_error" ||
               fault.type == "timeout_error" || fault.type == "internal_error";
    return status == 408 || status == 409 || status == 429 || status >= 500;
}

bool worth_retrying(net::TransportFault fault) noexcept {
    switch (fault) {
        case net::TransportFault::connect:
        case net::TransportFault::timeout:
        case net::TransportFault::cut:
            return true;
        case net::TransportFault::resolve:
        case net::TransportFault::tls:
        case net::TransportFault::too_large:
            return false;
    }
    return false;
}

std::optional<milliseconds> requested_wait(const net::Response& response, WallTime now) {
    const auto accept = [](double ms) -> std::optional<milliseconds> {
        if (ms <= 0 || ms > k_longest_header_ms) return std::nullopt;
        return milliseconds(static_cast<std::int64_t>(std::ceil(ms)));
    };
    if (const auto text = response.header("retry-after-ms"))
        if (const auto value = number(*text))
            if (const auto wait = accept(*value)) return wait;
    const auto text = response.header("retry-after");
    if (!text) return std::nullopt;
    if (const auto value = number(*text)) return accept(*value * 1000);
    if (const auto wait = net::parse_retry_after(*text, now)) return accept(static_cast<double>(wait->count()));
    return std::nullopt;
}

milliseconds backoff(int retry, bool overloaded, double random) {
    const double base = overloaded ? 2.0 : 0.5;
    const double seconds = std::min(base * std::pow(2.0, retry), 8.0) * (1.0 - 0.25 * random);
    return milliseconds(static_cast<std::int64_t>(seconds * 1000));
}

}  // namespace spawnai::claude
