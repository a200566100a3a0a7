#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        const std::size_t slash = file.path().rfind('/');
        const std::string name = slash == std::string::npos ? file.path() : file.path().substr(slash + 1);
        // package.json has a rule of its own; these two allow comments.
        if (file.kind != FileKind::json || file.path() == "package.json" || name == "tsconfig.json" ||
            name == "jsconfig.json")
            continue;
        if (nlohmann::json::accept(trim(file.text()))) continue;
        bool used = false;
        for (const FileView& other : app.files)
            for (const Import& import : other.facts.code.imports) used = used || ends_with(import.module, "/" + name);
        if (used)
            judge.block(&file, Judge::k_nowhere, "the file is not valid JSON, and the code loads it",
                        "correct the JSON: quotes, commas, brackets");
        else
            judge.warn(&file, Judge::k_nowhere, "the file is not valid JSON",
                       "correct the JSON: quotes, commas, brackets");
    }
}

}  // namespace

const Rule json_syntax{{"json-syntax", Severity::block, "text",
                        "JSON files that do not parse: an error when code loads them, else a warning.",
                        "Loading such a file ends the program."},
                       Scope::app,
                       check};

}  // namespace spawnai::validate::rules
