#include "mend.hpp"

#include "json_limits.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <map>

namespace spawnai::validate {
namespace {

bool is_fence(std::string_view line) {
    return trim(line).substr(0, 3) == "```" || trim(line).substr(0, 3) == "~~~";
}

/// The inside of the one fenced block that holds the file; empty when there is none, or more than one.
std::string unfence(FileKind kind, std::string_view text) {
    std::vector<std::pair<std::size_t, std::size_t>> fences;  // offset of the line, offset after it
    std::size_t at = 0;
    for (const std::string_view line : split_lines(text)) {
        const std::size_t after = std::min(at + line.size() + 1, text.size());
        if (is_fence(line) && line.find_first_not_of(" \t") <= 3) fences.emplace_back(at, after);
        at += line.size() + 1;
    }
    if (fences.empty() || fences.size() > 2) return {};
    const std::string_view before = trim(text.substr(0, fences.front().first));
    const std::string_view after = fences.size() == 2 ? trim(text.substr(fences.back().second)) : std::string_view{};
    // A page, a script or JSON before the fence is the file itself, with a fence somewhere inside.
    if (!before.empty() && (before.front() == '<' || before.front() == '{' || before.size() > 600)) return {};
    if (kind != FileKind::page && !before.empty() && before.find_first_of(";{}=()") != std::string_view::npos)
        return {};
    if (!after.empty() && (after.size() > 1500 || after.find_first_of("{}<;") != std::string_view::npos)) return {};
    const std::size_t end = fences.size() == 2 ? fences.back().first : text.size();
    if (fences.size() == 1 && !before.empty()) return {};
    std::string inside(text.substr(fences.front().second, end - fences.front().second));
    return trim(inside).empty() ? std::string() : inside;
}

/// A page within prose.
std::string unwrap_page(std::string_view text) {
    const std::string low = ascii_lower(text);
    std::size_t begin = low.find("<!doctype html");
    if (begin == std::string::npos) begin = low.find("<html");
    const std::size_t close = low.rfind("</html>");
    if (begin == std::string::npos || close == std::string::npos || close < begin) return {};
    const std::size_t end = close + 7;
    const std::string_view before = trim(text.substr(0, begin));
    const std::string_view after = trim(text.substr(end));
    const bool prose_before = !before.empty() && before.front() != '<';
    const bool prose_after = !after.empty() && after.front() != '<';
    if (!prose_before && !prose_after) return {};
    // A patch or an envelope is no prose.
    for (const std::string_view opening : {"{", "[", "--- ", "+++ ", "diff ", "@@", "***"})
        if (before.substr(0, opening.size()) == opening) return {};
    if (before.find('<') != std::string_view::npos || after.find('<') != std::string_view::npos) return {};
    return std::string(text.substr(begin, end - begin)) + "\n";
}

/// {"html": "<!DOCTYPE ..."} and the like.
std::string unwrap_json(FileKind kind, std::string_view text) {
    const std::string_view body = trim(text);
    if (body.empty() || body.front() != '{' || !within_json_limits(body)) return {};
    const auto value = nlohmann::json::parse(body.begin(), body.end(), nullptr, false);
    if (!value.is_object()) return {};
    std::string found;
    for (const auto& [name, one] : value.items()) {
        if (!one.is_string()) {
            if (one.is_structured()) return {};
            continue;
        }
        const std::string content = one.get<std::string>();
        const bool named = name == "html" || name == "code" || name == "content" || name == "file" ||
                           name == "source" || name == "index.html" || name == "script" || name == "server.js";
        if (!named || content.size() < 40) continue;
        if (kind == FileKind::page && trim(content).substr(0, 1) != "<") continue;
        if (!found.empty()) return {};
        found = content;
    }
    return found;
}

}  // namespace

std::vector<TextMend> mend_text(FileKind kind, std::string& content) {
    std::vector<TextMend> made;
    if (content.compare(0, 3, "\xEF\xBB\xBF") == 0) {
        content.erase(0, 3);
        made.push_back(
            {"byte-order-mark", "a byte order mark stands before the file", "write plain UTF-8 without a mark"});
    }
    if (kind == FileKind::other) return made;
    if (kind == FileKind::page || kind == FileKind::javascript || kind == FileKind::python) {
        if (std::string inside = unwrap_json(kind, content); !inside.empty()) {
            content = std::move(inside);
            made.push_back({"json-wrapper", "the code is wrapped in JSON", "give the file's content itself"});
        }
    }
    if (std::string inside = unfence(kind, content); !inside.empty()) {
        content = std::move(inside);
        made.push_back(
            {"markdown-fence", "a markdown fence stands around the code", "give the code alone, without ``` lines"});
    }
    if (kind == FileKind::page)
        if (std::string page = unwrap_page(content); !page.empty()) {
            content = std::move(page);
            made.push_back({"prose", "text stands around the page", "give the page alone, without any explanation"});
        }
    return made;
}

void apply(const std::vector<Mend>& mends, GeneratedApp& app) {
    std::map<std::string, std::vector<TextEdit>> edits;
    std::string requirements;
    nlohmann::ordered_json package;
    bool package_changed = false;
    if (const GeneratedFile* file = app.find("package.json"))
        package = nlohmann::ordered_json::parse(file->content, nullptr, false);
    if (!package.is_object()) package = nlohmann::ordered_json::object({{"name", "app"}, {"version", "1.0.0"}});
    for (const Mend& mend : mends) {
        for (const TextEdit& edit : mend.edits) edits[edit.file].push_back(edit);
        if (mend.package) {
            mend.package(package);
            package_changed = true;
        }
        if (!mend.requirement.empty()) requirements += mend.requirement + "\n";
        if (mend.port != 0) app.port = mend.port;
    }
    const auto file_at = [&](const std::string& path) -> GeneratedFile& {
        for (GeneratedFile& file : app.files)
            if (file.path == path) return file;
        app.files.push_back({path, "", false});
        return app.files.back();
    };
    for (auto& [path, list] : edits) {
        // From the end, so that the offsets of the others stay true.
        std::sort(list.begin(), list.end(),
                  [](const TextEdit& left, const TextEdit& right) { return left.offset > right.offset; });
        std::string& content = file_at(path).content;
        std::size_t limit = content.size();
        for (const TextEdit& edit : list) {
            if (edit.offset + edit.length > limit) continue;  // the same place twice
            content.replace(edit.offset, edit.length, edit.replacement);
            limit = edit.offset;
        }
    }
    if (package_changed) file_at("package.json").content = package.dump(2) + "\n";
    if (!requirements.empty()) {
        std::string& content = file_at("requirements.txt").content;
        if (!content.empty() && content.back() != '\n') content += '\n';
        content += requirements;
    }
}

}  // namespace spawnai::validate
