#include "app_view.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::validate {
namespace {

/// More findings of one rule in one file tell nobody anything new.
constexpr std::size_t k_most_of_a_kind = 5;

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

void Judge::add(Severity severity, const FileView* file, std::size_t offset, std::string message, std::string hint) {
    Finding finding;
    finding.rule = std::string(rule_);
    finding.severity = severity;
    finding.message = one_text(message);
    finding.hint = one_text(hint);
    if (file != nullptr) {
        finding.file = file->path();
        if (offset != k_nowhere) {
            const std::string_view before =
                std::string_view(file->text()).substr(0, std::min(offset, file->text().size()));
            const std::size_t newline = before.rfind('\n');
            finding.line = 1 + static_cast<int>(std::count(before.begin(), before.end(), '\n'));
            std::string_view line = newline == std::string_view::npos ? before : before.substr(newline + 1);
            finding.column = 1;
            for (const char c : line)
                if ((static_cast<unsigned char>(c) & 0xC0U) != 0x80U) ++finding.column;
        }
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
        block(file, offset, std::move(message), std::move(hint));
        return;
    }
    note(file, offset, std::move(message) + " (mended)", std::move(hint));
    mends_.push_back(std::move(mend));
}

}  // namespace spawnai::validate
