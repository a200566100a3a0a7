#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool is_font_host(std::string_view url) {
    return contains_any(host_of(url), {"fonts.googleapis.com", "fonts.gstatic.com", "use.typekit.net",
                                       "fonts.bunny.net", "rsms.me", "fonts."});
}

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::webapp) return;
    for (const FileView& file : app.files) {
        const auto report = [&](std::string_view what, const std::string& url, std::size_t offset) {
            const std::string message = std::string(what) + " is loaded from " + host_of(url);
            const std::string hint = "the page works only while that server answers; put the code into the page itself";
            if (app.offline && !is_font_host(url))
                judge.block(&file, offset, message + ", and the network is off by policy", hint);
            else
                judge.warn(&file, offset, message, hint);
        };
        for (const Element& script : file.facts.page.scripts)
            if (is_external(script.url)) report("a script", script.url, script.offset);
        for (const Element& link : file.facts.page.links)
            if (has_word(link.type, "stylesheet") && is_external(link.url))
                report(is_font_host(link.url) ? "a web font" : "a style sheet", link.url, link.offset);
        for (const Import& import : file.facts.code.imports)
            if (is_external(import.module)) report("a module", import.module, import.offset);
        for (const Located& style : file.facts.page.styles)
            for (std::size_t at = style.text.find("@import"); at != std::string::npos;
                 at = style.text.find("@import", at + 7)) {
                const std::size_t url = style.text.find_first_of("h/", at + 7);
                const std::size_t end = style.text.find_first_of("\"');", url);
                if (url == std::string::npos || end == std::string::npos) break;
                const std::string address = style.text.substr(url, end - url);
                if (is_external(address))
                    report(is_font_host(address) ? "a web font" : "a style sheet", address, style.offset + at);
            }
    }
}

}  // namespace

const Rule page_external{
    {"page-external", Severity::block, "page",
     "Scripts, style sheets and modules from other servers. A warning; an error only when the network is off by "
     "policy.",
     "The visitor's browser loads them, so they usually work, but the page is no longer self-contained."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
