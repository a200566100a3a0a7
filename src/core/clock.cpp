#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>

#include <fmt/format.h>

#include <condition_variable>
#include <mutex>

namespace spawnai {

namespace {

class SystemClock final : public Clock {
 public:
    WallTime now() const override {
        return std::chrono::time_point_cast<std::chrono::milliseconds>(std::chrono::system_clock::now());
    }
    SteadyTime steady() const override { return std::chrono::steady_clock::now(); }
    bool sleep(std::chrono::milliseconds duration, std::stop_token stop) const override {
        std::mutex mutex;
        std::condition_variable_any wake;
        std::unique_lock lock(mutex);
        return !wake.wait_for(lock, stop, duration, [&] { return stop.stop_requested(); });
    }
};

/// Reads exactly `digits` digits of `text` at `position` and moves behind them.
int read_digits(std::string_view text, std::size_t& position, std::size_t digits) {
    if (position + digits > text.size())
        throw Error(ErrorKind::usage, fmt::format("not a time: '{}'", text.substr(0, 40)));
    int value = 0;
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[position++];
        if (c < '0' || c > '9')
            throw Error(ErrorKind::usage, fmt::format("not a time: '{}'", text.substr(0, 40)));
        value = value * 10 + (c - '0');
    }
    return value;
}

}  // namespace

const Clock& system_clock() {
    static const SystemClock clock;
    return clock;
}

std::string format_rfc3339(WallTime time) {
    const auto day = std::chrono::floor<std::chrono::days>(time);
    const std::chrono::year_month_day date(day);
    const std::chrono::hh_mm_ss clock(time - day);
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                                   static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                                   clock.hours().count(), clock.minutes().count(), clock.seconds().count());
    if (clock.subseconds().count() != 0) text += fmt::format(".{:03}", clock.subseconds().count());
    return text + "Z";
}

WallTime parse_rfc3339(std::string_view text) {
    const auto refuse = [&] {
        return Error(ErrorKind::usage, fmt::format("not a time: '{}'", text.substr(0, 40)));
    };
    std::size_t position = 0;
    const auto expect = [&](std::string_view any_of) {
        if (position >= text.size() || any_of.find(text[position]) == std::string_view::npos) throw refuse();
        return text[position++];
    };
    const int year = read_digits(text, position, 4);
    expect("-");
    const int month = read_digits(text, position, 2);
    expect("-");
    const int day = read_digits(text, position, 2);
    expect("Tt ");
    const int hour = read_digits(text, position, 2);
    expect(":");
    const int minute = read_digits(text, position, 2);
    expect(":");
    const int second = read_digits(text, position, 2);
    int millisecond = 0;
    if (position < text.size() && text[position] == '.') {
        ++position;
        std::size_t digits = 0;
        for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position, ++digits)
            if (digits < 3) millisecond = millisecond * 10 + (text[position] - '0');
        if (digits == 0 || digits > 9) throw refuse();
        for (; digits < 3; ++digits) millisecond *= 10;
    }
    const char zone = expect("Zz+-");
    std::chrono::minutes offset{0};
    if (zone == '+' || zone == '-') {
        const int hours = read_digits(text, position, 2);
        expect(":");
        const int minutes = read_digits(text, position, 2);
        if (hours > 23 || minutes > 59) throw refuse();
        offset = std::chrono::minutes(hours * 60 + minutes) * (zone == '+' ? 1 : -1);
    }
    const std::chrono::year_month_day date{std::chrono::year(year),
                                           std::chrono::month(static_cast<unsigned>(month)),
                                           std::chrono::day(static_cast<unsigned>(day))};
    if (position != text.size() || !date.ok() || hour > 23 || minute > 59 || second > 60) throw refuse();
    return WallTime(std::chrono::sys_days(date).time_since_epoch() + std::chrono::hours(hour) +
                    std::chrono::minutes(minute) + std::chrono::seconds(second) +
                    std::chrono::milliseconds(millisecond) - offset);
}

}  // namespace spawnai
