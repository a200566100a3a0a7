#include "engine/address_policy.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace spawnai::engine {
namespace {

struct Range4 {
    std::uint32_t base;
    int bits;
    std::string_view why;
};

constexpr std::uint32_t quad(std::uint32_t a, std::uint32_t b, std::uint32_t c, std::uint32_t d) {
    return (a << 24U) | (b << 16U) | (c << 8U) | d;
}

// The IANA registry of special-purpose addresses; 192.88.99.0/24 is the dead 6to4 relay anycast.
constexpr Range4 k_ranges4[] = {
    {quad(0, 0, 0, 0), 8, "unspecified"},
    {quad(10, 0, 0, 0), 8, "private"},
    {quad(100, 64, 0, 0), 10, "carrier-grade NAT"},
    {quad(127, 0, 0, 0), 8, "loopback"},
    {quad(169, 254, 0, 0), 16, "link-local"},
    {quad(172, 16, 0, 0), 12, "private"},
    {quad(192, 0, 0, 0), 24, "reserved"},
    {quad(192, 0, 2, 0), 24, "documentation"},
    {quad(192, 88, 99, 0), 24, "reserved"},
    {quad(192, 168, 0, 0), 16, "private"},
    {quad(198, 18, 0, 0), 15, "benchmarking"},
    {quad(198, 51, 100, 0), 24, "documentation"},
    {quad(203, 0, 113, 0), 24, "documentation"},
    {quad(224, 0, 0, 0), 4, "multicast"},
    {quad(240, 0, 0, 0), 4, "reserved"},
};

struct Range6 {
    std::array<std::uint8_t, 4> prefix;
    int bits;
    std::string_view why;
};

constexpr Range6 k_ranges6[] = {
    {{0xfc}, 7, "unique local"},
    {{0xfe, 0x80}, 10, "link-local"},
    {{0xfe, 0xc0}, 10, "site-local"},
    {{0xff}, 8, "multicast"},
    {{0x20, 0x01, 0x0d, 0xb8}, 32, "documentation"},
    {{0x20, 0x01, 0x00, 0x20}, 28, "reserved"},
    {{0x3f, 0xff}, 20, "documentation"},
    {{0x01, 0x00}, 64, "discard"},
    {{0x5f, 0x00}, 16, "reserved"},
};

std::string_view denial4(std::uint32_t address) {
    for (const Range4& range : k_ranges4) {
        const std::uint32_t mask = ~std::uint32_t{0} << static_cast<unsigned>(32 - range.bits);
        if ((address & mask) == range.base) return range.why;
    }
    return {};
}

std::uint32_t embedded4(const std::array<std::uint8_t, 16>& bytes, std::size_t at) {
    return quad(bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]);
}

bool starts_with(const std::array<std::uint8_t, 16>& bytes, const std::uint8_t* prefix,
                 std::size_t prefix_size, int bits) {
    for (int bit = 0; bit < bits; ++bit) {
        const auto index = static_cast<std::size_t>(bit / 8);
        const auto shift = static_cast<unsigned>(7 - bit % 8);
        const unsigned wanted =
            index < prefix_size ? (static_cast<unsigned>(prefix[index]) >> shift) & 1U : 0U;
        if (((static_cast<unsigned>(bytes[index]) >> shift) & 1U) != wanted) return false;
    }
    return true;
}

IpAddress make4(std::uint32_t v4) {
    IpAddress result;
    result.v4 = v4;
    return result;
}

}  // namespace

std::optional<IpAddress> IpAddress::parse(std::string_view text) {
    const std::string name(text);
    if (name.find('\0') != std::string::npos) return std::nullopt;
    in_addr v4{};
    if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return make4(ntohl(v4.s_addr));
    IpAddress result;
    result.v6 = true;
    if (inet_pton(AF_INET6, name.c_str(), result.v6_bytes.data()) == 1) return result;
    return std::nullopt;
}

std::string IpAddress::str() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (v6) {
        inet_ntop(AF_INET6, v6_bytes.data(), text, sizeof text);
    } else {
        const in_addr address{htonl(v4)};
        inet_ntop(AF_INET, &address, text, sizeof text);
    }
    return text;
}

std::string_view denial(const IpAddress& address, const std::vector<IpAddress>& host) {
    if (std::find(host.begin(), host.end(), address) != host.end()) return "an address of this machine";
    if (!address.v6) return denial4(address.v4);

    const auto& bytes = address.v6_bytes;
    constexpr std::uint8_t k_mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    constexpr std::uint8_t k_nat64[] = {0, 0x64, 0xff, 0x9b};
    constexpr std::uint8_t k_nat64_local[] = {0, 0x64, 0xff, 0x9b, 0, 1};
    constexpr std::uint8_t k_6to4[] = {0x20, 0x02};
    constexpr std::uint8_t k_teredo[] = {0x20, 0x01, 0, 0};
    if (starts_with(bytes, k_mapped, sizeof k_mapped, 96) || starts_with(bytes, k_nat64, sizeof k_nat64, 96))
        return denial(make4(embedded4(bytes, 12)), host);
    if (starts_with(bytes, k_nat64_local, sizeof k_nat64_local, 48)) return "private";
    if (starts_with(bytes, k_6to4, sizeof k_6to4, 16)) return denial(make4(embedded4(bytes, 2)), host);
    if (starts_with(bytes, k_teredo, sizeof k_teredo, 32)) return "tunnel";
    // ::/96 holds "unspecified", loopback and the v4-compatible addresses; none is of the internet.
    if (starts_with(bytes, nullptr, 0, 96))
        return bytes[15] == 1 && embedded4(bytes, 12) == 1 ? "loopback" : "unspecified";
    for (const Range6& range : k_ranges6)
        if (starts_with(bytes, range.prefix.data(), range.prefix.size(), range.bits)) return range.why;
    return {};
}

std::vector<IpAddress> addresses_of_this_host() {
    std::vector<IpAddress> result;
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return result;
    for (const ifaddrs* item = list; item != nullptr; item = item->ifa_next) {
        if (item->ifa_addr == nullptr) continue;
        if (item->ifa_addr->sa_family == AF_INET) {
            sockaddr_in address{};
            std::memcpy(&address, item->ifa_addr, sizeof address);
            result.push_back(make4(ntohl(address.sin_addr.s_addr)));
        } else if (item->ifa_addr->sa_family == AF_INET6) {
            sockaddr_in6 address{};
            std::memcpy(&address, item->ifa_addr, sizeof address);
            IpAddress v6;
            v6.v6 = true;
            std::memcpy(v6.v6_bytes.data(), &address.sin6_addr, 16);
            result.push_back(v6);
        }
    }
    freeifaddrs(list);
    return result;
}

}  // namespace spawnai::engine
