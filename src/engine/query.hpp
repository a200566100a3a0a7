#pragma once

#include <spawnai/core/clock.hpp>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>

namespace spawnai::engine {

/// Path and decoded query of a request target in origin form.
struct Target {
    std::string path;                          ///< as sent: not decoded, so a "%2F" never makes a segment
    std::map<std::string, std::string> query;  ///< the first of each name
    [[nodiscard]] std::optional<std::string> get(const std::string& name) const;
};
[[nodiscard]] Target parse_target(std::string_view target);

/// The `metadata` query parameter of a list, already decoded once as every query value is: it holds an
/// encoded string of pairs whose keys and values are encoded themselves.
[[nodiscard]] std::map<std::string, std::string> parse_metadata_filter(std::string_view value);
/// Whether `metadata` has every pair of `filter`.
[[nodiscard]] bool metadata_matches(const std::map<std::string, std::string>& metadata,
                                    const std::map<std::string, std::string>& filter);

/// Where the next page of a list begins: after this sandbox in order of start.
struct PageCursor {
    WallTime started;
    std::string id;
    bool operator==(const PageCursor&) const = default;
    bool operator<(const PageCursor& other) const { return std::tie(started, id) < std::tie(other.started, other.id); }
};
/// Opaque text for clients. Decoding anything that encode did not make gives an empty optional.
[[nodiscard]] std::string encode_cursor(const PageCursor& cursor);
[[nodiscard]] std::optional<PageCursor> decode_cursor(std::string_view text);

}  // namespace spawnai::engine
