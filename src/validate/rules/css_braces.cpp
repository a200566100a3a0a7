#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

/// Braces left open, minus those closed too often; strings and comments are skipped.
int balance(std::string_view css) {
    int depth = 0;
    for (std::size_t at = 0; at < css.size(); ++at) {
        const char c = css[at];
        if (c == '/' && at + 1 < css.size() && css[at + 1] == '*') {
            const std::size_t end = css.find("*/", at + 2);
            if (end == std::string_view::npos) return depth + 1;
            at = end + 1;
        } else if (c == '"' || c == '\'') {
            std::size_t end = at + 1;
            while (end < css.size() && css[end] != c && css[end] != '\n') end += css[end] == '\\' ? 2U : 1U;
            at = end;
        } else if (c == '\\') {
            ++at;
        } else if (c == '{') {
            ++depth;
        } else if (c == '}') {
            --depth;
        }
    }
    return depth;
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const auto look = [&](std::string_view css, std::size_t offset) {
            const int left = balance(css);
            if (left != 0)
                judge.warn(&file, offset,
                           left > 0 ? "a brace of the style sheet is never closed"
                                    : "the style sheet closes more braces than it opens",
                           "balance the braces of the style sheet");
        };
        if (file.kind == FileKind::style) look(file.text(), 0);
        for (const Located& style : file.facts.page.styles) look(style.text, style.offset);
    }
}

}  // namespace

const Rule css_braces{{"css-braces", Severity::warn, "text", "Style sheets whose braces or comments do not close.",
                       "Browsers recover, but drop rules: the page works and looks wrong."},
                      Scope::file,
                      check};

}  // namespace spawnai::validate::rules
