#include "engine/host_name.hpp"

#include <spawnai/core/text.hpp>

#include <arpa/inet.h>

#include <algorithm>

namespace spawnai::engine {
namespace {

bool digits_only(std::string_view text) noexcept {
    return !text.empty() &&
           std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

bool id_characters_only(std::string_view text) noexcept {
    return !text.empty() && text.size() <= 64 && std::all_of(text.begin(), text.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
    });
}

bool loopback_literal(const std::string& name) {
    // inet_pton reads up to a NUL and would take what stands before it for the whole.
    if (name.find('\0') != std::string::npos) return false;
    in_addr v4{};
    if (inet_pton(AF_INET, name.c_str(), &v4) == 1) return (ntohl(v4.s_addr) >> 24U) == 127;
    in6_addr v6{};
    if (name.size() > 2 && name.front() == '[' && name.back() == ']' &&
        inet_pton(AF_INET6, name.substr(1, name.size() - 2).c_str(), &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return false;
}

}  // namespace

std::uint16_t parse_port(std::string_view text) noexcept {
    if (!digits_only(text) || text.size() > 5) return 0;
    unsigned value = 0;
    for (const char c : text) value = value * 10 + static_cast<unsigned>(c - '0');
    return value <= 65535 ? static_cast<std::uint16_t>(value) : std::uint16_t{0};
}

std::string plain_sandbox_id(std::string_view text) {
    const std::string_view id = text.substr(0, text.find('-'));
    return id_characters_only(id) ? std::string(id) : std::string();
}

HostTarget parse_host(std::string_view host) {
    const std::size_t colon = host.rfind(':');
    const std::size_t bracket = host.rfind(']');
    if (colon != std::string_view::npos && (bracket == std::string_view::npos || colon > bracket)) {
        if (parse_port(host.substr(colon + 1)) == 0) return ForeignHost{};
        host = host.substr(0, colon);
    }
    const std::string name = ascii_lower(host);
    if (name == "localhost" || loopback_literal(name)) return EngineHost{};

    constexpr std::string_view k_domain = ".localhost";
    if (name.size() <= k_domain.size() || !name.ends_with(k_domain)) return ForeignHost{};
    const std::string_view label = std::string_view(name).substr(0, name.size() - k_domain.size());
    const std::size_t dash = label.find('-');
    if (dash == std::string_view::npos || label.find('.') != std::string_view::npos)
        return MalformedHost{"Invalid host"};
    const std::uint16_t port = parse_port(label.substr(0, dash));
    if (port == 0) return MalformedHost{"Invalid sandbox port"};
    std::string id = plain_sandbox_id(label.substr(dash + 1));
    if (id.empty()) return MalformedHost{"Invalid sandbox ID"};
    return SandboxHost{port, std::move(id)};
}

}  // namespace spawnai::engine
