#include "json_limits.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/validate/load.hpp>

#include <nlohmann/json.hpp>

#include <algorithm>

namespace spawnai::validate {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t k_max_bytes = 32U << 20U;
constexpr std::size_t k_max_files = 2000;

Error unreadable(const fs::path& path, const std::string& why) {
    return Error(ErrorKind::usage, "cannot read " + path.string() + ": " + why,
                 "give a file or directory that you may read");
}

std::vector<GeneratedFile> load_directory(const fs::path& root) {
    std::vector<GeneratedFile> files;
    std::size_t bytes = 0;
    std::error_code error;
    fs::recursive_directory_iterator at(root, fs::directory_options::none, error);
    if (error) throw unreadable(root, error.message());
    for (; at != fs::recursive_directory_iterator(); at.increment(error)) {
        if (error) throw unreadable(root, error.message());
        const std::string name = at->path().filename().string();
        const bool skipped = name == "node_modules" || name == "__pycache__" || name == "venv" || name.front() == '.';
        const fs::file_status status = at->symlink_status(error);
        if (fs::is_directory(status)) {
            if (skipped) at.disable_recursion_pending();
            continue;
        }
        if (skipped || !fs::is_regular_file(status)) continue;
        if (files.size() >= k_max_files)
            throw Error(ErrorKind::usage, root.string() + " has more than 2,000 files",
                        "give the directory of the app itself");
        GeneratedFile file;
        file.path = at->path().lexically_relative(root).generic_string();
        file.content = read_file(at->path(), k_max_bytes);
        file.executable = (status.permissions() & fs::perms::owner_exec) != fs::perms::none;
        bytes += file.content.size();
        if (bytes > k_max_bytes)
            throw Error(ErrorKind::usage, root.string() + " is larger than 32 MiB",
                        "give the directory of the app itself");
        files.push_back(std::move(file));
    }
    std::sort(files.begin(), files.end(),
              [](const GeneratedFile& left, const GeneratedFile& right) { return left.path < right.path; });
    return files;
}

/// The file that `npm start` runs with node, or empty.
std::string started_by(const GeneratedApp& app) {
    const GeneratedFile* package = app.find("package.json");
    if (package == nullptr || !within_json_limits(package->content)) return {};
    const auto value = nlohmann::json::parse(package->content, nullptr, false);
    if (!value.is_object() || !value.contains("scripts") || !value["scripts"].is_object() ||
        !value["scripts"].value("start", nlohmann::json()).is_string())
        return {};
    const std::string start = value["scripts"]["start"];
    for (std::size_t begin = 0; begin < start.size();) {
        std::size_t end = start.find(' ', begin);
        if (end == std::string::npos) end = start.size();
        std::string word = start.substr(begin, end - begin);
        if (word.rfind("./", 0) == 0) word.erase(0, 2);
        for (const std::string& candidate : {word, word + ".js", word + "/index.js"})
            if (word != "node" && app.find(candidate) != nullptr) return candidate;
        begin = end + 1;
    }
    return {};
}

void find_entry(GeneratedApp& app) {
    const auto first_of = [&](std::initializer_list<const char*> names) -> std::string {
        for (const char* name : names)
            if (app.find(name) != nullptr) return name;
        return {};
    };
    const auto only = [&](std::initializer_list<const char*> endings) -> std::string {
        std::string found;
        for (const GeneratedFile& file : app.files)
            for (const char* ending : endings) {
                const std::string text = ending;
                if (file.path.find('/') != std::string::npos || file.path.size() < text.size() ||
                    file.path.compare(file.path.size() - text.size(), text.size(), text) != 0)
                    continue;
                if (!found.empty()) return {};
                found = file.path;
            }
        return found;
    };
    switch (app.type) {
        case AppType::webapp:
            app.entry = first_of({"index.html", "index.htm", "app.html"});
            if (app.entry.empty()) app.entry = only({".html", ".htm"});
            break;
        case AppType::api:
            app.entry = first_of({"server.js", "server.mjs", "server.cjs", "server.py"});
            if (app.entry.empty()) app.entry = started_by(app);
            if (app.entry.empty() && app.find("package.json") == nullptr) app.entry = first_of({"app.py", "main.py"});
            break;
        case AppType::script:
            app.entry = first_of(
                {"script.js", "script.mjs", "script.py", "main.js", "main.mjs", "main.py", "index.js", "index.mjs"});
            if (app.entry.empty()) app.entry = only({".js", ".mjs", ".cjs", ".py"});
            break;
    }
    if (app.entry.empty() || app.type == AppType::webapp) return;
    const bool python = app.entry.size() > 3 && app.entry.compare(app.entry.size() - 3, 3, ".py") == 0;
    app.start = (python ? "python3 " : "node ") + app.entry;
}

}  // namespace

GeneratedApp load_app_from(const fs::path& path, AppType type) {
    GeneratedApp app;
    app.type = type;
    std::error_code error;
    const fs::file_status status = fs::status(path, error);
    if (!fs::exists(status))
        throw Error(ErrorKind::not_found, "there is no file or directory " + path.string(),
                    "give the path of a page, a script or the directory of an app");
    if (fs::is_directory(status)) {
        app.files = load_directory(path);
        find_entry(app);
        return app;
    }
    if (!fs::is_regular_file(status)) throw unreadable(path, "it is neither a file nor a directory");
    GeneratedFile file;
    file.path = path.filename().generic_string();
    file.content = read_file(path, k_max_bytes);
    // The type says what the file is to be, whatever its name.
    const std::string extension = path.extension().string();
    if (type == AppType::webapp && extension != ".html" && extension != ".htm") file.path += ".html";
    if (type == AppType::script && extension != ".js" && extension != ".mjs" && extension != ".cjs" &&
        extension != ".py")
        file.path += ".js";
    if (type == AppType::api && extension != ".js" && extension != ".mjs" && extension != ".cjs" && extension != ".py")
        file.path += ".js";
    app.entry = file.path;
    if (type != AppType::webapp) app.start = (extension == ".py" ? "python3 " : "node ") + app.entry;
    app.files.push_back(std::move(file));
    return app;
}

}  // namespace spawnai::validate
