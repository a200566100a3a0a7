#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files)
        if (const std::string why = check_relative_path(file.path()); !why.empty())
            judge.block(&file, Judge::k_nowhere, "the path cannot be used: " + why,
                        "use a relative path such as index.html or src/app.js");
}

}  // namespace

const Rule path{{"path", Severity::block, "text",
                 "File names that are absolute, lead out of the app's directory, or hold control characters.",
                 "A file must land in the app's directory and nowhere else."},
                Scope::file,
                check};

}  // namespace spawnai::validate::rules
