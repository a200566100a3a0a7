#include <spawnai/core/embedded.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/starters.hpp>

#include <algorithm>
#include <iterator>
#include <utility>

namespace spawnai::pipeline {
namespace {

constexpr std::string_view k_folder = "starters/";
constexpr std::string_view k_manifest = "starter.json";

std::vector<std::string> string_list(const JsonReader& manifest, const char* key) {
    const Json& list = manifest.at(key).raw();
    if (!list.is_array()) throw Error(ErrorKind::usage, manifest.path() + "." + key + " must be a list of strings");
    std::vector<std::string> result;
    for (const Json& item : list) {
        if (!item.is_string() || item.get_ref<const std::string&>().empty())
            throw Error(ErrorKind::usage, manifest.path() + "." + key + " must hold strings that are not empty");
        result.push_back(item.get<std::string>());
    }
    return result;
}

std::vector<Starter> load_embedded() {
    std::vector<Starter> result;
    const std::span entries(embedded_tables::starters, embedded_tables::starters_size);
    for (auto next = entries.begin(); next != entries.end();) {
        const std::string_view path = std::string_view(next->path).substr(k_folder.size());
        const std::string_view id = path.substr(0, path.find('/'));
        std::vector<GeneratedFile> files;
        for (; next != entries.end(); ++next) {
            const std::string_view inside = std::string_view(next->path).substr(k_folder.size());
            if (inside.substr(0, inside.find('/')) != id) break;
            files.push_back({std::string(inside.substr(id.size() + 1)), std::string(next->content()), false});
        }
        try {
            result.push_back(parse_starter(id, files));
        } catch (const Error& error) {
            throw Error(ErrorKind::internal, error.what());
        }
    }
    std::sort(result.begin(), result.end(), [](const Starter& a, const Starter& b) { return a.id < b.id; });
    return result;
}

}  // namespace

Starter parse_starter(std::string_view id, const std::vector<GeneratedFile>& files) {
    const std::string source = "starter " + std::string(id);
    const auto found =
        std::find_if(files.begin(), files.end(), [](const GeneratedFile& file) { return file.path == k_manifest; });
    if (found == files.end()) throw Error(ErrorKind::usage, source + " has no " + std::string(k_manifest));
    const Json json = parse_json(found->content, source, ErrorKind::usage);
    const JsonReader manifest(json, source, ErrorKind::usage);

    Starter starter;
    starter.id = id;
    starter.description = manifest.string("description");
    starter.example = manifest.string("example");
    starter.keywords = string_list(manifest, "keywords");
    starter.features = string_list(manifest, "features");
    if (starter.keywords.empty()) throw Error(ErrorKind::usage, source + ": keywords is empty");

    GeneratedApp& app = starter.app;
    const std::string type = manifest.string("type");
    const std::optional<AppType> parsed = parse_app_type(type);
    if (!parsed) throw Error(ErrorKind::usage, source + ": '" + type + "' is not a type (webapp, api, script)");
    app.type = *parsed;
    app.title = manifest.string("title");
    app.entry = manifest.string("entry");
    app.start = manifest.string_or("start", "");
    if (app.start.empty() != (app.type == AppType::webapp))
        throw Error(ErrorKind::usage, source + ": start is for an api or a script, which must have it");
    const std::int64_t port = manifest.integer_or("port", 3000);
    if (port != 3000 && port != 8000 && port != 8080)
        throw Error(ErrorKind::usage, source + ": port must be 3000, 8000 or 8080");
    app.port = static_cast<int>(port);
    for (const GeneratedFile& file : files) {
        if (file.path == k_manifest) continue;
        if (const std::string why = check_relative_path(file.path); !why.empty())
            throw Error(ErrorKind::usage, source + ": " + file.path + ": " + why);
        app.files.push_back(file);
    }
    if (app.find(app.entry) == nullptr) throw Error(ErrorKind::usage, source + ": there is no file " + app.entry);
    return starter;
}

std::span<const Starter> list_starters() {
    static const std::vector<Starter> catalogue = load_embedded();
    return catalogue;
}

const Starter* find_starter(std::string_view id) {
    for (const Starter& starter : list_starters())
        if (starter.id == id) return &starter;
    return nullptr;
}

const Starter* match_starter(std::string_view prompt, std::optional<AppType> type) {
    return match_starter(prompt, type, list_starters());
}

}  // namespace spawnai::pipeline
