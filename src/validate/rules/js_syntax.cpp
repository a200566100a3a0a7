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

/// Whether the code of an attribute ends where more has to come: go(, f('x', {, a +
bool ends_early(const FileView& file, const Syntax& syntax) {
    for (const Located& handler : file.facts.page.handlers) {
        if (handler.offset != syntax.begin) continue;
        const std::string_view code = std::string_view(handler.text).substr(handler.text.find('=') + 1);
        if (contains_any(code, {"{{", "{%", "<%", "${"})) return false;
        int open = 0;
        char quote = 0;
        for (std::size_t at = 0; at < code.size(); ++at) {
            const char c = code[at];
            if (quote != 0) {
                if (c == '\\')
                    ++at;
                else if (c == quote)
                    quote = 0;
            } else if (c == '"' || c == '\'' || c == '`') {
                quote = c;
            } else if (c == '(' || c == '[' || c == '{') {
                ++open;
            } else if (c == ')' || c == ']' || c == '}') {
                --open;
            }
        }
        // The texts of handlers are kept up to 200 characters.
        return code.size() < 200 && (open != 0 || quote != 0);
    }
    return false;
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
            // A broken attribute costs one control, not the page. One that was written for a template engine of the page is no
            // JavaScript at all; one that breaks off is what a cut or a missing quote leaves.
            const bool cut = attribute && ends_early(file, syntax);
            if (attribute && !cut)
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
