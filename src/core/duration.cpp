#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>

#include <fmt/format.h>

namespace spawnai {

std::chrono::seconds parse_duration(std::string_view text) {
    constexpr std::int64_t longest = 366LL * 24 * 3600;
    const auto refuse = [&](const char* why) {
        return Error(ErrorKind::usage, fmt::format("'{}' is not a duration: {}", text.substr(0, 40), why),
                     "write it like 90s, 15m, 2h or 1h30m");
    };
    if (text.empty()) throw refuse("it is empty");
    std::int64_t total = 0;
    std::int64_t last_unit = longest + 1;
    std::size_t position = 0;
    while (position < text.size()) {
        std::int64_t number = 0;
        const std::size_t start = position;
        for (; position < text.size() && text[position] >= '0' && text[position] <= '9'; ++position) {
            number = number * 10 + (text[position] - '0');
            if (number > longest) throw refuse("it is too long");
        }
        if (position == start) throw refuse("a number is missing");
        if (position == text.size()) throw refuse("its unit is missing");
        std::int64_t unit = 0;
        switch (text[position++]) {
            case 's':
                unit = 1;
                break;
            case 'm':
                unit = 60;
                break;
            case 'h':
                unit = 3600;
                break;
            case 'd':
                unit = 86400;
                break;
            default:
                throw refuse("units are s, m, h and d");
        }
        if (unit >= last_unit) throw refuse("units must go from large to small");
        last_unit = unit;
        if (number > longest / unit) throw refuse("it is too long");
        total += number * unit;
    }
    if (total == 0) throw refuse("it must be more than zero");
    if (total > longest) throw refuse("it is too long");
    return std::chrono::seconds(total);
}

std::string format_duration(std::chrono::seconds duration) {
    std::int64_t rest = duration.count();
    if (rest == 0) return "0s";
    std::string text = rest < 0 ? "-" : "";
    if (rest < 0) rest = -rest;
    for (const auto& [unit, letter] :
         {std::pair<std::int64_t, char>{86400, 'd'}, {3600, 'h'}, {60, 'm'}, {1, 's'}}) {
        if (rest < unit) continue;
        text += fmt::format("{}{}", rest / unit, letter);
        rest %= unit;
    }
    return text;
}

}  // namespace spawnai
