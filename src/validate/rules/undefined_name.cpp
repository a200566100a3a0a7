#include "globals_data.hpp"
#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <set>

namespace spawnai::validate::rules {
namespace {

template <std::size_t Size>
bool in(const std::string_view (&table)[Size], std::string_view name) {
    return std::binary_search(std::begin(table), std::end(table), name);
}

/// Names that come from elsewhere: scripts of other servers, code made at run time.
bool names_may_come_from_elsewhere(const AppView& app, const FileView& file) {
    for (const Element& script : file.facts.page.scripts)
        if (!script.url.empty()) return true;
    for (const Event& event : file.facts.code.events)
        if (event.act == Act::code || event.act == Act::module || event.name == "importScripts") return true;
    for (const Syntax& syntax : file.facts.code.syntax)
        if (syntax.status != "good") return true;
    for (const FileView& other : app.files)
        if (&other != &file && other.kind == FileKind::javascript && (file.kind == FileKind::page || other.client))
            return true;
    return false;
}

void check_page(const AppView& app, const FileView& file, Judge& judge) {
    if (!file.facts.complete || names_may_come_from_elsewhere(app, file)) return;
    std::set<std::string_view> known(file.facts.code.globals.begin(), file.facts.code.globals.end());
    std::set<std::string_view> modules(file.facts.code.module_names.begin(), file.facts.code.module_names.end());
    for (const Located& id : file.facts.page.ids) known.insert(id.text);
    std::set<std::string_view> said;
    for (const FreeName& name : file.facts.code.free_names) {
        if (name.guarded || !name.called || known.count(name.name) != 0 || in(k_browser_globals, name.name)) continue;
        if (contains(file.text(), "window." + name.name) || contains(file.text(), "window['" + name.name) ||
            contains(file.text(), "globalThis." + name.name))
            continue;
        if (!said.insert(name.name).second) continue;
        const bool in_module = modules.count(name.name) != 0;
        const std::string message = in_module ? "\"" + name.name + "\" belongs to a module script and is not seen here"
                                              : "\"" + name.name + "\" is called and nowhere defined";
        const std::string hint = in_module ? "assign it to window, or use addEventListener inside the module"
                                 : name.name == "require" ? "a browser has no require: write the code itself"
                                                          : "define " + name.name + ", or correct its name";
        judge.block(&file, name.offset, message, hint);
    }
}

void check_program(const AppView& app, const FileView& file, Judge& judge) {
    if (!file.facts.complete || names_may_come_from_elsewhere(app, file)) return;
    std::set<std::string_view> said;
    for (const FreeName& name : file.facts.code.free_names) {
        if (name.guarded || in(k_node_globals, name.name)) continue;
        // Browser names are another rule's.
        if (in(k_browser_globals, name.name)) continue;
        if (contains(file.text(), "global." + name.name) || contains(file.text(), "globalThis." + name.name)) continue;
        if (!said.insert(name.name).second) continue;
        const std::string message = "\"" + name.name + "\" is used and nowhere defined";
        const std::string hint = "define or import " + name.name + ", or correct its name";
        if (name.at_load || name.called)
            judge.block(&file, name.offset, message, hint);
        else
            judge.warn(&file, name.offset, message, hint);
    }
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind == FileKind::page)
            check_page(app, file, judge);
        else if (file.kind == FileKind::javascript && file.runs() && app.type() != AppType::webapp)
            check_program(app, file, judge);
    }
}

}  // namespace

const Rule undefined_name{
    {"undefined-name", Severity::block, "page",
     "A function that is called and that nothing defines, in code that loads nothing from elsewhere.",
     "The call throws: the handler that contains it, or the whole script, does nothing."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
