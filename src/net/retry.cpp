#include <spawnai/net/retry.hpp>
#include <spawnai/net/url.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <random>

namespace spawnai::net {

using std::chrono::milliseconds;

namespace {

bool contains(const std::vector<int>& statuses, int status) {
    return std::find(statuses.begin(), statuses.end(), status) != statuses.end();
}

bool worth_repeating(const RetryPolicy& policy, const Attempt& attempt) {
    if (attempt.status == 0) return !attempt.may_have_arrived || policy.repeatable;
    if (contains(policy.turned_away, attempt.status)) return attempt.status != 429 || attempt.retry_after.has_value();
    return (policy.repeatable || attempt.not_executed) && contains(policy.uncertain, attempt.status);
}

std::optional<int> digits(std::string_view text) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || text.front() == '-') return std::nullopt;
    return value;
}

double random_fraction() {
    thread_local std::minstd_rand generator(std::random_device{}());
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

}  // namespace

std::optional<WallTime> parse_http_date(std::string_view text) {
    constexpr std::array<std::string_view, 12> k_months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                           "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    if (text.size() != 29 || text.substr(3, 2) != ", " || text.substr(25) != " GMT" || text[19] != ':' ||
        text[22] != ':')
        return std::nullopt;
    const auto month = std::find(k_months.begin(), k_months.end(), text.substr(8, 3));
    const auto day = digits(text.substr(5, 2));
    const auto year = digits(text.substr(12, 4));
    const auto hour = digits(text.substr(17, 2));
    const auto minute = digits(text.substr(20, 2));
    const auto second = digits(text.substr(23, 2));
    if (month == k_months.end() || !day || !year || !hour || !minute || !second) return std::nullopt;
    const std::chrono::year_month_day date(std::chrono::year(*year),
                                           std::chrono::month(static_cast<unsigned>(month - k_months.begin()) + 1),
                                           std::chrono::day(static_cast<unsigned>(*day)));
    if (!date.ok() || *hour > 23 || *minute > 59 || *second > 60) return std::nullopt;
    return WallTime(std::chrono::sys_days(date)) + std::chrono::hours(*hour) + std::chrono::minutes(*minute) +
           std::chrono::seconds(*second);
}

std::optional<milliseconds> parse_retry_after(std::string_view value, WallTime now) {
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    while (!value.empty() && (value.back() == ' ' || value.back() == '\t')) value.remove_suffix(1);
    if (value.empty()) return std::nullopt;
    if (std::all_of(value.begin(), value.end(), [](char c) { return c >= '0' && c <= '9'; })) {
        // More digits than a year of seconds needs are still a number: one that nobody waits for.
        constexpr std::chrono::hours k_for_ever(24 * 366);
        const auto seconds = value.size() > 9 ? std::nullopt : digits(value);
        return seconds ? std::min<milliseconds>(std::chrono::seconds(*seconds), k_for_ever) : milliseconds(k_for_ever);
    }
    const auto date = parse_http_date(value);
    if (!date) return std::nullopt;
    return std::max(milliseconds(0), *date - now);
}

std::optional<milliseconds> retry_pause(const RetryPolicy& policy, const Attempt& attempt, WallTime now, double jitter,
                                        milliseconds remaining) {
    if (attempt.number >= policy.attempts || !worth_repeating(policy, attempt)) return std::nullopt;
    const auto part = [jitter](milliseconds whole) {
        return milliseconds(static_cast<milliseconds::rep>(static_cast<double>(whole.count()) * jitter));
    };
    std::optional<milliseconds> asked;
    if (attempt.retry_after) asked = parse_retry_after(*attempt.retry_after, now);
    if (attempt.status == 429 && !asked) return std::nullopt;
    const milliseconds own =
        std::min<milliseconds>(policy.longest, policy.base * (1 << std::min(attempt.number - 1, 10)));
    const milliseconds pause = asked ? *asked + part(milliseconds(250)) : own / 2 + part(own / 2);
    if (pause >= remaining) return std::nullopt;
    return pause;
}

Response send_with_retry(Transport& transport, const Request& request, const RetryPolicy& policy, const Clock& clock,
                         milliseconds deadline, std::stop_token stop) {
    RetryPolicy rules = policy;
    if (request.body_source) rules.attempts = 1;
    const SteadyTime end = clock.steady() + deadline;
    const bool local = Url::parse(request.url).loopback();
    const auto pause_after = [&](const Attempt& attempt) {
        const auto remaining = std::chrono::duration_cast<milliseconds>(end - clock.steady());
        const auto pause = retry_pause(rules, attempt, clock.now(), random_fraction(), remaining);
        if (pause && !clock.sleep(*pause, stop)) throw Interrupted(0);
        return pause.has_value();
    };
    for (int number = 1;; ++number) {
        Attempt attempt;
        attempt.number = number;
        try {
            Response response = transport.send(request, stop);
            attempt.status = response.status;
            attempt.retry_after = response.header("Retry-After");
            attempt.not_executed = policy.says_not_executed && policy.says_not_executed(response);
            if (!pause_after(attempt)) return response;
        } catch (const TransportError& error) {
            // A bad certificate stays bad, and on this machine nobody begins to listen because we wait.
            if (error.fault() == TransportFault::tls || (error.fault() == TransportFault::connect && local)) throw;
            attempt.may_have_arrived = error.may_have_arrived();
            if (!pause_after(attempt)) throw;
        }
    }
}

}  // namespace spawnai::net
