#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace spawnai::net {

/// An absolute http or https URL in parts.
struct Url {
    std::string scheme;      ///< "http" or "https"
    std::string userinfo;    ///< without the '@', usually empty
    std::string host;        ///< lower case; an IPv6 literal without brackets
    std::uint16_t port = 0;  ///< the scheme's default when the text has none
    std::string target;      ///< path and query, starts with '/'

    /// @throws Error{usage}
    [[nodiscard]] static Url parse(std::string_view text);
    [[nodiscard]] std::string authority() const;  ///< host, with ":port" unless it is the scheme's default
    [[nodiscard]] std::string str() const;        ///< without userinfo
    [[nodiscard]] bool loopback() const;          ///< localhost, *.localhost, 127.0.0.0/8 or ::1
};

/// Percent-encodes everything but RFC 3986 unreserved characters.
[[nodiscard]] std::string percent_encode(std::string_view text);
/// Undoes percent-encoding; a '%' without two hex digits stays as it is. `plus_is_space` for query strings.
[[nodiscard]] std::string percent_decode(std::string_view text, bool plus_is_space = false);

}  // namespace spawnai::net
