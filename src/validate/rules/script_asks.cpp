#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::script) return;
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        // A script that also takes arguments or looks for a terminal has another way.
        const bool has_other_way = contains_any(
            file.text(), {"process.argv", "isTTY", "sys.argv", "argparse", "isatty", "EOFError", "parseArgs"});
        bool reads_files = false;
        for (const Event& event : file.facts.code.events) reads_files = reads_files || event.act == Act::read_file;
        for (const Event& event : file.facts.code.events) {
            if (event.act != Act::ask || !event.reached) continue;
            const bool stream = contains(event.name, "stdin");
            // Files beside the script are input too.
            if (stream && reads_files) continue;
            const std::string message =
                stream ? "the script waits for standard input" : "the script waits for somebody to type";
            const std::string hint = "nobody can: take the values from constants, arguments or a file";
            if (event.guarded || has_other_way)
                judge.warn(&file, event.offset, message, hint);
            else
                judge.block(&file, event.offset, message, hint);
        }
    }
}

}  // namespace

const Rule script_asks{
    {"script-asks", Severity::block, "script",
     "A script that asks on the terminal (question, input) or reads standard input, and has no other way to get "
     "its values.",
     "It runs once, with nobody there: it would wait until it is stopped, or end without a result."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
