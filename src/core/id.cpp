#include <spawnai/core/file.hpp>
#include <spawnai/core/id.hpp>

#include <fmt/format.h>
#include <sys/random.h>

#include <cerrno>
#include <cstdint>
#include <vector>

namespace spawnai {

namespace {

bool is_hex(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
}

bool is_token_character(char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z');
}

std::vector<std::uint8_t> random_bytes(std::size_t count) {
    std::vector<std::uint8_t> bytes(count);
    std::size_t filled = 0;
    while (filled < count) {
        const ssize_t got = ::getrandom(bytes.data() + filled, count - filled, 0);
        if (got < 0) {
            if (errno == EINTR) continue;
            throw Error(ErrorKind::internal, "the kernel gave no random bytes: " + errno_text(errno));
        }
        filled += static_cast<std::size_t>(got);
    }
    return bytes;
}

}  // namespace

bool SessionTag::valid(std::string_view text) noexcept {
    if (text.size() != 36) return false;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? text[i] != '-' : !is_hex(text[i])) return false;
    }
    return true;
}

bool SandboxTag::valid(std::string_view text) noexcept {
    const std::size_t dash = text.find('-');
    const std::string_view head = text.substr(0, dash);
    const std::string_view tail =
        dash == std::string_view::npos ? std::string_view("x") : text.substr(dash + 1);
    if (head.empty() || head.size() > 64 || tail.empty() || tail.size() > 64) return false;
    for (const char c : head)
        if (!is_token_character(c)) return false;
    for (const char c : tail)
        if (!is_token_character(c)) return false;
    return true;
}

SessionId new_session_id() {
    std::vector<std::uint8_t> bytes = random_bytes(16);
    bytes[6] = static_cast<std::uint8_t>((bytes[6] & 0x0fU) | 0x40U);
    bytes[8] = static_cast<std::uint8_t>((bytes[8] & 0x3fU) | 0x80U);
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
        text += fmt::format("{:02x}", bytes[i]);
    }
    return SessionId::parse(text);
}

std::string random_token(std::size_t count) {
    static constexpr std::string_view alphabet = "abcdefghijklmnopqrstuvwxyz0123456789";
    std::string text;
    while (text.size() < count)
        for (const std::uint8_t byte : random_bytes(count))
            // 252 is the largest multiple of 36 in a byte: the rest would make some letters likelier.
            if (byte < 252 && text.size() < count) text += alphabet[byte % alphabet.size()];
    return text;
}

std::string random_hex(std::size_t bytes) {
    std::string text;
    for (const std::uint8_t byte : random_bytes(bytes)) text += fmt::format("{:02x}", byte);
    return text;
}

}  // namespace spawnai
