#include "model_path.hpp"

#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_path_limit = 200;
constexpr std::size_t k_depth_limit = 8;

}  // namespace

std::string check_model_path(std::string_view path) {
    const std::string objection = check_relative_path(path);
    if (!objection.empty()) return objection;
    if (path.size() > k_path_limit) return fmt::format("it is longer than {} bytes", k_path_limit);
    if (static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) >= k_depth_limit)
        return "it is nested too deeply";
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               std::string_view("._/@+ -").find(c) != std::string_view::npos;
    };
    if (!std::all_of(path.begin(), path.end(), allowed))
        return "it has characters other than letters, digits, dots, dashes and underscores";
    for (std::string_view rest = path;;) {
        const std::size_t slash = rest.find('/');
        const std::string_view part = rest.substr(0, slash);
        if (part.ends_with('.')) return "its parts must not end with a dot";
        for (const std::string_view reserved : {".env", ".ssh", ".git", ".npmrc", ".netrc"})
            if (ascii_lower(part) == reserved) return "that name is reserved";
        if (ascii_lower(part) == "node_modules") return "that name is reserved";
        if (slash == std::string_view::npos) return {};
        rest.remove_prefix(slash + 1);
    }
}

}  // namespace spawnai::claude
