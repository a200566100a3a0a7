#include "engine/query.hpp"

#include "engine/host_name.hpp"

#include <spawnai/net/url.hpp>

#include <charconv>

namespace spawnai::engine {
namespace {

template <class F>
void for_each_pair(std::string_view text, F&& take) {
    while (!text.empty()) {
        const std::string_view pair = text.substr(0, text.find('&'));
        text.remove_prefix(std::min(text.size(), pair.size() + 1));
        if (pair.empty()) continue;
        const std::size_t equals = pair.find('=');
        take(pair.substr(0, equals),
             equals == std::string_view::npos ? std::string_view() : pair.substr(equals + 1));
    }
}

}  // namespace

std::optional<std::string> Target::get(const std::string& name) const {
    const auto found = query.find(name);
    if (found == query.end()) return std::nullopt;
    return found->second;
}

Target parse_target(std::string_view target) {
    Target result;
    target = target.substr(0, target.find('#'));
    const std::size_t mark = target.find('?');
    result.path = std::string(target.substr(0, mark));
    if (mark == std::string_view::npos) return result;
    for_each_pair(target.substr(mark + 1), [&](std::string_view key, std::string_view value) {
        result.query.emplace(net::percent_decode(key, true), net::percent_decode(value, true));
    });
    return result;
}

std::map<std::string, std::string> parse_metadata_filter(std::string_view value) {
    std::map<std::string, std::string> filter;
    const std::string pairs = net::percent_decode(value, true);
    for_each_pair(pairs, [&](std::string_view key, std::string_view text) {
        filter[net::percent_decode(key, true)] = net::percent_decode(text, true);
    });
    return filter;
}

bool metadata_matches(const std::map<std::string, std::string>& metadata,
                      const std::map<std::string, std::string>& filter) {
    for (const auto& [key, value] : filter) {
        const auto found = metadata.find(key);
        if (found == metadata.end() || found->second != value) return false;
    }
    return true;
}

std::string encode_cursor(const PageCursor& cursor) {
    return std::to_string(cursor.started.time_since_epoch().count()) + "_" + cursor.id;
}

std::optional<PageCursor> decode_cursor(std::string_view text) {
    const std::size_t bar = text.find('_');
    if (bar == std::string_view::npos) return std::nullopt;
    std::int64_t milliseconds = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + bar, milliseconds);
    if (error != std::errc{} || end != text.data() + bar) return std::nullopt;
    const std::string id = plain_sandbox_id(text.substr(bar + 1));
    if (id.empty() || id != text.substr(bar + 1)) return std::nullopt;
    return PageCursor{WallTime(std::chrono::milliseconds(milliseconds)), id};
}

}  // namespace spawnai::engine
