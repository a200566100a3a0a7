#include "app_view.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::validate {
namespace {

/// More findings of one rule in one file tell nobody anything new.
constexpr std::size_t k_most_of_a_kind = 5;
constexpr std::size_t k_most_calls = 200;

std::string one_text(std::string_view text) {
    std::string out = one_line(text, 400);
    return out;
}

}  // namespace

FileKind kind_of(std::string_view path) noexcept {
    const std::size_t dot = path.rfind('.');
    if (dot == std::string_view::npos) return FileKind::other;
    const std::string extension = ascii_lower(path.substr(dot + 1));
    if (extension == "html" || extension == "htm") return FileKind::page;
    if (extension == "js" || extension == "mjs" || extension == "cjs") return FileKind::javascript;
    if (extension == "py") return FileKind::python;
    if (extension == "json") return FileKind::json;
    if (extension == "css") return FileKind::style;
    return FileKind::other;
}

const FileView* AppView::find(std::string_view path) const noexcept {
    const auto found =
        std::find_if(files.begin(), files.end(), [&](const FileView& view) { return view.path() == path; });
    return found == files.end() ? nullptr : &*found;
}

bool AppView::has_python() const noexcept {
    const FileView* main = entry();
    if (main != nullptr) return main->kind == FileKind::python;
    return std::any_of(files.begin(), files.end(), [](const FileView& view) { return view.kind == FileKind::python; });
}

std::pair<int, int> Judge::place(const FileView& file, std::size_t offset) {
    const std::string_view text = file.text();
    std::vector<std::size_t>& starts = line_starts_[&file];
    if (starts.empty()) {
        starts.push_back(0);
        for (std::size_t at = text.find('\n'); at != std::string_view::npos; at = text.find('\n', at + 1))
            starts.push_back(at + 1);
    }
    offset = std::min(offset, text.size());
    const auto next = std::upper_bound(starts.begin(), starts.end(), offset);
    int column = 1;
    for (const char c : text.substr(*(next - 1), offset - *(next - 1)))
        if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++column;
    return {static_cast<int>(next - starts.begin()), column};
}

void Judge::add(Severity severity, const FileView* file, std::size_t offset, std::string message, std::string hint,
                bool mendable) {
    // A file that is made to have one fault a thousand times is not located a thousand times.
    if (++calls_[{rule_, file, severity}] > k_most_calls) return;
    Finding finding;
    finding.rule = std::string(rule_);
    finding.severity = severity;
    finding.message = one_text(message);
    finding.hint = one_text(hint);
    finding.mendable = mendable;
    if (file != nullptr) {
        finding.file = file->path();
        if (offset != k_nowhere) std::tie(finding.line, finding.column) = place(*file, offset);
    }
    std::size_t alike = 0;
    for (const Finding& other : report_.findings) {
        if (other.rule != finding.rule || other.file != finding.file) continue;
        if (other.line == finding.line && other.message == finding.message) return;
        ++alike;
    }
    if (alike >= k_most_of_a_kind && severity != Severity::block) return;
    if (alike >= 2 * k_most_of_a_kind) return;
    report_.findings.push_back(std::move(finding));
}

void Judge::mend(const FileView* file, std::size_t offset, std::string message, std::string hint, Mend mend) {
    if (!mend_) {
        add(Severity::block, file, offset, std::move(message), std::move(hint) + "; spawn mends this by itself", true);
        return;
    }
    note(file, offset, std::move(message) + " (mended)", std::move(hint));
    mends_.push_back(std::move(mend));
}

}  // namespace spawnai::validate
