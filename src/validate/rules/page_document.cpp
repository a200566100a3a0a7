#include "helpers.hpp"

#include <spawnai/core/text.hpp>

#include <cctype>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.type() != AppType::webapp) return;
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::page || !file.facts.page.parsed || trim(file.text()).empty()) continue;
        const PageFacts& page = file.facts.page;
        const std::string_view body = trim(file.text());
        // A fragment may begin with any element; a page in words is another rule's.
        const bool tag = body.size() > 2 && body.front() == '<' &&
                         (std::isalpha(static_cast<unsigned char>(body[1])) != 0 || body[1] == '!' || body[1] == '?');
        const bool markup = tag || page.has_document;
        if (!markup) {
            judge.block(&file, 0, "the file is not an HTML page",
                        "give one complete page that begins with <!DOCTYPE html>");
            continue;
        }
        if (!page.has_content)
            judge.block(&file, Judge::k_nowhere, "the page is empty: its body shows nothing and no script fills it",
                        "write the page's content");
    }
}

}  // namespace

const Rule page_document{{"page-document", Severity::block, "page",
                          "A web app whose file is no HTML, or a page with neither content nor script.",
                          "The visitor would see a blank page."},
                         Scope::file,
                         check};

}  // namespace spawnai::validate::rules
