#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::script || !app.whole) return;
    bool any = false;
    const FileView* unreached = nullptr;
    std::size_t at = 0;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        if (!file.facts.complete) return;
        for (const Syntax& syntax : file.facts.code.syntax)
            if (syntax.status != "good") return;
        any = true;
        for (const Event& event : file.facts.code.events) {
            // What other programs, tests and frameworks print is not seen here.
            const bool may_print =
                event.act == Act::print || event.act == Act::shell || event.act == Act::program ||
                event.act == Act::code || event.act == Act::ask ||
                (event.act == Act::pipe && contains(event.target.path, "stdout")) ||
                contains_any(event.name, {"stdout", "stderr", "test", "describe", "pprint", "logging", "log", "print",
                                          "argparse", "unittest", "doctest", "util.debuglog", "run", "Console"});
            if (!may_print) continue;
            if (event.reached) return;
            unreached = &file;
            at = event.offset;
        }
        if (contains_any(file.text(), {"process.stdout", "process.stderr", "sys.stdout", "console.", "print(",
                                       "import pprint", "/dev/stdout"}) &&
            unreached == nullptr)
            return;
    }
    if (!any) return;
    if (unreached != nullptr)
        judge.block(unreached, at, "the script prints only in functions that nothing calls",
                    "call the main function at the end of the script; if the file was cut off, give it complete");
    else
        judge.block(app.entry(), Judge::k_nowhere, "the script prints nothing",
                    "print the result with console.log or print; if the file was cut off, give it complete");
}

}  // namespace

const Rule script_silent{{"script-silent", Severity::block, "script",
                          "A script that prints nothing, or only in functions that nothing calls.",
                          "Its output is all that its user gets. Files that are cut off often show by this alone."},
                         Scope::app,
                         check};

}  // namespace spawnai::validate::rules
