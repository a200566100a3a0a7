#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

/// Path of a relative import, seen from `from`; empty when it leaves the app.
std::string resolve(std::string_view from, std::string_view module) {
    const std::size_t slash = from.rfind('/');
    std::string path =
        (slash == std::string_view::npos ? "" : std::string(from.substr(0, slash + 1))) + std::string(module);
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        std::size_t end = path.find('/', begin);
        if (end == std::string::npos) end = path.size();
        const std::string part = path.substr(begin, end - begin);
        if (part == "..") {
            if (parts.empty()) return {};
            parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        begin = end + 1;
    }
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : "/") + part;
    return out;
}

bool exists(const AppView& app, const std::string& path) {
    for (const char* ending :
         {"", ".js", ".json", ".cjs", ".mjs", ".node", "/index.js", "/index.cjs", "/index.mjs", "/package.json"})
        if (app.find(path + ending) != nullptr) return true;
    // "." and "./" are the directory itself.
    return path.empty() && (app.find("index.js") != nullptr || app.find("package.json") != nullptr);
}

/// import and import() take the file's whole name: no ending is added, no index.js is looked for.
void check_exact(const AppView& app, const FileView& file, const Import& import, const std::string& path,
                 Judge& judge) {
    if (import.kind == "require" || app.find(path) != nullptr || file.facts.code.syntax.empty()) return;
    const bool module = file.facts.code.syntax.front().goal == "module";
    if (!module && import.kind != "dynamic") return;
    // A loader that completes names, started with the app.
    const std::string start =
        app.package && app.package->is_object() ? app.package->value("scripts", nlohmann::ordered_json()).dump() : "";
    if (contains_any(start, {"specifier-resolution", "tsx", "ts-node", "babel", "esbuild", "webpack", "rollup", "vite",
                             "bun ", "-r esm", "--loader", "--import", "--require", "jiti"}))
        return;
    std::string found;
    for (const char* ending : {".js", ".mjs", ".cjs", ".json", "/index.js", "/index.mjs", "/index.cjs"})
        if (found.empty() && app.find(path + ending) != nullptr) found = ending;
    if (found.empty()) return;
    const std::string message = "\"" + show(import.module) + "\" is not the whole name of the file, which import needs";
    const std::string hint = "write \"" + import.module + found + "\"";
    if (import.guarded || import.kind == "dynamic")
        judge.warn(&file, import.offset, message, hint);
    else
        judge.block(&file, import.offset, message, hint);
}

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.type() == AppType::webapp) return;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        for (const Import& import : file.facts.code.imports) {
            if (!starts_with(import.module, ".")) continue;
            if (file.kind == FileKind::python) {
                std::size_t dots = 0;
                while (dots < import.module.size() && import.module[dots] == '.') ++dots;
                std::string rest = import.module.substr(dots);
                for (char& c : rest)
                    if (c == '.') c = '/';
                if (rest.empty()) continue;
                bool found = false;
                for (const FileView& other : app.files)
                    found = found || ends_with(other.path(), rest + ".py") || contains(other.path(), rest + "/");
                if (!found)
                    judge.block(&file, import.offset, "the module " + show(import.module) + " is not part of the app",
                                "add the file, or put its code here");
                continue;
            }
            const std::string path = resolve(file.path(), import.module);
            if (exists(app, path)) {
                check_exact(app, file, import, path, judge);
                continue;
            }
            const std::string message =
                "the file " + show(import.module) + " that the code loads is not part of the app";
            const std::string hint = "add the file, or put its code into " + file.path();
            if (import.guarded || (ends_with(import.module, ".json") && import.kind == "dynamic"))
                judge.warn(&file, import.offset, message, hint);
            else
                judge.block(&file, import.offset, message, hint);
        }
    }
}

}  // namespace

const Rule module_missing{
    {"module-missing", Severity::block, "api", "A relative require or import of a file that the app does not have.",
     "The program stops where it loads the file."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
