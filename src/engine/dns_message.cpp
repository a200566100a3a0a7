#include "engine/dns_message.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::engine {
namespace {

constexpr std::size_t k_header = 12;

std::uint16_t read16(std::string_view text, std::size_t at) {
    return static_cast<std::uint16_t>((static_cast<unsigned char>(text[at]) << 8U) |
                                      static_cast<unsigned char>(text[at + 1]));
}

/// The offset behind the name at `at`, or npos. Labels are appended to `name` unless it is null; a pointer
/// ends a name.
std::size_t skip_name(std::string_view message, std::size_t at, std::string* name) {
    while (at < message.size()) {
        const auto length = static_cast<unsigned char>(message[at]);
        if (length == 0) return at + 1;
        if ((length & 0xc0U) == 0xc0U)
            return name == nullptr && at + 2 <= message.size() ? at + 2 : std::string_view::npos;
        if ((length & 0xc0U) != 0 || at + 1 + length > message.size()) return std::string_view::npos;
        if (name != nullptr) {
            if (!name->empty()) *name += '.';
            name->append(message.substr(at + 1, length));
        }
        at += 1U + length;
    }
    return std::string_view::npos;
}

}  // namespace

std::optional<DnsQuestion> parse_dns_question(std::string_view message) {
    if (message.size() < k_header) return std::nullopt;
    const bool response = (static_cast<unsigned char>(message[2]) & 0x80U) != 0;
    if (response || read16(message, 4) != 1) return std::nullopt;
    DnsQuestion question;
    const std::size_t after = skip_name(message, k_header, &question.name);
    if (after == std::string_view::npos || after + 4 > message.size() || question.name.size() > 255)
        return std::nullopt;
    question.name = ascii_lower(question.name);
    question.type = read16(message, after);
    question.end = after + 4;
    return question;
}

std::string make_empty_dns_answer(std::string_view query, const DnsQuestion& question, unsigned code) {
    std::string answer(query.substr(0, question.end));
    const auto opcode_and_recursion = static_cast<unsigned char>(query[2]) & 0x79U;
    answer[2] = static_cast<char>(0x80U | opcode_and_recursion);
    answer[3] = static_cast<char>(0x80U | (code & 0x0fU));
    for (std::size_t at = 6; at < k_header; ++at) answer[at] = 0;
    return answer;
}

std::vector<IpAddress> parse_dns_addresses(std::string_view response) {
    std::vector<IpAddress> addresses;
    if (response.size() < k_header) return addresses;
    std::size_t at = k_header;
    for (unsigned left = read16(response, 4); left > 0; --left) {
        at = skip_name(response, at, nullptr);
        if (at == std::string_view::npos || at + 4 > response.size()) return {};
        at += 4;
    }
    for (unsigned left = read16(response, 6); left > 0; --left) {
        at = skip_name(response, at, nullptr);
        if (at == std::string_view::npos || at + 10 > response.size()) return {};
        const std::uint16_t type = read16(response, at);
        const std::size_t length = read16(response, at + 8);
        at += 10;
        if (at + length > response.size()) return {};
        if (type == k_dns_a && length == 4) {
            IpAddress address;
            address.v4 = (std::uint32_t{read16(response, at)} << 16U) | read16(response, at + 2);
            addresses.push_back(address);
        }
        at += length;
    }
    return addresses;
}

}  // namespace spawnai::engine
