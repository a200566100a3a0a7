#include <spawnai/core/text.hpp>
#include <spawnai/validate/validator.hpp>

namespace spawnai::validate {

Report check_file(const GeneratedFile& file, AppType /*type*/) {
    Report report;
    const auto block = [&](const char* rule, std::string message, std::string hint) {
        report.findings.push_back({rule, Severity::block, file.path, 0, 0, std::move(message), std::move(hint)});
    };
    if (std::string why = check_relative_path(file.path); !why.empty())
        block("path", "the path cannot be used: " + why, "use a relative path such as index.html or src/app.js");
    if (trim(file.content).empty()) block("empty", "the file is empty", "write its whole content");
    if (!is_valid_utf8(file.content))
        block("not-text", "the file is not valid UTF-8 text", "write the file as UTF-8 text");
    return report;
}

Report check_app(GeneratedApp& app, const CheckOptions& /*options*/) {
    Report report;
    for (const GeneratedFile& file : app.files) {
        Report one = check_file(file, app.type);
        report.findings.insert(report.findings.end(), one.findings.begin(), one.findings.end());
    }
    if (app.find(app.entry) == nullptr)
        report.findings.push_back({"entry", Severity::block, app.entry, 0, 0, "the app's main file is missing",
                                   "write the file that the manifest names as entry"});
    return report;
}

}  // namespace spawnai::validate
