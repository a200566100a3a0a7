#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind == FileKind::other) continue;
        std::size_t at = 0;
        std::size_t ours = Judge::k_nowhere;
        std::size_t hunk = Judge::k_nowhere;
        bool theirs = false;
        bool header = false;
        std::size_t number = 0;
        for (const std::string_view line : split_lines(file.text())) {
            if (starts_with(line, "<<<<<<<") && ours == Judge::k_nowhere) ours = at;
            if (starts_with(line, ">>>>>>>")) theirs = true;
            if (starts_with(line, "@@ -") && contains(line.substr(4), " @@") && hunk == Judge::k_nowhere) hunk = at;
            if (number < 4 &&
                (starts_with(line, "--- ") || starts_with(line, "+++ ") || starts_with(line, "diff --git ") ||
                 starts_with(line, "*** Begin Patch") || starts_with(line, "*** Update File")))
                header = true;
            at += line.size() + 1;
            ++number;
        }
        if (ours != Judge::k_nowhere && theirs) {
            judge.block(&file, ours, "merge markers were left in the file",
                        "give the file as it is to be, without <<<<<<< and >>>>>>> lines");
        } else if (header) {
            judge.block(&file, 0, "the file is a patch", "give the complete file, not the changes to it");
        } else if (hunk != Judge::k_nowhere && hunk < 200) {
            judge.block(&file, hunk, "the file is a patch", "give the complete file, not the changes to it");
        }
    }
}

}  // namespace

const Rule patch_markers{
    {"patch-markers", Severity::block, "text", "Merge conflict markers, or a diff in place of a file.",
     "Neither a browser nor an interpreter applies a patch."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
