#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    if (!app.whole || app.files.empty()) return;
    if (app.entry() != nullptr) return;
    const std::string wanted = !app.app->entry.empty()      ? app.app->entry
                               : app.type() == AppType::api ? "server.js"
                                                            : "index.html";
    judge.block(nullptr, Judge::k_nowhere, "the main file " + show(wanted) + " is missing",
                "add " + wanted + " with the complete code");
}

}  // namespace

const Rule entry_missing{
    {"entry-missing", Severity::block, "api",
     "An app without its main file: server.js or server.py of an api, what package.json starts, the page, the script.",
     "There is nothing to start."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
