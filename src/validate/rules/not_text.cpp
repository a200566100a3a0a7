#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind == FileKind::other) continue;
        const std::size_t zero = file.text().find('\0');
        if (zero != std::string::npos && file.kind != FileKind::page) {
            judge.block(&file, zero, "the file holds NUL bytes", "write it as plain UTF-8 text");
        } else if (!is_valid_utf8(file.text())) {
            if (file.kind == FileKind::python || file.kind == FileKind::json)
                judge.block(&file, Judge::k_nowhere, "the file is not UTF-8 text", "write it as plain UTF-8 text");
            else
                judge.warn(&file, Judge::k_nowhere, "the file is not UTF-8 text", "write it as plain UTF-8 text");
        }
    }
}

}  // namespace

const Rule not_text{
    {"not-text", Severity::block, "text", "Code that is not UTF-8, or holds NUL bytes.",
     "Python and JSON readers refuse it; browsers and Node show broken characters, which is only a warning."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
