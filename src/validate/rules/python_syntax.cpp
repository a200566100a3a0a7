#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::python) continue;
        for (const Syntax& syntax : file.facts.code.syntax)
            if (syntax.status == "broken")
                judge.block(&file, syntax.offset, "the code does not parse: " + syntax.message,
                            "correct the syntax at this place; mind indentation, brackets and quotes");
    }
}

}  // namespace

const Rule python_syntax{{"python-syntax", Severity::block, "text",
                          "Python whose indentation, brackets, strings or statements do not fit together.",
                          "The interpreter refuses the file before its first line runs."},
                         Scope::file,
                         check};

}  // namespace spawnai::validate::rules
