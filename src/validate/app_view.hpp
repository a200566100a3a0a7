#pragma once

#include "facts.hpp"

#include <spawnai/core/generated_app.hpp>
#include <spawnai/validate/finding.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace spawnai::validate {

enum class FileKind : std::uint8_t { page, javascript, python, json, style, other };
[[nodiscard]] FileKind kind_of(std::string_view path) noexcept;

/// One file and what is known about it.
struct FileView {
    const GeneratedFile* file = nullptr;
    FileKind kind = FileKind::other;
    bool client = false;  ///< served to browsers by an api: public/, static/ ...
    bool test = false;    ///< a test file: not part of what runs
    Facts facts;
    [[nodiscard]] const std::string& path() const noexcept { return file->path; }
    [[nodiscard]] const std::string& text() const noexcept { return file->content; }
    /// Whether it runs on the server or as the script.
    [[nodiscard]] bool runs() const noexcept {
        return !client && !test && (kind == FileKind::javascript || kind == FileKind::python);
    }
};

/// What the rules see: the app after text mending, its facts, its package.json.
struct AppView {
    const GeneratedApp* app = nullptr;
    std::vector<FileView> files;
    std::optional<nlohmann::ordered_json> package;  ///< package.json, when it is valid JSON
    std::string package_error;
    std::size_t package_error_at = 0;
    bool whole = true;  ///< false: one file alone is judged
    bool offline = false;

    [[nodiscard]] AppType type() const noexcept { return app->type; }
    [[nodiscard]] const FileView* find(std::string_view path) const noexcept;
    [[nodiscard]] const FileView* entry() const noexcept { return find(app->entry); }
    [[nodiscard]] bool has_python() const noexcept;
};

/// Replaces `length` bytes of a file at `offset`.
struct TextEdit {
    std::string file;
    std::size_t offset = 0;
    std::size_t length = 0;
    std::string replacement;
};

/// What one rule puts right. Either part may be empty.
struct Mend {
    std::vector<TextEdit> edits;
    std::function<void(nlohmann::ordered_json&)> package;  ///< changes package.json
    std::string requirement;                               ///< line to add to requirements.txt
    int port = 0;                                          ///< new GeneratedApp::port
};

/// Takes the findings of the rules.
class Judge {
 public:
    explicit Judge(bool mend) : mend_(mend) {}

    void begin(std::string_view rule) { rule_ = rule; }
    void block(const FileView* file, std::size_t offset, std::string message, std::string hint) {
        add(Severity::block, file, offset, std::move(message), std::move(hint));
    }
    void warn(const FileView* file, std::size_t offset, std::string message, std::string hint) {
        add(Severity::warn, file, offset, std::move(message), std::move(hint));
    }
    void note(const FileView* file, std::size_t offset, std::string message, std::string hint) {
        add(Severity::note, file, offset, std::move(message), std::move(hint));
    }
    /// A fault with one obvious remedy: noted and put right, or a blocking finding when nothing may be changed.
    void mend(const FileView* file, std::size_t offset, std::string message, std::string hint, Mend mend);

    /// A change that is right whether or not faults are mended.
    void adopt(Mend mend) { mends_.push_back(std::move(mend)); }

    [[nodiscard]] Report take_report() { return std::move(report_); }
    [[nodiscard]] const std::vector<Mend>& mends() const noexcept { return mends_; }

    /// Offset in no file in particular.
    static constexpr std::size_t k_nowhere = static_cast<std::size_t>(-1);

 private:
    void add(Severity severity, const FileView* file, std::size_t offset, std::string message, std::string hint,
             bool mendable = false);

    [[nodiscard]] std::pair<int, int> place(const FileView& file, std::size_t offset);

    bool mend_;
    std::string_view rule_;
    Report report_;
    std::map<std::tuple<std::string_view, const FileView*, Severity>, std::size_t> calls_;
    std::map<const FileView*, std::vector<std::size_t>> line_starts_;
    std::vector<Mend> mends_;
};

}  // namespace spawnai::validate
