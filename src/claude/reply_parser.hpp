#pragma once

#include <spawnai/core/generated_app.hpp>

#include <cstddef>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::claude {

/// Bounds of one reply. Passing one makes the reply unusable, at once.
struct ReplyLimits {
    std::size_t files = 50;
    std::size_t file_bytes = 1U << 20U;
    std::size_t total_bytes = 5U << 20U;
    std::size_t edit_pairs = 500;
};

/// The attributes of the `<app-N .../>` tag, as written.
struct Manifest {
    std::string type;
    std::string entry;
    std::string start;
    std::string build;
    std::string title;
    std::string port;
    std::vector<std::string> files;  ///< paths that the model announced
};

struct EditPair {
    std::string before;
    std::string after;
};
struct FileEdit {
    std::string path;
    std::vector<EditPair> pairs;
};

/// What a reply held so far.
struct ParsedReply {
    std::optional<Manifest> manifest;
    std::vector<GeneratedFile> files;  ///< closed files, in order of first appearance, one per path
    std::vector<FileEdit> edits;
    std::vector<std::string> deletions;
    std::vector<std::string> flaws;  ///< what was mended, for the record; at most a few
    std::string commentary;          ///< text outside the tags, its first part
    std::string fatal;               ///< why the reply cannot be used; empty when nothing stands against it

    [[nodiscard]] bool any() const noexcept { return !files.empty() || !edits.empty() || !deletions.empty(); }
};

/// Takes a reply apart while it streams, by lines: tags carry `-nonce` and stand alone on their line,
/// everything between is content, verbatim. Any split of the text gives the same result; work is linear. Not
/// thread-safe.
class ReplyParser {
 public:
    using FileSink = std::function<void(const GeneratedFile&)>;

    /// `nonce` may be empty: tags then have no suffix (a fallback for models that left it out).
    ReplyParser(std::string_view nonce, FileSink on_file, ReplyLimits limits = {});

    void feed(std::string_view text);
    /// The reply ended: its last line counts even without a line feed. What is open stays open.
    void finish();

    [[nodiscard]] const ParsedReply& reply() const noexcept { return reply_; }
    /// The files, edits and deletions; reply() then has none of them any more.
    [[nodiscard]] ParsedReply take();
    [[nodiscard]] bool failed() const noexcept { return !reply_.fatal.empty(); }
    /// Whether any tag of ours was seen.
    [[nodiscard]] bool saw_tag() const noexcept { return saw_tag_; }
    /// The file or edit block whose closing tag is missing; empty when none is open.
    [[nodiscard]] const std::string& open_path() const noexcept { return open_path_; }
    [[nodiscard]] bool editing() const noexcept { return state_ != State::outside && state_ != State::file; }
    /// What the open file holds so far.
    [[nodiscard]] const std::string& open_content() const noexcept { return content_; }
    /// Announced files that did not come.
    [[nodiscard]] std::vector<std::string> missing() const;
    /// Complete lines taken so far.
    [[nodiscard]] std::size_t lines() const noexcept { return lines_; }

    /// Forgets the line that has not ended, for a continuation that starts at a line's beginning. @return its
    /// length.
    std::size_t drop_partial_line();
    /// Forgets what the open file holds, for a continuation that starts the file anew.
    void restart_open_file();
    /// Ends the open file as if its closing tag had come.
    void close_open_file();

 private:
    enum class State { outside, file, edit, edit_before, edit_after, marker_before, marker_after };
    struct Tag {
        std::string name;  // "app", "file", "edit", "delete", "old", "new"
        std::map<std::string, std::string, std::less<>> attributes;
        std::string_view rest;  // of the line, after the tag
    };

    void line(std::string_view text);
    void outside(std::string_view text);
    void in_file(std::string_view text);
    void in_edit(std::string_view text);
    void side(std::string_view text, std::string_view closing_name, State next);
    void marker_side(std::string_view text);
    void append(std::string& target, std::string_view text);
    void comment(std::string_view text);
    void flaw(std::string text);
    void fail(std::string reason);

    [[nodiscard]] std::optional<Tag> parse_tag(std::string_view text) const;
    [[nodiscard]] bool closes(std::string_view text, std::string_view name) const;
    [[nodiscard]] bool opens(std::string_view text) const;
    void handle(const Tag& tag);
    void begin(const Tag& tag, State state);
    void manifest(const Tag& tag);
    void finish_pair();
    void close_edit();
    [[nodiscard]] bool accept_path(std::string& path);

    std::string suffix_;  // "-nonce" or empty
    FileSink on_file_;
    ReplyLimits limits_;
    ParsedReply reply_;
    State state_ = State::outside;
    std::string partial_;
    std::string pending_tag_;  // a tag that is spread over several lines
    std::string open_path_;
    bool open_executable_ = false;
    std::string content_;  // of the open file, or the old side of an edit
    std::string after_;    // the new side of an edit
    FileEdit edit_;
    std::size_t total_bytes_ = 0;
    std::size_t lines_ = 0;
    std::size_t pairs_ = 0;
    bool saw_tag_ = false;
};

/// The suffix ("", or "-" and letters or digits) of the first tag in `text` that looks like one of ours
/// whatever its nonce; empty optional when there is none.
[[nodiscard]] std::optional<std::string> find_any_tag_suffix(std::string_view text);

/// For a reply without any tag: a bare HTML page, or the one dominant fenced block, as the app's single file.
[[nodiscard]] std::optional<GeneratedFile> file_from_untagged(std::string_view text, AppType type);

/// A file's content without a markdown fence that encloses all of it. Files ending in .md are left alone.
[[nodiscard]] std::string_view without_enclosing_fence(std::string_view content, std::string_view path);

/// Whether `line` is a markdown fence: three or more backticks or tildes, with a language at most.
[[nodiscard]] bool is_fence(std::string_view line);

}  // namespace spawnai::claude
