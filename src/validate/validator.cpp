#include "checker_client.hpp"
#include "json_limits.hpp"
#include "mend.hpp"
#include "rules/rule.hpp"
#include "wire.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/validate/validator.hpp>

#include <algorithm>

namespace spawnai::validate {
namespace {

bool is_client_path(std::string_view path) {
    for (const std::string_view folder :
         {"public/", "static/", "www/", "client/", "frontend/", "dist/", "assets/", "views/"})
        if (path.substr(0, folder.size()) == folder || path.find("/" + std::string(folder)) != std::string_view::npos)
            return true;
    return false;
}

bool is_test_path(std::string_view path) {
    for (const std::string_view part : {".test.", ".spec.", "__tests__/", "test/", "tests/"})
        if (part.back() == '/'
                ? path.substr(0, part.size()) == part || path.find("/" + std::string(part)) != std::string_view::npos
                : path.find(part) != std::string_view::npos)
            return true;
    return false;
}

/// JavaScript is read by the goal that its name and package.json say, else by the one that fits.
char question_of(const FileView& file, const AppView& app) {
    if (file.kind == FileKind::page) return 'P';
    if (file.kind == FileKind::python) return 'Y';
    const std::string& path = file.path();
    const auto ends = [&](std::string_view suffix) {
        return path.size() > suffix.size() && path.compare(path.size() - suffix.size(), suffix.size(), suffix) == 0;
    };
    if (ends(".mjs")) return 'M';
    if (ends(".cjs")) return 'C';
    if (app.package && app.package->is_object() && app.package->contains("type") &&
        (*app.package)["type"] == "module" && !file.client)
        return 'M';
    return 'J';
}

void read_package(AppView& view) {
    const FileView* file = view.find("package.json");
    if (file == nullptr) return;
    // An ordered object is searched from its start for each new member; no package.json has so many.
    if (!within_json_limits(file->text(), 5000)) {
        view.package_error = "it is too large or too deep";
        return;
    }
    try {
        view.package = nlohmann::ordered_json::parse(file->text());
    } catch (const nlohmann::json::parse_error& error) {
        view.package_error = "unexpected text";
        view.package_error_at = error.byte > 0 ? error.byte - 1 : 0;
    } catch (const nlohmann::json::exception&) {
        view.package_error = "a number is out of range";
    }
}

AppView view_of(const GeneratedApp& app) {
    AppView view;
    view.app = &app;
    for (const GeneratedFile& file : app.files) {
        FileView one;
        one.file = &file;
        one.kind = kind_of(file.path);
        one.test = file.path != app.entry && is_test_path(file.path);
        one.client = app.type == AppType::webapp ? one.kind == FileKind::javascript
                                                 : one.kind == FileKind::javascript && is_client_path(file.path);
        view.files.push_back(std::move(one));
    }
    read_package(view);
    std::uint32_t milliseconds = k_app_milliseconds;
    for (FileView& file : view.files) {
        if (file.kind != FileKind::page && file.kind != FileKind::javascript && file.kind != FileKind::python) continue;
        if (trim(file.text()).empty()) {
            file.facts.complete = true;
            continue;
        }
        // The parsers want valid UTF-8; what is not is the business of another rule.
        if (is_valid_utf8(file.text())) {
            file.facts = ask_checker(question_of(file, view), file.text(), milliseconds);
        } else {
            std::string clean = file.text();
            for (char& c : clean)
                if (static_cast<unsigned char>(c) >= 0x80) c = '?';
            file.facts = ask_checker(question_of(file, view), clean, milliseconds);
        }
    }
    return view;
}

void sort_findings(Report& report) {
    std::stable_sort(report.findings.begin(), report.findings.end(), [](const Finding& left, const Finding& right) {
        if (left.severity != right.severity) return left.severity < right.severity;
        if (left.file != right.file) return left.file < right.file;
        return left.line < right.line;
    });
}

/// The file as it was, with what mending takes off replaced by blanks: places in the rest stay true.
void blank_out(std::string& content, const std::string& inside) {
    const std::size_t at = content.find(inside);
    if (at == std::string::npos) {
        content = inside;
        return;
    }
    for (std::size_t index = 0; index < content.size(); ++index)
        if ((index < at || index >= at + inside.size()) && content[index] != '\n') content[index] = ' ';
    // The line that names the interpreter is one only at the very beginning.
    if (at > 0 && content.compare(at, 2, "#!") == 0) content.replace(at, 2, "//");
}

Report judge(GeneratedApp& app, const CheckOptions& options, bool whole) {
    GeneratedApp judged = app;
    Judge judge(options.mend);
    std::vector<std::pair<std::string, TextMend>> text_mends;
    for (GeneratedFile& file : judged.files) {
        std::string content = file.content;
        const std::vector<TextMend> made = mend_text(kind_of(file.path), content);
        if (made.empty()) continue;
        for (const TextMend& one : made) text_mends.emplace_back(file.path, one);
        if (options.mend) {
            file.content = content;
        } else if (made.size() == 1 && made[0].rule == "byte-order-mark") {
            file.content.replace(0, 3, "   ");
        } else {
            blank_out(file.content, content);
        }
    }
    AppView view = view_of(judged);
    view.whole = whole;
    view.offline = options.offline;
    for (const auto& [path, mend] : text_mends) {
        judge.begin(mend.rule);
        const FileView* file = view.find(path);
        // A mark does no harm where it stands; the others leave a file that does not work as it is.
        if (mend.rule == "byte-order-mark")
            judge.note(file, 0, mend.message, mend.hint);
        else
            judge.mend(file, 0, mend.message, mend.hint, {});
    }
    for (const rules::Rule* rule : rules::table()) {
        if (!whole && rule->scope != rules::Scope::file) continue;
        judge.begin(rule->info.id);
        rule->check(view, judge);
    }
    if (options.mend) {
        apply(judge.mends(), judged);
        app = std::move(judged);
    }
    Report report = judge.take_report();
    sort_findings(report);
    return report;
}

}  // namespace

Report check_file(const GeneratedFile& file, AppType type) {
    GeneratedApp app;
    app.type = type;
    app.entry = file.path;
    app.files.push_back(file);
    return judge(app, {}, false);
}

Report check_app(GeneratedApp& app, const CheckOptions& options) {
    return judge(app, options, true);
}

}  // namespace spawnai::validate
