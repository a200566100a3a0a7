#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.test) continue;
        for (const Located& body : file.facts.code.stubs) {
            const std::string low = ascii_lower(body.text);
            const bool says_so = has_word(body.text, "TODO") || has_word(body.text, "FIXME") ||
                                 contains_any(low, {"implement", "placeholder", "goes here", "add logic", "add code",
                                                    "fill in", "write your"});
            // "not implemented on purpose" and the like.
            const bool means_it = contains_any(low, {"no-op", "noop", "nothing to", "intentionally", "ignore",
                                                     "not needed", "optional", "deliberately"});
            if (says_so && !means_it)
                judge.block(&file, body.offset, "a function is empty but for a comment that says what it should do",
                            "write the function's body");
        }
    }
}

}  // namespace

const Rule stub{
    {"stub", Severity::block, "text", "A function whose body is only a comment such as TODO or \"implement\".",
     "The feature behind it does nothing. Empty functions as such are fine."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
