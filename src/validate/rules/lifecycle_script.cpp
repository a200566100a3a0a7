#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    const FileView* file = app.find("package.json");
    if (file == nullptr || !app.package || !app.package->is_object() || !app.package->contains("scripts") ||
        !(*app.package)["scripts"].is_object())
        return;
    for (const auto& [name, command] : (*app.package)["scripts"].items()) {
        if (!is_one_of(name, {"preinstall", "install", "postinstall", "prepare", "preprepare", "postprepare",
                              "prepublish", "preuninstall", "postuninstall", "dependencies"}))
            continue;
        const std::size_t at = file->text().find("\"" + name + "\"");
        if (command.is_string() &&
            is_one_of(command.get<std::string>(), {"", "husky", "husky install", "exit 0", "true"})) {
            judge.warn(file, at, "package.json has a \"" + name + "\" script", "remove it: nothing needs it here");
            continue;
        }
        judge.block(file, at, "package.json runs a command while it is installed (\"" + name + "\")",
                    "remove the script; put what the server needs into its own code");
    }
}

}  // namespace

const Rule lifecycle_script{
    {"lifecycle-script", Severity::block, "harm",
     "preinstall, install, postinstall, prepare and their kin in package.json.",
     "They run before anybody looked at the server, and are the usual way in for malicious packages."},
    Scope::app,
    check};

}  // namespace spawnai::validate::rules
