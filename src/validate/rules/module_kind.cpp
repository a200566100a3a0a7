#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

bool is_module(const FileView& file) {
    return !file.facts.code.syntax.empty() && file.facts.code.syntax.front().goal == "module" &&
           file.facts.code.syntax.front().status == "good";
}

void check(const AppView& app, Judge& judge) {
    if (app.type() == AppType::webapp) return;
    const bool package_is_module = app.package && app.package->is_object() &&
                                   app.package->value("type", nlohmann::ordered_json()).is_string() &&
                                   app.package->value("type", std::string()) == "module";
    bool offered = false;
    for (const FileView& file : app.files) {
        if (!file.runs() || file.kind != FileKind::javascript) continue;
        const bool module = is_module(file);
        const bool as_module = ends_with(file.path(), ".mjs") || (package_is_module && !ends_with(file.path(), ".cjs"));
        // `require` in a module: only what it makes itself with createRequire is there.
        if (module || as_module) {
            for (const FreeName& name : file.facts.code.free_names) {
                if (name.guarded || !(name.name == "require" || name.name == "module" || name.name == "exports" ||
                                      name.name == "__dirname" || name.name == "__filename"))
                    continue;
                if (!name.at_load) continue;
                judge.block(&file, name.offset, "\"" + name.name + "\" does not exist in an ES module",
                            as_module && !module
                                ? "use import and export, or remove \"type\": \"module\" from package.json"
                                : "use import and export throughout, or require throughout");
                break;
            }
            if (as_module) continue;
        }
        if (!module) continue;
        if (ends_with(file.path(), ".cjs")) {
            judge.block(&file, 0, "a .cjs file uses import or export", "use require, or name it .mjs");
            continue;
        }
        const std::string message = "the file is an ES module, and package.json does not say so";
        const std::string hint =
            "add \"type\": \"module\" to package.json, or name the file .mjs: Node 18 refuses it otherwise";
        if (app.type() == AppType::script || !app.whole) {
            // One file: the sandbox's Node is newer than 20.19, or the runner gives the module goal.
            judge.note(&file, Judge::k_nowhere, message, hint);
            continue;
        }
        // With CommonJS files beside it, the type cannot be changed for all.
        bool mixed = false;
        for (const FileView& other : app.files)
            mixed = mixed || (other.runs() && other.kind == FileKind::javascript && !is_module(other) &&
                              other.facts.code.uses_commonjs && !ends_with(other.path(), ".cjs"));
        if (mixed) {
            judge.block(&file, 0, "the app mixes ES modules and require in .js files", "use one of the two throughout");
        } else if (offered) {
            continue;
        } else {
            offered = true;
            if (!app.package || !app.package->is_object()) {
                judge.note(&file, Judge::k_nowhere, message, hint);
                continue;
            }
            // Current Node finds out by itself, so it is no reason to refuse what is not mended.
            judge.warn(&file, 0, message, hint);
        }
    }
}

}  // namespace

const Rule module_kind{{"module-kind", Severity::block, "api",
                        "require, module.exports or __dirname in an ES module, or both kinds mixed. An ES module "
                        "without \"type\": \"module\" is a warning.",
                        "It parses and fails at start."},
                       Scope::app,
                       check};

}  // namespace spawnai::validate::rules
