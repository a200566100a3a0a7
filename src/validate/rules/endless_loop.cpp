#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.test) continue;
        for (const EndlessLoop& loop : file.facts.code.loops) {
            if (loop.leaves) continue;
            const std::string message = "the loop never ends";
            const std::string hint = "give the loop a condition or a break";
            if (loop.at_load)
                judge.block(&file, loop.offset, message, hint);
            else
                judge.warn(&file, loop.offset, message, hint);
        }
    }
}

}  // namespace

const Rule endless_loop{
    {"endless-loop", Severity::block, "script",
     "while (true) without break, return, throw, await or a call that waits, run while the program loads.",
     "The page freezes, the server never answers, the script never ends."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
