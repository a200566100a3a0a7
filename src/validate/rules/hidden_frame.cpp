#include "helpers.hpp"

#include <cstdlib>

namespace spawnai::validate::rules {
namespace {

double opacity_of(const std::string& style) {
    const std::size_t at = style.find("opacity:");
    if (at == std::string::npos) return 1.0;
    return std::strtod(style.c_str() + at + 8, nullptr);
}

bool has_class_opacity(const FileView& file) {
    // A rule for iframes that makes them invisible and puts them on top.
    for (const Located& style : file.facts.page.styles)
        for (std::size_t at = style.text.find("iframe"); at != std::string::npos;
             at = style.text.find("iframe", at + 6)) {
            const std::size_t open = style.text.find('{', at);
            const std::size_t close = open == std::string::npos ? open : style.text.find('}', open);
            if (close == std::string::npos) break;
            std::string rule;
            for (const char c : style.text.substr(open, close - open))
                if (c != ' ' && c != '\n' && c != '\t') rule.push_back(c);
            if (opacity_of(rule) < 0.06 && contains(rule, "opacity:") && contains_any(rule, {"absolute", "fixed"}))
                return true;
        }
    return false;
}

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files)
        for (const Element& frame : file.facts.page.frames) {
            if (!is_external(frame.url)) continue;
            std::string style;
            for (const char c : frame.style)
                if (c != ' ') style.push_back(c);
            const bool on_top = contains_any(style, {"absolute", "fixed", "z-index"});
            const bool invisible = opacity_of(style) < 0.06 && contains(style, "opacity:");
            if ((invisible && on_top) || has_class_opacity(file))
                judge.block(&file, frame.offset, "an invisible frame of " + host_of(frame.url) + " lies over the page",
                            "show the frame, or leave it out: clicks would go to another site");
        }
}

}  // namespace

const Rule hidden_frame{
    {"hidden-frame", Severity::block, "harm", "A transparent frame of another site that lies over the page.",
     "The visitor clicks on one thing and presses another. Frames that are merely hidden or small are fine."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
