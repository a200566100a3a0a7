#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

namespace spawnai::engine {

/// An IPv4 address in host byte order, or an IPv6 address; v4-mapped ones stay IPv6 until judged.
struct IpAddress {
    bool v6 = false;
    std::uint32_t v4 = 0;
    std::array<std::uint8_t, 16> v6_bytes{};

    [[nodiscard]] static std::optional<IpAddress> parse(std::string_view text);
    [[nodiscard]] std::string str() const;
    bool operator==(const IpAddress&) const = default;
    bool operator<(const IpAddress& other) const {
        return std::tie(v6, v4, v6_bytes) < std::tie(other.v6, other.v4, other.v6_bytes);
    }
};

/// Why a sandbox may not connect to `address`, in a word or two; empty when it may. Denied is everything that
/// is not a unicast address of the public internet, also in its v4-mapped, NAT64, 6to4 and Teredo forms, and
/// every address of `host`.
[[nodiscard]] std::string_view denial(const IpAddress& address, const std::vector<IpAddress>& host);

/// Every address that an interface of this machine has now.
[[nodiscard]] std::vector<IpAddress> addresses_of_this_host();

}  // namespace spawnai::engine
