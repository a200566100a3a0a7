#include "../json_limits.hpp"
#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    for (const FileView& file : app.files) {
        if (file.kind != FileKind::page && file.kind != FileKind::javascript && file.kind != FileKind::python) continue;
        const std::string_view body = trim(file.text());
        if (body.empty() || (body.front() != '{' && body.front() != '[') || !within_json_limits(body)) continue;
        const auto value = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
        // A script may well consist of a list; an object with texts in it is an envelope.
        if (!value.is_object() && !(value.is_array() && !value.empty() && value[0].is_object())) continue;
        judge.block(&file, Judge::k_nowhere, "the code is wrapped in JSON",
                    "give the file's content itself, not a JSON object that holds it");
    }
}

}  // namespace

const Rule json_wrapper{{"json-wrapper", Severity::block, "text",
                         "A JSON object in place of code. One whose only text is the file is unwrapped first.",
                         "Nothing runs a JSON object."},
                        Scope::file,
                        check};

}  // namespace spawnai::validate::rules
