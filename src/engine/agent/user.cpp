#include "engine/agent/user.hpp"

#include "engine/agent/encoding.hpp"
#include "engine/agent/settings.hpp"

#include <filesystem>

namespace spawnai::engine::agent {

std::optional<std::string> basic_user(const RequestHead& head) {
    constexpr std::string_view k_scheme = "basic ";
    const std::string_view value = head.header("authorization");
    if (value.size() < k_scheme.size()) return std::nullopt;
    for (std::size_t index = 0; index < k_scheme.size(); ++index) {
        const char c = value[index];
        if ((c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c) != k_scheme[index]) return std::nullopt;
    }
    const auto credentials = base64_decode(value.substr(k_scheme.size()));
    if (!credentials) return std::nullopt;
    return credentials->substr(0, credentials->find(':'));
}

bool is_known_user(std::string_view name) noexcept {
    return name.empty() || name == "user" || name == "root";
}

std::optional<std::string> resolve_path(std::string_view path) {
    if (path.find('\0') != std::string_view::npos) return std::nullopt;
    std::filesystem::path result;
    if (path.empty() || path == "~") {
        result = k_home;
    } else if (path.substr(0, 2) == "~/") {
        result = std::filesystem::path(k_home) / path.substr(2);
    } else if (path.front() == '~') {
        return std::nullopt;
    } else {
        result = std::filesystem::path(k_home) / path;
    }
    std::string text = result.lexically_normal().string();
    while (text.size() > 1 && text.back() == '/') text.pop_back();
    return text;
}

}  // namespace spawnai::engine::agent
