#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/net/http.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

namespace spawnai::net {

/// What one attempt came to, as far as repeating it is concerned.
struct Attempt {
    int number = 1;                ///< the first is 1
    int status = 0;                ///< 0: there was no whole response
    bool may_have_arrived = true;  ///< with status 0
    std::optional<std::string> retry_after{};
    bool not_executed = false;  ///< the answer itself says that nothing was done
};

struct RetryPolicy {
    int attempts = 3;
    /// Executing the request twice does no harm. Otherwise it is repeated only when it surely was not
    /// executed.
    bool repeatable = false;
    /// Statuses that say "not now" before anything was executed; repeated even if not repeatable, but a 429
    /// only with Retry-After: without one it is a limit that waiting does not lift.
    std::vector<int> turned_away{429};
    /// Statuses after which nothing is known; repeated when repeatable.
    std::vector<int> uncertain{502, 503, 504};
    /// Recognises answers with one of those statuses that say that nothing was done; may be empty.
    std::function<bool(const Response&)> says_not_executed{};
    std::chrono::milliseconds base{500};      ///< pause after the first attempt; doubles each time
    std::chrono::milliseconds longest{8000};  ///< of our own choice of pause
};

/// "Sun, 06 Nov 1994 08:49:37 GMT", the one form that RFC 9110 lets senders make. Empty for anything else.
[[nodiscard]] std::optional<WallTime> parse_http_date(std::string_view text);

/// The value of a Retry-After header: seconds, or an HTTP-date seen from `now`; a date in the past is zero.
/// Empty for anything else.
[[nodiscard]] std::optional<std::chrono::milliseconds> parse_retry_after(std::string_view value, WallTime now);

/// Whether to try again, and after how long. Pure. `jitter` in [0,1) spreads the pause over its upper half
/// (and up to 250 ms beyond what Retry-After asks for); a pause that would not end within `remaining` is not
/// begun.
[[nodiscard]] std::optional<std::chrono::milliseconds> retry_pause(const RetryPolicy& policy, const Attempt& attempt,
                                                                   WallTime now, double jitter,
                                                                   std::chrono::milliseconds remaining);

/// Sends until there is an answer that is not to be retried, or no try is left; then the last answer or error
/// is the result. `deadline` bounds pauses, not a running attempt. A body_source cannot be repeated, so then
/// there is one attempt only.
/// @throws as Transport::send.
[[nodiscard]] Response send_with_retry(Transport& transport, const Request& request, const RetryPolicy& policy,
                                       const Clock& clock, std::chrono::milliseconds deadline, std::stop_token stop);

}  // namespace spawnai::net
