#pragma once

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace spawnai::engine::agent {

using Json = nlohmann::json;

[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Standard or URL-safe alphabet, padded or not. Empty when it is neither.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

/// A failed RPC: one of the Connect protocol's code names and what to say.
class RpcError : public std::runtime_error {
 public:
    RpcError(std::string code, const std::string& message) : std::runtime_error(message), code_(std::move(code)) {}
    [[nodiscard]] const std::string& code() const noexcept { return code_; }

 private:
    std::string code_;
};

// Field access by the rules of protobuf's JSON form: lowerCamel or snake_case, null is absent, absent is the
// zero value. A value of the wrong type throws RpcError{invalid_argument}.

/// The member called `name` (snake_case) in either spelling, or nullptr.
[[nodiscard]] const Json* find_field(const Json& message, std::string_view name);
[[nodiscard]] std::string string_field(const Json& message, std::string_view name);
[[nodiscard]] bool bool_field(const Json& message, std::string_view name, bool absent = false);
/// Numbers, also as decimal strings.
[[nodiscard]] std::int64_t integer_field(const Json& message, std::string_view name, std::int64_t absent = 0);
[[nodiscard]] std::optional<std::string> bytes_field(const Json& message, std::string_view name);

/// One line; invalid UTF-8 becomes U+FFFD.
[[nodiscard]] std::string to_text(const Json& value);

}  // namespace spawnai::engine::agent
