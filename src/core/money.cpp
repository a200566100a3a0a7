#include <spawnai/core/error.hpp>
#include <spawnai/core/money.hpp>

#include <fmt/format.h>

namespace spawnai {

namespace {

constexpr std::int64_t k_nano = 1'000'000'000;

[[noreturn]] void overflow() {
    throw Error(ErrorKind::internal, "an amount of money does not fit");
}

}  // namespace

Money Money::parse(std::string_view text) {
    const auto refuse = [&]() -> Money {
        throw Error(ErrorKind::usage, fmt::format("not an amount in dollars: '{}'", text.substr(0, 40)),
                    "write it like 0.50 or $2");
    };
    std::string_view rest = text;
    if (rest.starts_with('$')) rest.remove_prefix(1);
    if (rest.empty()) return refuse();
    std::int64_t whole = 0;
    std::int64_t fraction = 0;
    std::int64_t scale = k_nano;
    bool after_point = false;
    bool any_digit = false;
    for (const char c : rest) {
        if (c == '.' && !after_point) {
            after_point = true;
            continue;
        }
        if (c < '0' || c > '9') return refuse();
        any_digit = true;
        if (after_point) {
            if (scale == 1) return refuse();
            scale /= 10;
            fraction += (c - '0') * scale;
        } else {
            whole = whole * 10 + (c - '0');
            if (whole > 1'000'000'000) return refuse();
        }
    }
    if (!any_digit) return refuse();
    return Money(whole * k_nano + fraction);
}

std::string Money::str() const {
    const bool negative = nano_ < 0;
    const std::uint64_t absolute =
        negative ? std::uint64_t{0} - static_cast<std::uint64_t>(nano_) : static_cast<std::uint64_t>(nano_);
    std::string text = fmt::format("{}{}.{:09}", negative ? "-" : "", absolute / k_nano, absolute % k_nano);
    const std::size_t shortest = text.find('.') + 3;
    while (text.size() > shortest && text.back() == '0') text.pop_back();
    return text;
}

std::string Money::display() const {
    const bool negative = nano_ < 0;
    const std::uint64_t absolute =
        negative ? std::uint64_t{0} - static_cast<std::uint64_t>(nano_) : static_cast<std::uint64_t>(nano_);
    // Two significant digits below a cent: $0.0031, and whole cents from a dollar on.
    std::uint64_t unit = k_nano / 100;
    if (absolute < k_nano)
        while (unit > 1 && absolute != 0 && absolute < unit * 10) unit /= 10;
    const std::uint64_t rounded = (absolute + unit / 2) / unit * unit;
    return (negative ? "-$" : "$") + Money(static_cast<std::int64_t>(rounded)).str();
}

Money& Money::operator+=(Money other) {
    if (__builtin_add_overflow(nano_, other.nano_, &nano_)) overflow();
    return *this;
}

Money Money::times(std::int64_t factor) const {
    Money result;
    if (__builtin_mul_overflow(nano_, factor, &result.nano_)) overflow();
    return result;
}

}  // namespace spawnai
