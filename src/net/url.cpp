#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/net/url.hpp>

#include <fmt/format.h>

#include <charconv>

namespace spawnai::net {

namespace {

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::uint16_t default_port(std::string_view scheme) {
    return scheme == "https" ? 443 : 80;
}

bool is_ipv4_loopback(std::string_view host) {
    if (!host.starts_with("127.")) return false;
    int dots = 0;
    for (const char c : host) {
        if (c == '.')
            ++dots;
        else if (c < '0' || c > '9')
            return false;
    }
    return dots == 3;
}

}  // namespace

Url Url::parse(std::string_view text) {
    const auto refuse = [](const char* why) {
        return Error(ErrorKind::usage, fmt::format("not a usable URL: {}", why));
    };
    Url url;
    const std::size_t scheme_end = text.find("://");
    if (scheme_end == std::string_view::npos) throw refuse("it has no scheme");
    url.scheme = ascii_lower(text.substr(0, scheme_end));
    if (url.scheme != "http" && url.scheme != "https") throw refuse("its scheme is neither http nor https");
    text.remove_prefix(scheme_end + 3);
    for (const char c : text)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7F)
            throw refuse("it has spaces or control characters");
    const std::size_t authority_end = text.find_first_of("/?#");
    std::string_view authority = text.substr(0, authority_end);
    std::string_view target =
        authority_end == std::string_view::npos ? std::string_view() : text.substr(authority_end);
    target = target.substr(0, target.find('#'));
    url.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
    if (const std::size_t at = authority.rfind('@'); at != std::string_view::npos) {
        url.userinfo = authority.substr(0, at);
        authority.remove_prefix(at + 1);
    }
    std::string_view port;
    if (authority.starts_with('[')) {
        const std::size_t close = authority.find(']');
        if (close == std::string_view::npos) throw refuse("its IPv6 address is not closed");
        url.host = ascii_lower(authority.substr(1, close - 1));
        port = authority.substr(close + 1);
        if (!port.empty() && port.front() != ':') throw refuse("its host is malformed");
    } else {
        const std::size_t colon = authority.find(':');
        url.host = ascii_lower(authority.substr(0, colon));
        port = colon == std::string_view::npos ? std::string_view() : authority.substr(colon);
    }
    if (url.host.empty()) throw refuse("it has no host");
    url.port = default_port(url.scheme);
    if (!port.empty()) {
        port.remove_prefix(1);
        const auto [end, failure] = std::from_chars(port.data(), port.data() + port.size(), url.port);
        if (failure != std::errc() || end != port.data() + port.size() || url.port == 0)
            throw refuse("its port is not a number from 1 to 65535");
    }
    return url;
}

std::string Url::authority() const {
    const std::string name = host.find(':') == std::string::npos ? host : "[" + host + "]";
    return port == default_port(scheme) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::str() const {
    return scheme + "://" + authority() + target;
}

bool Url::loopback() const {
    return host == "localhost" || host.ends_with(".localhost") || host == "::1" || is_ipv4_loopback(host);
}

std::string percent_encode(std::string_view text) {
    std::string encoded;
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                                c == '-' || c == '.' || c == '_' || c == '~';
        if (unreserved)
            encoded += c;
        else
            encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
    return encoded;
}

std::string percent_decode(std::string_view text, bool plus_is_space) {
    std::string decoded;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '%' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 &&
            hex_value(text[i + 2]) >= 0) {
            decoded += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
            i += 2;
        } else {
            decoded += plus_is_space && text[i] == '+' ? ' ' : text[i];
        }
    }
    return decoded;
}

}  // namespace spawnai::net
