#include <spawnai/core/text.hpp>
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
    return "note";
}

nlohmann::json to_json(const Report& report) {
    nlohmann::json findings = nlohmann::json::array();
    const auto number = [](int value) { return value > 0 ? nlohmann::json(value) : nlohmann::json(nullptr); };
    for (const Finding& finding : report.findings)
        findings.push_back({{"code", finding.rule},
                            {"severity", to_string(finding.severity)},
                            {"file", finding.file.empty() ? nlohmann::json(nullptr)
                                                          : nlohmann::json(sanitize_for_terminal(finding.file))},
                            {"line", number(finding.line)},
                            {"column", number(finding.column)},
                            {"message", sanitize_for_terminal(finding.message)},
                            {"hint", sanitize_for_terminal(finding.hint)},
                            {"mendable", finding.mendable}});
    return {{"accepted", report.accepted()}, {"mendable", report.mendable()}, {"findings", std::move(findings)}};
}

}  // namespace spawnai::validate
