#include "engine/agent/encoding.hpp"

#include <array>
#include <charconv>
#include <cmath>

namespace spawnai::engine::agent {
namespace {

constexpr std::string_view k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

std::array<std::int8_t, 256> make_values() {
    std::array<std::int8_t, 256> values{};
    values.fill(-1);
    for (std::size_t index = 0; index < k_alphabet.size(); ++index) {
        values[static_cast<unsigned char>(k_alphabet[index])] = static_cast<std::int8_t>(index);
    }
    values['-'] = 62;
    values['_'] = 63;
    return values;
}

std::string camel_case(std::string_view name) {
    std::string result;
    bool upper = false;
    for (const char c : name) {
        if (c == '_') {
            upper = true;
        } else {
            result += upper && c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
            upper = false;
        }
    }
    return result;
}

[[noreturn]] void wrong_type(std::string_view name, const char* expected) {
    throw RpcError("invalid_argument", "field " + camel_case(name) + " is not " + expected);
}

}  // namespace

std::string base64_encode(std::string_view bytes) {
    std::string result;
    result.reserve((bytes.size() + 2) / 3 * 4);
    for (std::size_t index = 0; index < bytes.size(); index += 3) {
        const std::size_t count = std::min<std::size_t>(3, bytes.size() - index);
        std::uint32_t group = 0;
        for (std::size_t byte = 0; byte < 3; ++byte) {
            group = group << 8U | (byte < count ? static_cast<unsigned char>(bytes[index + byte]) : 0U);
        }
        for (std::size_t digit = 0; digit < 4; ++digit) {
            result += digit <= count ? k_alphabet[group >> (18U - 6U * digit) & 63U] : '=';
        }
    }
    return result;
}

std::optional<std::string> base64_decode(std::string_view text) {
    static const std::array<std::int8_t, 256> k_values = make_values();
    while (!text.empty() && text.back() == '=') text.remove_suffix(1);
    if (text.size() % 4 == 1) return std::nullopt;
    std::string result;
    result.reserve(text.size() / 4 * 3 + 2);
    std::uint32_t bits = 0;
    unsigned count = 0;
    for (const char c : text) {
        const std::int8_t value = k_values[static_cast<unsigned char>(c)];
        if (value < 0) return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(value);
        count += 6;
        if (count >= 8) {
            count -= 8;
            result += static_cast<char>(bits >> count & 255U);
        }
    }
    return result;
}

const Json* find_field(const Json& message, std::string_view name) {
    if (!message.is_object()) return nullptr;
    auto found = message.find(camel_case(name));
    if (found == message.end()) found = message.find(std::string(name));
    return found == message.end() || found->is_null() ? nullptr : &*found;
}

std::string string_field(const Json& message, std::string_view name) {
    const Json* value = find_field(message, name);
    if (value == nullptr) return {};
    if (!value->is_string()) wrong_type(name, "a string");
    return value->get<std::string>();
}

bool bool_field(const Json& message, std::string_view name, bool absent) {
    const Json* value = find_field(message, name);
    if (value == nullptr) return absent;
    if (!value->is_boolean()) wrong_type(name, "a boolean");
    return value->get<bool>();
}

std::int64_t integer_field(const Json& message, std::string_view name, std::int64_t absent) {
    const Json* value = find_field(message, name);
    if (value == nullptr) return absent;
    if (value->is_number_unsigned() && value->get<std::uint64_t>() > INT64_MAX) wrong_type(name, "in range");
    if (value->is_number_integer()) return value->get<std::int64_t>();
    if (value->is_number_float()) {
        const double number = value->get<double>();
        // Beyond 2^53 a double no longer names one integer.
        if (std::floor(number) == number && std::fabs(number) <= 9007199254740992.0)
            return static_cast<std::int64_t>(number);
    }
    if (value->is_string()) {
        const auto& text = value->get_ref<const std::string&>();
        std::int64_t number = 0;
        const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
        if (failure == std::errc{} && stop == text.data() + text.size()) return number;
    }
    wrong_type(name, "an integer");
}

std::optional<std::string> bytes_field(const Json& message, std::string_view name) {
    const Json* value = find_field(message, name);
    if (value == nullptr) return std::nullopt;
    if (!value->is_string()) wrong_type(name, "a base64 string");
    auto bytes = base64_decode(value->get_ref<const std::string&>());
    if (!bytes) wrong_type(name, "base64");
    return bytes;
}

std::string to_text(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace spawnai::engine::agent
