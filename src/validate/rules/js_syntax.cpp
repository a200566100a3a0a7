#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

/// What the text seems to be, when it is not JavaScript.
std::string guess(std::string_view text) {
    for (const std::string_view line : split_lines(text.substr(0, 6000))) {
        const std::string_view one = trim(line);
        if (starts_with(one, "interface ") || starts_with(one, "type ") || contains(one, ": string") ||
            contains(one, ": number") || contains(one, " as const"))
            return "this looks like TypeScript: write plain JavaScript";
        if (starts_with(one, "return <") || contains(one, "return (<") || contains(one, "=> <"))
            return "this looks like JSX: write plain JavaScript";
        if ((starts_with(one, "def ") && ends_with(one, ":")) || starts_with(one, "elif ") ||
            (starts_with(one, "from ") && contains(one, " import ")))
            return "this looks like Python: write JavaScript, or name the file .py";
    }
    return {};
}

bool is_cut(const FileView& file, const Syntax& syntax) {
    return trim(std::string_view(file.text()).substr(std::min(syntax.offset, file.text().size()))).empty();
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind == FileKind::python) continue;
        for (const Syntax& syntax : file.facts.code.syntax) {
            if (syntax.status != "broken") continue;
            const bool attribute = file.kind == FileKind::page && syntax.goal == "function";
            std::string hint = guess(std::string_view(file.text()).substr(std::min(syntax.begin, file.text().size())));
            if (hint.empty() && is_cut(file, syntax))
                hint = "the file ends in the middle of the code: give it complete, to its end";
            if (hint.empty())
                hint =
                    "correct the syntax at this place and check the lines around it for a missing bracket, quote or "
                    "comma";
            const std::string what =
                std::string(attribute ? "an event attribute" : "the code") + " does not parse: " + syntax.message;
            // A broken attribute costs one control, not the page.
            if (attribute)
                judge.warn(&file, syntax.begin, what, hint);
            else
                judge.block(&file, syntax.offset, what, hint);
        }
    }
}

}  // namespace

const Rule js_syntax{{"js-syntax", Severity::block, "text",
                      "JavaScript that does not parse: files, scripts of pages; event attributes are a warning.",
                      "One error stops the whole script before its first line runs."},
                     Scope::file,
                     check};

}  // namespace spawnai::validate::rules
