#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool in_comment(const FileView& file, std::size_t offset) {
    for (const Located& comment : file.facts.code.comments)
        if (offset >= comment.offset && offset < comment.offset + comment.text.size()) return true;
    return false;
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const std::string_view text = file.text();
        if (file.kind == FileKind::javascript) {
            // Three backticks at the start of a line are an empty template before another one: it parses, and fails when it runs.
            for (std::size_t at = text.find("```"); at != std::string_view::npos; at = text.find("```", at + 3)) {
                if (at > 0 && text[at - 1] != '\n') continue;
                if (in_comment(file, at)) continue;
                judge.block(&file, at, "a markdown fence stands in the code", "give the code alone, without ``` lines");
                break;
            }
        } else if (file.kind == FileKind::page || file.kind == FileKind::json || file.kind == FileKind::style ||
                   file.kind == FileKind::python) {
            const std::string_view body = trim(text);
            const std::string_view last = trim(last_lines(body, 1));
            if (starts_with(body, "```")) {
                judge.block(&file, text.find("```"), "a markdown fence stands before the code",
                            "give the code alone, without ``` lines");
            } else if (last == "```") {
                judge.block(&file, text.rfind("```"), "a markdown fence stands after the code",
                            "give the code alone, without ``` lines");
            }
        }
    }
}

}  // namespace

const Rule markdown_fence{{"markdown-fence", Severity::block, "text",
                           "Lines of ``` around or in code. One fence around the whole file is taken off first.",
                           "A fenced script can be valid JavaScript, tagged templates, and then fails at run time."},
                          Scope::file,
                          check};

}  // namespace spawnai::validate::rules
