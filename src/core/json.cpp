#include <spawnai/core/json.hpp>

#include <fmt/format.h>

namespace spawnai {

Json parse_json(std::string_view text, const std::string& source, ErrorKind kind) {
    int depth = 0;
    const auto limit = [&](int at_depth, Json::parse_event_t /*event*/, Json& /*value*/) {
        depth = std::max(depth, at_depth);
        if (depth > 200) throw Error(kind, source + " is nested too deeply");
        return true;
    };
    try {
        return Json::parse(text.begin(), text.end(), limit);
    } catch (const Json::exception& error) {
        // The library's text starts with its own error number in brackets, which helps nobody.
        std::string why = error.what();
        if (const std::size_t bracket = why.find("] "); bracket != std::string::npos)
            why.erase(0, bracket + 2);
        throw Error(kind, fmt::format("{} is not valid JSON: {}", source, why));
    }
}

std::string dump_json(const Json& value) {
    return value.dump(-1, ' ', false, Json::error_handler_t::replace);
}

void JsonReader::fail(const std::string& what) const {
    throw Error(kind_, path_ + ": " + what);
}

bool JsonReader::has(const char* key) const {
    if (!value_->is_object()) return false;
    const auto found = value_->find(key);
    return found != value_->end() && !found->is_null();
}

JsonReader JsonReader::at(const char* key) const {
    if (!value_->is_object()) fail("is not an object");
    if (!has(key)) fail(fmt::format("'{}' is missing", key));
    return {(*value_)[key], path_ + "." + key, kind_};
}

std::string JsonReader::string(const char* key) const {
    const JsonReader field = at(key);
    if (!field.value_->is_string()) field.fail("is not a text");
    return field.value_->get<std::string>();
}

std::int64_t JsonReader::integer(const char* key) const {
    const JsonReader field = at(key);
    if (field.value_->is_number_unsigned() && field.value_->get<std::uint64_t>() > std::uint64_t{INT64_MAX})
        field.fail("is out of range");
    if (!field.value_->is_number_integer()) field.fail("is not a whole number");
    return field.value_->get<std::int64_t>();
}

bool JsonReader::boolean(const char* key) const {
    const JsonReader field = at(key);
    if (!field.value_->is_boolean()) field.fail("is not true or false");
    return field.value_->get<bool>();
}

std::string JsonReader::string_or(const char* key, std::string fallback) const {
    return has(key) ? string(key) : std::move(fallback);
}

std::int64_t JsonReader::integer_or(const char* key, std::int64_t fallback) const {
    return has(key) ? integer(key) : fallback;
}

bool JsonReader::boolean_or(const char* key, bool fallback) const {
    return has(key) ? boolean(key) : fallback;
}

}  // namespace spawnai
