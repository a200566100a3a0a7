#include "assemble.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_title_limit = 80;
constexpr std::size_t k_command_limit = 500;

bool has(const GeneratedApp& app, std::string_view path) {
    return !path.empty() && app.find(path) != nullptr;
}

std::string first_present(const GeneratedApp& app, std::initializer_list<std::string_view> candidates) {
    for (const std::string_view path : candidates)
        if (has(app, path)) return std::string(path);
    return {};
}

std::string only_with_ending(const GeneratedApp& app, std::initializer_list<std::string_view> endings) {
    std::string found;
    for (const GeneratedFile& file : app.files)
        for (const std::string_view ending : endings)
            if (file.path.ends_with(ending)) {
                if (!found.empty()) return {};
                found = file.path;
            }
    return found;
}

Json package_json(const GeneratedApp& app) {
    const GeneratedFile* file = app.find("package.json");
    if (file == nullptr) return Json::object();
    Json json = Json::parse(file->content, nullptr, false);
    return json.is_object() ? json : Json::object();
}

std::string entry_of(const GeneratedApp& app, const Json& package) {
    if (app.type == AppType::webapp) {
        const std::string page = first_present(app, {"index.html", "public/index.html"});
        return page.empty() ? only_with_ending(app, {".html", ".htm"}) : page;
    }
    if (package.contains("main") && package["main"].is_string()) {
        std::string main = package["main"].get<std::string>();
        if (main.starts_with("./")) main.erase(0, 2);
        if (has(app, main)) return main;
    }
    const std::string known =
        app.type == AppType::api
            ? first_present(app, {"server.js", "server.mjs", "server.cjs", "index.js", "index.mjs", "app.js",
                                  "src/server.js", "src/index.js", "server.py", "main.py", "app.py"})
            : first_present(
                  app, {"index.js", "index.mjs", "main.js", "main.mjs", "script.js", "main.py", "script.py", "app.py"});
    return known.empty() ? only_with_ending(app, {".js", ".mjs", ".cjs", ".py"}) : known;
}

std::string start_for(const std::string& entry) {
    if (entry.ends_with(".py")) return "python3 " + entry;
    if (entry.ends_with(".js") || entry.ends_with(".mjs") || entry.ends_with(".cjs")) return "node " + entry;
    return {};
}

// Commands run in the sandbox only; what is refused here is what no honest reply has.
std::string usable_command(const std::string& text) {
    const std::string_view command = trim(text);
    if (command.size() > k_command_limit || one_line(command, k_command_limit) != command) return {};
    return std::string(command);
}

std::string page_title(const GeneratedApp& app) {
    const GeneratedFile* page = app.find(app.entry);
    if (page == nullptr || app.type != AppType::webapp) return {};
    const std::string head = ascii_lower(std::string_view(page->content).substr(0, 16384));
    const std::size_t open = head.find("<title>");
    const std::size_t close = head.find("</title>");
    if (open == std::string::npos || close == std::string::npos || close < open + 7) return {};
    return page->content.substr(open + 7, close - open - 7);
}

std::string folder_and_file(const std::vector<GeneratedFile>& files) {
    std::vector<std::string_view> paths;
    for (const GeneratedFile& file : files) paths.emplace_back(file.path);
    std::sort(paths.begin(), paths.end());
    for (const std::string_view path : paths)
        for (std::size_t slash = path.find('/'); slash != std::string_view::npos; slash = path.find('/', slash + 1))
            if (std::binary_search(paths.begin(), paths.end(), path.substr(0, slash)))
                return std::string(path.substr(0, slash));
    return {};
}

}  // namespace

std::string assemble(GeneratedApp& app, std::vector<GeneratedFile> files, const std::optional<Manifest>& manifest,
                     const GenerationRequest& request) {
    app = GeneratedApp{};
    app.type = request.type;
    app.files = std::move(files);
    if (app.files.empty()) return "it holds no file";
    if (const std::string clash = folder_and_file(app.files); !clash.empty())
        return fmt::format("'{}' is both a file and a folder", clash);
    const Manifest said = manifest.value_or(Manifest{});
    const Json package = package_json(app);

    std::string named = said.entry;
    if (named.starts_with("./")) named.erase(0, 2);
    const bool page_named = ascii_lower(named).ends_with(".html") || ascii_lower(named).ends_with(".htm");
    app.entry = has(app, named) && (app.type != AppType::webapp || page_named) ? named : entry_of(app, package);
    if (app.entry.empty()) {
        switch (app.type) {
            case AppType::webapp:
                return "there is no index.html in it";
            case AppType::api:
                return "there is no server.js or server.py in it";
            case AppType::script:
                return "there is no index.js or main.py in it";
        }
    }
    if (app.type != AppType::webapp) {
        app.start = usable_command(said.start);
        if (app.start.empty()) app.start = start_for(app.entry);
        if (app.start.empty()) return fmt::format("nothing says how '{}' is started", app.entry);
    }
    app.build = usable_command(said.build);

    int port = 0;
    std::from_chars(said.port.data(), said.port.data() + said.port.size(), port);
    if (port == 3000 || port == 8000 || port == 8080) app.port = port;
    if (request.port) app.port = *request.port;

    app.title = one_line(trim(said.title), k_title_limit);
    if (app.title.empty()) app.title = one_line(trim(page_title(app)), k_title_limit);
    if (app.title.empty()) app.title = one_line(trim(request.prompt), k_title_limit);
    return {};
}

bool looks_whole(std::string_view path, std::string_view content) {
    const std::string_view text = trim(content);
    if (text.empty()) return false;
    if (path.ends_with(".html") || path.ends_with(".htm"))
        return ascii_lower(text.substr(text.size() - std::min<std::size_t>(text.size(), 16))).ends_with("</html>");
    if (path.ends_with(".json")) return Json::accept(text);
    return false;
}

}  // namespace spawnai::claude
