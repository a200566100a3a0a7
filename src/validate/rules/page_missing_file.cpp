#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// The app's file that a relative URL of `page` names, as a path; empty when the URL is none of ours.
std::string path_of(const FileView& page, std::string_view url) {
    if (url.empty() || url[0] == '#' || starts_with(url, "//") ||
        contains(url.substr(0, url.find_first_of("/?#")), ":"))
        return {};
    url = url.substr(0, url.find_first_of("?#"));
    std::string path;
    if (!url.empty() && url[0] == '/') {
        path = std::string(url.substr(1));
    } else {
        const std::size_t slash = page.path().rfind('/');
        path = (slash == std::string::npos ? "" : page.path().substr(0, slash + 1)) + std::string(url);
    }
    std::vector<std::string> parts;
    std::size_t begin = 0;
    while (begin <= path.size()) {
        std::size_t end = path.find('/', begin);
        if (end == std::string::npos) end = path.size();
        const std::string part = path.substr(begin, end - begin);
        if (part == "..") {
            if (!parts.empty()) parts.pop_back();
        } else if (!part.empty() && part != ".") {
            parts.push_back(part);
        }
        begin = end + 1;
    }
    std::string out;
    for (const std::string& part : parts) out += (out.empty() ? "" : "/") + part;
    return out;
}

/// The address of each @import at the beginning of a style sheet, where alone it works, and its place.
std::vector<Located> imports_of(std::string_view css) {
    std::vector<Located> found;
    for (std::size_t at = 0; at < css.size();) {
        if (std::isspace(static_cast<unsigned char>(css[at])) != 0) {
            ++at;
        } else if (css.substr(at, 2) == "/*" || css.substr(at, 4) == "<!--") {
            const std::size_t end = css.find(css[at] == '/' ? "*/" : "\n", at + 2);
            if (end == std::string_view::npos) break;
            at = end + (css[at] == '/' ? 2U : 1U);
        } else if (css[at] == '@') {
            const std::size_t end = css.find_first_of(";{", at);
            if (end == std::string_view::npos || css[end] == '{') break;
            if (ascii_lower(css.substr(at, 7)) == "@import") {
                std::string_view url = trim(css.substr(at + 7, end - at - 7));
                if (ascii_lower(url.substr(0, 4)) == "url(") url = trim(url.substr(4, url.find(')') - 4));
                if (!url.empty() && (url.front() == '"' || url.front() == '\''))
                    url = url.substr(1, url.find(url.front(), 1) - 1);
                found.push_back({std::string(url), at});
            }
            at = end + 1;
        } else {
            break;
        }
    }
    return found;
}

void check(const AppView& app, Judge& judge) {
    // What a server of its own serves under which address is not known here.
    if (app.type() != AppType::webapp) return;
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        if (!page.parsed || page.has_base) continue;
        const auto missing = [&](std::string_view url) {
            const std::string path = path_of(file, url);
            return !path.empty() && app.find(path) == nullptr;
        };
        for (const Element& script : page.scripts)
            if (missing(script.url))
                judge.block(&file, script.offset, "the script " + show(script.url) + " is not part of the app",
                            "put the script into the page itself");
        for (const Element& link : page.links) {
            const bool style = has_word(link.type, "stylesheet") && !has_word(link.type, "alternate");
            const bool module = has_word(link.type, "modulepreload");
            if (!style && !module) continue;
            if (missing(link.url))
                judge.block(&file, link.offset, "the style sheet " + show(link.url) + " is not part of the app",
                            "put the styles into the page itself");
        }
        for (const Located& style : page.styles)
            for (const Located& import : imports_of(style.text))
                if (missing(import.text))
                    judge.block(&file, style.offset + import.offset,
                                "the style sheet " + show(import.text) + " is not part of the app",
                                "put the styles into the page itself");
        for (const Element& media : page.media)
            if (missing(media.url))
                judge.warn(&file, media.offset, "the file " + show(media.url) + " is not part of the app",
                           "draw it with SVG, CSS or a data: URL");
        for (const Import& import : file.facts.code.imports)
            if ((starts_with(import.module, "./") || starts_with(import.module, "../") ||
                 starts_with(import.module, "/")) &&
                missing(import.module)) {
                if (import.guarded || import.kind == "dynamic")
                    judge.warn(&file, import.offset, "the module " + show(import.module) + " is not part of the app",
                               "put its code into the page itself");
                else
                    judge.block(&file, import.offset, "the module " + show(import.module) + " is not part of the app",
                                "put its code into the page itself");
            }
    }
}

}  // namespace

const Rule page_missing_file{{"page-missing-file", Severity::block, "page",
                              "A script, style sheet or module by a relative URL that no file of the app has; for "
                              "pictures and sounds a warning.",
                              "A web app is one self-contained page: there is nothing else to load it from."},
                             Scope::app,
                             check};

}  // namespace spawnai::validate::rules
