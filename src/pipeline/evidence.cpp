#include "evidence.hpp"

#include <spawnai/core/text.hpp>

#include <fmt/format.h>

namespace spawnai::pipeline {
namespace {

constexpr std::size_t k_detail_for_model = 6000;  // bytes: enough for any stack trace, little enough to be cheap
constexpr std::size_t k_lines_for_user = 20;

}  // namespace

std::string Evidence::for_model() const {
    std::string_view end = detail;
    if (end.size() > k_detail_for_model) end.remove_prefix(end.size() - k_detail_for_model);
    const std::string text = sanitize_for_terminal(end);
    return text.empty() ? what : fmt::format("{}\n\n{}", what, text);
}

Error Evidence::as_error(const std::string& hint) const {
    return Error(kind, what, hint, std::string(last_lines(detail, k_lines_for_user)));
}

Evidence evidence_of(const validate::Report& report) {
    Evidence evidence;
    evidence.kind = ErrorKind::refused;
    int count = 0;
    for (const validate::Finding& finding : report.findings) {
        if (finding.severity != validate::Severity::block) continue;
        ++count;
        const std::string where = finding.file.empty() ? std::string()
                                  : finding.line > 0   ? fmt::format("{}:{}: ", finding.file, finding.line)
                                                       : finding.file + ": ";
        evidence.detail += fmt::format("{}{} [{}]{}{}\n", where, finding.message, finding.rule,
                                       finding.hint.empty() ? "" : "; ", finding.hint);
        if (count == 1) evidence.what = fmt::format("the app was refused: {}{}", where, finding.message);
    }
    if (count > 1) evidence.what += fmt::format(" (and {} more)", count - 1);
    return evidence;
}

}  // namespace spawnai::pipeline
