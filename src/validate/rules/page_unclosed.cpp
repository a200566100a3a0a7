#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files)
        for (const Located& one : file.facts.page.unclosed) {
            const std::string what = one.text == "tag"       ? "the page ends inside a tag"
                                     : one.text == "comment" ? "a comment is never closed"
                                                             : "<" + one.text + "> is never closed";
            judge.block(&file, one.offset, what, "the page seems to be cut off: give it complete, to </html>");
        }
}

}  // namespace

const Rule page_unclosed{{"page-unclosed", Severity::block, "page",
                          "A script, style, title, textarea, comment or tag that the end of the file cuts off.",
                          "Everything after it is swallowed. No complete page has that; other parse errors are common "
                          "in good ones and do not count."},
                         Scope::file,
                         check};

}  // namespace spawnai::validate::rules
