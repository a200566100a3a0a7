#include "surrogates.hpp"

#include <charconv>
#include <optional>

namespace spawnai::claude {
namespace {

constexpr std::string_view k_replacement = "\xEF\xBF\xBD";

std::optional<std::uint32_t> hex4(std::string_view text) {
    if (text.size() < 4) return std::nullopt;
    std::uint32_t value = 0;
    const auto [end, failure] = std::from_chars(text.data(), text.data() + 4, value, 16);
    if (failure != std::errc() || end != text.data() + 4) return std::nullopt;
    return value;
}

bool is_high(std::uint32_t unit) {
    return unit >= 0xD800 && unit <= 0xDBFF;
}
bool is_low(std::uint32_t unit) {
    return unit >= 0xDC00 && unit <= 0xDFFF;
}

// The code unit of an escape such as "\ud83d" at the start of `text`.
std::optional<std::uint32_t> escaped_unit(std::string_view text) {
    return text.starts_with("\\u") ? hex4(text.substr(2)) : std::nullopt;
}

void append_character(std::string& out, std::uint32_t high, std::uint32_t low) {
    const std::uint32_t c = 0x10000 + ((high - 0xD800) << 10U) + (low - 0xDC00);
    out.push_back(static_cast<char>(0xF0U | (c >> 18U)));
    out.push_back(static_cast<char>(0x80U | ((c >> 12U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | ((c >> 6U) & 0x3FU)));
    out.push_back(static_cast<char>(0x80U | (c & 0x3FU)));
}

}  // namespace

std::string mark_halves(std::string_view json) {
    std::string out;
    out.reserve(json.size() + 16);
    while (!json.empty()) {
        const std::optional<std::uint32_t> unit = escaped_unit(json);
        std::size_t length = json.size() > 1 && json.front() == '\\' ? 2 : 1;
        if (unit) {
            length = 6;
            const std::optional<std::uint32_t> next = escaped_unit(json.substr(6));
            if (is_high(*unit) && next && is_low(*next))
                length = 12;
            else if (is_high(*unit) || is_low(*unit))
                out += "\\u0000", json.remove_prefix(2), length = 4;
        }
        out.append(json.substr(0, length));
        json.remove_prefix(length);
    }
    return out;
}

std::string HalfJoiner::join(std::string_view marked) {
    std::string out;
    while (!marked.empty()) {
        const std::optional<std::uint32_t> unit = marked.front() == '\0' ? hex4(marked.substr(1)) : std::nullopt;
        if (unit && is_low(*unit) && high_ != 0) {
            append_character(out, high_, *unit);
            high_ = 0;
        } else {
            out += finish();
            if (unit && is_high(*unit))
                high_ = *unit;
            else if (unit && is_low(*unit))
                out += k_replacement;
            else
                out.push_back(marked.front());
        }
        marked.remove_prefix(unit && (is_high(*unit) || is_low(*unit)) ? 5 : 1);
    }
    return out;
}

std::string HalfJoiner::finish() {
    if (high_ == 0) return {};
    high_ = 0;
    return std::string(k_replacement);
}

}  // namespace spawnai::claude
