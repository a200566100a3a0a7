#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::webapp) return;
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        if (!page.parsed) continue;
        const bool bare = trim(page.text).size() < 200 && page.fields.empty();
        const auto leads_away = [&](std::size_t offset, const std::string& url) {
            const std::string message = "the page sends its visitor to " + host_of(url) + " at once";
            const std::string hint = "show the app itself; let the visitor follow a link";
            if (bare)
                judge.block(&file, offset, message, hint);
            else
                judge.warn(&file, offset, message, hint);
        };
        for (const Element& meta : page.metas) {
            const std::size_t at = ascii_lower(meta.url).find("url=");
            if (at == std::string::npos) continue;
            std::string url(trim(std::string_view(meta.url).substr(at + 4)));
            if (!url.empty() && (url[0] == '\'' || url[0] == '"')) url.erase(0, 1);
            if (is_external(url)) leads_away(meta.offset, url);
        }
        for (const Event& event : file.facts.code.events)
            if (event.act == Act::navigate && event.at_load && !event.guarded && is_external(event.target.text))
                leads_away(event.offset, event.target.text);
    }
}

}  // namespace

const Rule page_redirect{
    {"page-redirect", Severity::block, "page",
     "A page that leads to another site as soon as it is loaded; a warning when it has content of its own.",
     "The URL would not show the app that was asked for."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
