#include "helpers.hpp"

#include <set>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files)
        for (const Syntax& syntax : file.facts.code.syntax) {
            const std::set<std::string> kinds(syntax.newer.begin(), syntax.newer.end());
            for (const std::string& kind : kinds)
                judge.warn(&file, syntax.begin, kind + " need a runtime of 2024 or later",
                           "use an older form if it must run on Node 18 or older browsers");
        }
}

}  // namespace

const Rule newer_syntax{{"newer-syntax", Severity::warn, "text",
                         "Import attributes, regular expression flag v, modifiers and duplicate group names.",
                         "Current runtimes know them, Node 18 does not; the runtime itself has the last word."},
                        Scope::file,
                        check};

}  // namespace spawnai::validate::rules
