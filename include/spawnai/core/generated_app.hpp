#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

enum class AppType { webapp, api, script };
[[nodiscard]] std::string_view to_string(AppType type) noexcept;
/// "webapp", "api", "script"; empty for anything else.
[[nodiscard]] std::optional<AppType> parse_app_type(std::string_view text) noexcept;

struct GeneratedFile {
    std::string path;  ///< relative to the app's directory, '/'-separated, checked: see check_relative_path
    std::string content;
    bool executable = false;
};

/// A whole app, whoever wrote it: the model, a starter, or the store. Dependencies stand in package.json or
/// requirements.txt.
struct GeneratedApp {
    AppType type = AppType::webapp;
    std::string title;
    std::string entry;  ///< the page of a webapp, the main file of the others
    std::string start;  ///< shell command that starts an api, or runs a script; empty for a webapp
    std::string build;  ///< shell command run once before start; may be empty
    int port = 3000;    ///< 3000, 8000 or 8080
    std::vector<GeneratedFile> files;

    [[nodiscard]] const GeneratedFile* find(std::string_view path) const noexcept;
};

/// Why `path` cannot be the path of an app's file (absolute, "..", control characters, too long, a reserved
/// name ...), or an empty text when it can.
[[nodiscard]] std::string check_relative_path(std::string_view path);

}  // namespace spawnai
