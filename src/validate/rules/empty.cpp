#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (app.files.empty()) {
        judge.block(nullptr, Judge::k_nowhere, "the app has no files", "give the complete app, each file in full");
        return;
    }
    for (const FileView& file : app.files) {
        const bool matters = file.path() == app.app->entry || !app.whole;
        if (matters && trim(file.text()).empty())
            judge.block(&file, Judge::k_nowhere, "the file is empty", "give the complete content of " + file.path());
    }
}

}  // namespace

const Rule empty{{"empty", Severity::block, "text", "An app without files, or whose main file is blank.",
                  "Nothing can be deployed from it."},
                 Scope::file,
                 check};

}  // namespace spawnai::validate::rules
