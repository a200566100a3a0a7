#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const PageFacts& page = file.facts.page;
        if (!page.parsed || page.closes_body || page.open_blocks.empty() || !page.unclosed.empty()) continue;
        judge.block(&file, page.open_blocks.back().offset,
                    "the page ends with <" + page.open_blocks.back().text + "> and its body still open",
                    "the page seems to be cut off: give it complete, to </html>");
    }
}

}  // namespace

const Rule page_truncated{{"page-truncated", Severity::block, "page",
                           "A page without </body> and </html> that ends inside a block such as <div> or <table>.",
                           "It was cut off. A missing </html> alone is fine."},
                          Scope::file,
                          check};

}  // namespace spawnai::validate::rules
