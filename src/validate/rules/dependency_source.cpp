#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (const FileView* file = app.find("package.json"); file != nullptr && app.package && app.package->is_object()) {
        for (const char* section :
             {"dependencies", "devDependencies", "optionalDependencies", "overrides", "resolutions"}) {
            if (!app.package->contains(section) || !(*app.package)[section].is_object()) continue;
            for (const auto& [name, range] : (*app.package)[section].items()) {
                if (!range.is_string()) continue;
                const std::string text = range.get<std::string>();
                if (starts_with(text, "npm:") || !contains_any(text, {":", "/"})) continue;
                judge.block(file, file->text().find("\"" + name + "\""),
                            "\"" + show(name) + "\" comes from " + show(text) + " and not from the registry",
                            "give a version range such as \"^1.2.3\"");
            }
        }
    }
    if (const FileView* file = app.find("requirements.txt"); file != nullptr) {
        std::size_t at = 0;
        for (const std::string_view raw : split_lines(file->text())) {
            const std::string_view line = trim(raw.substr(0, raw.find(" #")));
            const bool option = starts_with(line, "--index-url") || starts_with(line, "-i ") ||
                                starts_with(line, "--extra-index-url") || starts_with(line, "--find-links") ||
                                starts_with(line, "-f ") || starts_with(line, "-e ") ||
                                starts_with(line, "--editable") || starts_with(line, "--trusted-host");
            if (!starts_with(line, "#") &&
                (option || contains_any(line, {"://", "git+"}) || starts_with(line, "./") || starts_with(line, "/")))
                judge.block(file, at, "a requirement does not come from the package index: " + show(line),
                            "name the package and its version range");
            at += raw.size() + 1;
        }
    }
}

}  // namespace

const Rule dependency_source{{"dependency-source", Severity::block, "harm",
                              "Dependencies from git, a URL or a file path; other package indexes.",
                              "What they hold can change at any time, and nobody else has looked at it."},
                             Scope::app,
                             check};

}  // namespace spawnai::validate::rules
