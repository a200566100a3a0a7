#pragma once

#include <string>
#include <utility>

namespace spawnai {

/// A key or token. No formatter, no stream operator and no JSON conversion accept it; the one way out is
/// reveal(), to be called where the header or file is written and nowhere else.
class Secret {
 public:
    Secret() = default;
    explicit Secret(std::string value) : value_(std::move(value)) {}
    [[nodiscard]] const std::string& reveal() const noexcept { return value_; }
    [[nodiscard]] bool empty() const noexcept { return value_.empty(); }
    bool operator==(const Secret&) const = default;

 private:
    std::string value_;
};

}  // namespace spawnai
