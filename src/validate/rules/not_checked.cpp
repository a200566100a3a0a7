#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::page && file.kind != FileKind::javascript && file.kind != FileKind::python) continue;
        if (!file.facts.complete && !file.facts.why.empty()) {
            judge.warn(&file, Judge::k_nowhere, "the file was not fully checked: " + file.facts.why,
                       "make the file smaller and simpler if it should be checked");
            continue;
        }
        for (const Syntax& syntax : file.facts.code.syntax)
            if (syntax.status == "not-checked")
                judge.warn(&file, syntax.begin, "the code was not checked: " + syntax.message,
                           "make the code simpler if it should be checked");
    }
}

}  // namespace

const Rule not_checked{
    {"not-checked", Severity::warn, "text", "A file that is beyond the limits of the checks: size, nesting, time.",
     "That is no fault of the file, so it is no reason to refuse it; but nobody should think that it was checked."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
