#include "findings_view.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/validate/report_json.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

std::string finding_text(const validate::Finding& finding, const Terminal& terminal) {
    constexpr std::size_t k_longest = 500;
    std::string place = finding.file;
    if (finding.line > 0) place += fmt::format(":{}", finding.line);
    if (finding.line > 0 && finding.column > 0) place += fmt::format(":{}", finding.column);
    if (!place.empty()) place += ": ";
    const Style style = finding.severity == validate::Severity::block  ? Style::red
                        : finding.severity == validate::Severity::warn ? Style::yellow
                                                                       : Style::dim;
    std::string text = fmt::format("{}{}: {} [{}]\n", terminal.out_styled(Style::bold, one_line(place, k_longest)),
                                   terminal.out_styled(style, to_string(finding.severity)),
                                   one_line(finding.message, k_longest), finding.rule);
    if (!finding.hint.empty()) text += "    " + one_line(finding.hint, k_longest) + "\n";
    return text;
}

}  // namespace spawnai::cli
