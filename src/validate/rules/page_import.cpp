#include "helpers.hpp"

#include <algorithm>

namespace spawnai::validate::rules {
namespace {

bool is_mapped(const PageFacts& page, const std::string& module) {
    return std::any_of(page.import_map.begin(), page.import_map.end(), [&](const std::string& name) {
        return name == module || (!name.empty() && name.back() == '/' && starts_with(module, name));
    });
}

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::webapp) return;
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::page && file.kind != FileKind::javascript) continue;
        for (const Import& import : file.facts.code.imports) {
            if (import.kind == "require" || contains(import.module, ":") || starts_with(import.module, ".") ||
                starts_with(import.module, "/"))
                continue;
            bool mapped = is_mapped(file.facts.page, import.module);
            if (file.kind == FileKind::javascript)
                for (const FileView& page : app.files) mapped = mapped || is_mapped(page.facts.page, import.module);
            if (mapped) continue;
            if (import.guarded || import.kind == "dynamic")
                judge.warn(&file, import.offset,
                           "a browser cannot import \"" + show(import.module) + "\" by its bare name",
                           "write the code itself, or give a full URL");
            else
                judge.block(&file, import.offset,
                            "a browser cannot import \"" + show(import.module) + "\" by its bare name",
                            "write the code itself: the page has no packages");
        }
    }
}

}  // namespace

const Rule page_import{
    {"page-import", Severity::block, "page", "import \"name\" in a page, without an import map that knows the name.",
     "A browser resolves only URLs; the module script fails as a whole."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
