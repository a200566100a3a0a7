#include "helpers.hpp"

#include <set>

namespace spawnai::validate::rules {
namespace {

bool makes_a_document(const FileView& file) {
    for (const Import& import : file.facts.code.imports)
        if (is_one_of(import.module, {"jsdom", "happy-dom", "linkedom", "global-jsdom"})) return true;
    return contains(file.text(), "globalThis.document") || contains(file.text(), "global.document") ||
           contains(file.text(), "global.window");
}

void check(const AppView& app, Judge& judge) {
    if (app.type() == AppType::webapp) return;
    for (const FileView& file : app.files) {
        if (!file.runs() || file.kind != FileKind::javascript || makes_a_document(file)) continue;
        std::set<std::string> said;
        for (const FreeName& name : file.facts.code.free_names) {
            if (name.guarded ||
                !is_one_of(name.name, {"document", "window", "alert", "localStorage", "sessionStorage", "confirm",
                                       "prompt", "location", "history", "XMLHttpRequest", "requestAnimationFrame",
                                       "HTMLElement", "Image", "FileReader", "addEventListener", "DOMParser", "Audio"}))
                continue;
            if (!said.insert(name.name).second) continue;
            judge.block(&file, name.offset, "\"" + name.name + "\" exists in browsers only",
                        "this runs in Node: print with console.log, read with fs");
        }
    }
}

}  // namespace

const Rule script_browser{
    {"script-browser", Severity::block, "script",
     "document, window, alert, localStorage ... as free names in a script or a server, unguarded by typeof.",
     "They do not exist in Node; the program ends at the first one."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
