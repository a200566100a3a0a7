#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/text.hpp>

#include <array>

namespace spawnai {

namespace {

constexpr std::array<std::pair<AppType, std::string_view>, 3> k_app_types{
    {{AppType::webapp, "webapp"}, {AppType::api, "api"}, {AppType::script, "script"}}};

}  // namespace

std::string_view to_string(AppType type) noexcept {
    for (const auto& [value, name] : k_app_types)
        if (value == type) return name;
    return {};
}

std::optional<AppType> parse_app_type(std::string_view text) noexcept {
    for (const auto& [value, name] : k_app_types)
        if (name == text) return value;
    return std::nullopt;
}

const GeneratedFile* GeneratedApp::find(std::string_view path) const noexcept {
    for (const GeneratedFile& file : files)
        if (file.path == path) return &file;
    return nullptr;
}

std::string check_relative_path(std::string_view path) {
    if (path.empty()) return "it is empty";
    if (path.size() > 255) return "it is longer than 255 bytes";
    if (!is_valid_utf8(path)) return "it is not valid UTF-8";
    if (sanitize_for_terminal(path) != path || path.find('\n') != std::string_view::npos ||
        path.find('\t') != std::string_view::npos)
        return "it has control characters";
    if (path.front() == '/' || path.find('\\') != std::string_view::npos || path.find(':') == 1)
        return "it must be relative, with / between folders";
    std::size_t depth = 0;
    for (std::string_view rest = path;;) {
        const std::size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        if (part.empty() || part == "." || part == "..") return "it must not have empty, '.' or '..' parts";
        if (part.front() == ' ' || part.back() == ' ') return "its parts must not begin or end with a space";
        // Our own files in the app's directory, and what a build would trust without asking.
        if (part == ".git" || part == ".spawnai" || part == "node_modules" || part == ".npmrc")
            return "that name is reserved";
        if (++depth > 10) return "it is nested too deeply";
        if (slash == std::string_view::npos) return {};
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace spawnai
