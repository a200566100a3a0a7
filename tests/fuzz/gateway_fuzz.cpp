// The first byte chooses a reader of the engine; the rest comes from whoever can reach its port, or from inside a sandbox.
#include "engine/address_policy.hpp"
#include "engine/dns_message.hpp"
#include "engine/host_name.hpp"
#include "engine/query.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string_view>

using namespace spawnai::engine;

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

bool plain(std::string_view id) {
    return !id.empty() &&
           std::all_of(id.begin(), id.end(), [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); });
}

void read_host(std::string_view text) {
    const HostTarget target = parse_host(text);
    if (const auto* sandbox = std::get_if<SandboxHost>(&target)) check(sandbox->port != 0 && plain(sandbox->id));
    // Only what ends in a loopback name or is a literal is ours.
    if (std::holds_alternative<EngineHost>(target))
        check(text.size() <= 48 && text.find_first_of(" /@\\") == std::string_view::npos);
}

void read_target(std::string_view text) {
    const Target target = parse_target(text);
    check(target.path.find_first_of("?#") == std::string::npos);
    (void)parse_metadata_filter(target.get("metadata").value_or(""));
    if (const auto cursor = decode_cursor(text)) check(decode_cursor(encode_cursor(*cursor)) == cursor);
}

void read_dns(std::string_view text) {
    if (const auto question = parse_dns_question(text)) {
        check(question->end <= text.size());
        const std::string answer = make_empty_dns_answer(text, *question, 2);
        check(answer.size() == question->end && parse_dns_addresses(answer).empty());
    }
    for (const IpAddress& address : parse_dns_addresses(text)) (void)denial(address, {});
}

void read_address(std::string_view text) {
    if (const auto address = IpAddress::parse(text)) check(IpAddress::parse(address->str()) == address);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1 || size > (1U << 15U)) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    switch (data[0] % 4) {
        case 0:
            read_host(text);
            break;
        case 1:
            read_target(text);
            break;
        case 2:
            read_dns(text);
            break;
        default:
            read_address(text);
            break;
    }
    return 0;
}
