#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::page || !file.facts.page.has_document) continue;
        const std::string_view body = trim(file.text());
        if (!body.empty() && body.front() != '<')
            judge.block(&file, 0, "text stands before the page",
                        "begin the file with <!DOCTYPE html>, without any explanation");
        const std::string low = ascii_lower(body);
        const std::size_t end = low.rfind("</html>");
        if (end == std::string::npos) continue;
        const std::string_view after = trim(std::string_view(low).substr(end + 7));
        // Scripts and comments do occur there; sentences do not.
        if (after.empty() || after.front() == '<') continue;
        judge.block(&file, file.text().size() - 1, "text stands after the page",
                    "end the file with </html>, without any explanation");
    }
}

}  // namespace

const Rule prose{{"prose", Severity::block, "text",
                  "Sentences before or after a page. They are taken off first where the page is whole.",
                  "The visitor would see the explanation that was meant for somebody else."},
                 Scope::file,
                 check};

}  // namespace spawnai::validate::rules
