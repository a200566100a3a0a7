#pragma once

#include <compare>
#include <cstdint>
#include <string>
#include <string_view>

namespace spawnai {

/// An amount of US dollars in whole nano-dollars. Sums and products are checked: overflow throws
/// Error{internal}.
class Money {
 public:
    constexpr Money() = default;
    [[nodiscard]] static constexpr Money nano(std::int64_t nano_usd) { return Money(nano_usd); }
    /// Decimal text such as "0.50" or "$12"; at most nine digits after the point. @throws Error{usage}
    [[nodiscard]] static Money parse(std::string_view text);

    [[nodiscard]] constexpr std::int64_t nano() const noexcept { return nano_; }
    /// Exact decimal without a currency sign and without superfluous zeros, at least two decimals: "0.003",
    /// "1.50", "0.00".
    [[nodiscard]] std::string str() const;
    /// For people: "$0.003", "$12.50"; rounded to `decimals` (at least to the first two significant digits
    /// below a cent).
    [[nodiscard]] std::string display() const;

    Money& operator+=(Money other);
    [[nodiscard]] friend Money operator+(Money left, Money right) { return left += right; }
    [[nodiscard]] friend Money operator-(Money left, Money right) { return left += Money(-right.nano_); }
    [[nodiscard]] friend Money operator*(Money left, std::int64_t factor) { return left.times(factor); }
    auto operator<=>(const Money&) const = default;

 private:
    constexpr explicit Money(std::int64_t nano_usd) : nano_(nano_usd) {}
    [[nodiscard]] Money times(std::int64_t factor) const;
    std::int64_t nano_ = 0;
};

}  // namespace spawnai
