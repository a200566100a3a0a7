#include "helpers.hpp"

#include <set>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::script) return;
    std::set<std::string> said;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        for (const Import& import : file.facts.code.imports) {
            const std::string& module = import.module;
            if (module.empty() || module[0] == '.' || module[0] == '/' || starts_with(module, "data:") ||
                starts_with(module, "file:"))
                continue;
            bool own = false;
            if (file.kind == FileKind::python) {
                const std::string root = module.substr(0, module.find('.'));
                for (const FileView& other : app.files)
                    own = own || other.path() == root + ".py" || starts_with(other.path(), root + "/");
                if (own || is_python_builtin(module)) continue;
            } else if (is_node_builtin(module)) {
                continue;
            }
            if (!said.insert(module).second) continue;
            const std::string message = "\"" + show(module) + "\" is not part of the standard library";
            if (import.guarded)
                judge.warn(&file, import.offset, message, "a script has no packages: write the code itself");
            else
                judge.block(&file, import.offset, message,
                            "a script has no packages: write the code itself, with the standard library");
        }
    }
}

}  // namespace

const Rule script_modules{{"script-modules", Severity::block, "script", "A script that loads a package.",
                           "Scripts run without an install step: only built-in modules are there."},
                          Scope::file,
                          check};

}  // namespace spawnai::validate::rules
