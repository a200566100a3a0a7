#pragma once

#include "engine/address_policy.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::engine {

/// The one question of a DNS query.
struct DnsQuestion {
    std::string name;  ///< lower case, dotted, without the last dot
    std::uint16_t type = 0;
    std::size_t end = 0;  ///< offset behind the question
};
inline constexpr std::uint16_t k_dns_a = 1;
inline constexpr std::uint16_t k_dns_aaaa = 28;

/// Empty for a message that is no query with exactly one question. Any bytes are safe.
[[nodiscard]] std::optional<DnsQuestion> parse_dns_question(std::string_view message);
/// The answer to `query` that holds no records: code 0 says "no such record", 2 "server failure", 5
/// "refused".
[[nodiscard]] std::string make_empty_dns_answer(std::string_view query, const DnsQuestion& question, unsigned code);
/// The IPv4 addresses in the answer section of a response; none for anything malformed.
[[nodiscard]] std::vector<IpAddress> parse_dns_addresses(std::string_view response);

}  // namespace spawnai::engine
