#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

namespace spawnai::engine {

/// The engine itself: localhost, 127.0.0.0/8 or [::1], with or without a port.
struct EngineHost {};
/// `PORT-ID.localhost`: an app inside a sandbox, or its daemon.
struct SandboxHost {
    std::uint16_t port = 0;
    std::string id;
    bool operator==(const SandboxHost&) const = default;
};
/// Below .localhost, but not of that form.
struct MalformedHost {
    std::string message;
};
/// Any other name. Only a browser that was tricked into resolving it to loopback comes with one.
struct ForeignHost {};

using HostTarget = std::variant<EngineHost, SandboxHost, MalformedHost, ForeignHost>;

/// What the value of a Host header names; upper and lower case are the same, a port is checked and ignored.
/// Never throws.
[[nodiscard]] HostTarget parse_host(std::string_view host);

/// A sandbox id as it stands in a header or path, without the "-clientid" that older clients append; empty
/// when malformed.
[[nodiscard]] std::string plain_sandbox_id(std::string_view text);

/// A TCP port in decimal, 1 to 65535, else 0.
[[nodiscard]] std::uint16_t parse_port(std::string_view text) noexcept;

}  // namespace spawnai::engine
