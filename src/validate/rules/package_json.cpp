#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// A single version or comparator such as ">=1.2.3-beta.1" or "1.x".
bool is_comparator(std::string_view text) {
    while (!text.empty() && std::string_view("^~<>=v").find(text.front()) != std::string_view::npos)
        text.remove_prefix(1);
    text = trim(text);
    if (text.empty()) return false;
    const std::size_t suffix = text.find_first_of("-+");
    const std::string_view numbers = text.substr(0, suffix);
    int parts = 1;
    bool any = false;
    for (const char c : numbers) {
        if (c == '.') {
            if (!any) return false;
            ++parts;
            any = false;
        } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == 'x' || c == 'X' || c == '*') {
            any = true;
        } else {
            return false;
        }
    }
    return any && parts <= 3 && (suffix == std::string_view::npos || suffix + 1 < text.size());
}

bool is_range(std::string_view range) {
    range = trim(range);
    if (range.empty() || range == "*") return true;
    if (is_one_of(range, {"latest", "next", "beta", "alpha", "canary", "rc", "lts", "stable", "current", "legacy",
                          "experimental", "dev", "nightly", "release", "preview"}))
        return true;
    for (std::size_t begin = 0; begin <= range.size();) {
        std::size_t end = range.find("||", begin);
        if (end == std::string_view::npos) end = range.size();
        const std::string_view part = trim(range.substr(begin, end - begin));
        if (!part.empty()) {
            std::string spaced;
            for (std::size_t at = 0; at < part.size(); ++at) {
                // An operator may stand apart from its number.
                if (part[at] == ' ' && at > 0 && std::string_view("^~<>=").find(part[at - 1]) != std::string_view::npos)
                    continue;
                spaced.push_back(part[at] == '\t' ? ' ' : part[at]);
            }
            std::size_t at = 0;
            while (at < spaced.size()) {
                std::size_t stop = spaced.find(' ', at);
                if (stop == std::string::npos) stop = spaced.size();
                const std::string_view word = std::string_view(spaced).substr(at, stop - at);
                if (!word.empty() && word != "-" && !is_comparator(word)) return false;
                at = stop + 1;
            }
        }
        begin = end + 2;
    }
    return true;
}

/// Other forms of a dependency, which a rule about harm judges.
bool is_other_source(std::string_view range) {
    return contains_any(range, {":", "/"});
}

bool is_package_name(std::string_view name) {
    if (name.empty() || name.size() > 214) return false;
    if (name.front() == '@') {
        const std::size_t slash = name.find('/');
        if (slash == std::string_view::npos || slash == 1 || slash + 1 >= name.size()) return false;
        name = name.substr(1);
    }
    if (name.front() == '.' || name.front() == '_') return false;
    for (const char c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0 &&
            std::string_view("-._~/").find(c) == std::string_view::npos)
            return false;
    return true;
}

void check(const AppView& app, Judge& judge) {
    const FileView* file = app.find("package.json");
    if (file == nullptr) {
        if (!app.whole || app.type() != AppType::api || app.has_python() || app.entry() == nullptr) return;
        bool needs_packages = false;
        for (const FileView& one : app.files)
            for (const Import& import : one.facts.code.imports)
                needs_packages =
                    needs_packages || (one.runs() && !starts_with(import.module, ".") &&
                                       !starts_with(import.module, "/") && !is_node_builtin(import.module));
        Mend mend;
        mend.package = [](nlohmann::ordered_json& package) { package["private"] = true; };
        judge.mend(nullptr, Judge::k_nowhere, "package.json is missing",
                   needs_packages ? "add a package.json that lists every package that the code requires"
                                  : "add a package.json",
                   std::move(mend));
        return;
    }
    if (!app.package) {
        judge.block(file, app.package_error_at, "package.json is not valid JSON: " + app.package_error,
                    "correct the JSON: no comments, no trailing commas, double quotes");
        return;
    }
    const auto& package = *app.package;
    if (!package.is_object()) {
        judge.block(file, 0, "package.json is not an object", "write {\"name\": ..., \"dependencies\": {...}}");
        return;
    }
    const auto expect = [&](const char* field, bool right, const char* form) {
        if (package.contains(field) && !right)
            judge.block(file, file->text().find(std::string("\"") + field + "\""),
                        std::string("\"") + field + "\" of package.json has the wrong form", form);
    };
    expect("name", package.value("name", nlohmann::ordered_json("x")).is_string(), "it is a string");
    expect("version", package.value("version", nlohmann::ordered_json("x")).is_string(),
           "it is a string such as \"1.0.0\"");
    expect("scripts", package.value("scripts", nlohmann::ordered_json::object()).is_object(),
           "it is an object of commands");
    if (package.contains("type") &&
        !(package["type"].is_string() && is_one_of(package["type"].get<std::string>(), {"module", "commonjs"})))
        judge.block(file, file->text().find("\"type\""),
                    "\"type\" of package.json is neither \"module\" nor \"commonjs\"",
                    "use one of the two, or leave it out");
    for (const char* section : {"dependencies", "devDependencies", "optionalDependencies", "peerDependencies"}) {
        if (!package.contains(section)) continue;
        const auto& list = package[section];
        if (!list.is_object()) {
            judge.block(file, file->text().find(std::string("\"") + section + "\""),
                        std::string("\"") + section + "\" of package.json is not an object",
                        "write {\"package\": \"^1.2.3\"}");
            continue;
        }
        for (const auto& [name, range] : list.items()) {
            const auto at = [&, &name = name] { return file->text().find("\"" + name + "\""); };
            if (!is_package_name(name))
                judge.block(file, at(), "\"" + show(name) + "\" cannot be the name of a package", "correct the name");
            else if (!range.is_string())
                judge.block(file, at(), "the version of " + show(name) + " is not a string",
                            "write a range such as \"^1.2.3\"");
            else if (!is_other_source(range.get<std::string>()) && !is_range(range.get<std::string>()))
                judge.block(file, at(),
                            "\"" + show(range.get<std::string>()) + "\" is no version range (" + show(name) + ")",
                            "write a range such as \"^1.2.3\"");
        }
    }
}

}  // namespace

const Rule package_json{
    {"package-json", Severity::block, "api",
     "package.json: present, valid JSON, right shape, package names and version ranges that npm accepts.",
     "npm install stops at the first of these."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
