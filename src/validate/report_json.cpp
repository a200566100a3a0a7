#include <spawnai/validate/report_json.hpp>

#include <nlohmann/json.hpp>

namespace spawnai::validate {

std::string_view to_string(Severity severity) noexcept {
    switch (severity) {
        case Severity::block:
            return "block";
        case Severity::warn:
            return "warn";
        case Severity::note:
            return "note";
    }
    return {};
}

nlohmann::json to_json(const Report& report) {
    nlohmann::json findings = nlohmann::json::array();
    for (const Finding& finding : report.findings)
        findings.push_back({{"code", finding.rule},
                            {"severity", to_string(finding.severity)},
                            {"file", finding.file.empty() ? nlohmann::json() : nlohmann::json(finding.file)},
                            {"line", finding.line == 0 ? nlohmann::json() : nlohmann::json(finding.line)},
                            {"column", finding.column == 0 ? nlohmann::json() : nlohmann::json(finding.column)},
                            {"message", finding.message},
                            {"hint", finding.hint}});
    return {{"accepted", report.accepted()}, {"findings", findings}};
}

}  // namespace spawnai::validate
