#pragma once

#include <spawnai/core/error.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai {

using Json = nlohmann::json;

/// Parses `text`; nesting deeper than 200 levels and invalid UTF-8 are refused.
/// @throws Error{kind} saying where `source` is wrong.
[[nodiscard]] Json parse_json(std::string_view text, const std::string& source, ErrorKind kind);

/// One line of JSON; invalid UTF-8 in strings becomes U+FFFD instead of an exception.
[[nodiscard]] std::string dump_json(const Json& value);

/// Field access for data from outside: every accessor says the path of the field that is missing or has the
/// wrong type. A view: the Json must outlive it.
class JsonReader {
 public:
    JsonReader(const Json& value, std::string path, ErrorKind kind)
        : value_(&value), path_(std::move(path)), kind_(kind) {}

    [[nodiscard]] bool has(const char* key) const;            ///< present and not null
    [[nodiscard]] JsonReader at(const char* key) const;       ///< @throws Error{kind}
    [[nodiscard]] std::string string(const char* key) const;  ///< @throws Error{kind}
    [[nodiscard]] std::int64_t integer(
        const char* key) const;  ///< @throws Error{kind}; also for numbers out of range
    [[nodiscard]] bool boolean(const char* key) const;  ///< @throws Error{kind}
    [[nodiscard]] std::string string_or(const char* key, std::string fallback) const;
    [[nodiscard]] std::int64_t integer_or(const char* key, std::int64_t fallback) const;
    [[nodiscard]] bool boolean_or(const char* key, bool fallback) const;
    [[nodiscard]] const Json& raw() const noexcept { return *value_; }
    [[nodiscard]] const std::string& path() const noexcept { return path_; }

 private:
    [[noreturn]] void fail(const std::string& what) const;
    const Json* value_;
    std::string path_;
    ErrorKind kind_;
};

}  // namespace spawnai
