#include "reply_parser.hpp"

#include "model_path.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_commentary_kept = 2048;
constexpr std::size_t k_tag_limit = 8192;
constexpr std::size_t k_flaws_kept = 20;
constexpr std::string_view k_blank = " \t\r";

std::string_view bare(std::string_view line) {
    const std::size_t first = line.find_first_not_of(k_blank);
    if (first == std::string_view::npos) return {};
    return line.substr(first, line.find_last_not_of(k_blank) - first + 1);
}

bool is_name(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

std::string decode_entities(std::string_view text) {
    static constexpr std::array<std::pair<std::string_view, char>, 6> k_entities{
        {{"&quot;", '"'}, {"&apos;", '\''}, {"&#39;", '\''}, {"&lt;", '<'}, {"&gt;", '>'}, {"&amp;", '&'}}};
    std::string out;
    while (!text.empty()) {
        const auto found = std::find_if(k_entities.begin(), k_entities.end(),
                                        [text](const auto& entity) { return text.starts_with(entity.first); });
        out.push_back(found == k_entities.end() ? text.front() : found->second);
        text.remove_prefix(found == k_entities.end() ? 1 : found->first.size());
    }
    return out;
}

bool any_execute_bit(std::string_view mode) {
    if (mode.size() < 3 || mode.size() > 4) return false;
    return std::all_of(mode.begin(), mode.end(), [](char c) { return c >= '0' && c <= '7'; }) &&
           std::any_of(mode.end() - 3, mode.end(), [](char c) { return ((c - '0') & 1) != 0; });
}

// "<<<<<<< SEARCH" and its like, with five to nine of the sign.
bool is_marker(std::string_view line, char sign, std::string_view word) {
    const std::size_t count = std::min(line.find_first_not_of(sign), line.size());
    return count >= 5 && count <= 9 && bare(line.substr(count)) == word;
}

bool starts_like_html(std::string_view text) {
    const std::size_t first = text.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return false;
    const std::string head = ascii_lower(text.substr(first, 16));
    return head.starts_with("<!doctype html") || head.starts_with("<html");
}

struct Fence {
    char sign = '`';
    std::size_t length = 0;
    std::string language;
};

std::optional<Fence> parse_fence(std::string_view line) {
    line = bare(line);
    if (line.empty() || (line.front() != '`' && line.front() != '~')) return std::nullopt;
    Fence fence;
    fence.sign = line.front();
    fence.length = std::min(line.find_first_not_of(fence.sign), line.size());
    const std::string_view info = bare(line.substr(fence.length));
    if (fence.length < 3 || info.size() > 40 || info.find_first_of("` \t<") != std::string_view::npos)
        return std::nullopt;
    fence.language = ascii_lower(info);
    return fence;
}

std::string path_for(std::string_view language, AppType type) {
    if (language == "html" || (language.empty() && type == AppType::webapp)) return "index.html";
    if (language == "python" || language == "py" || language == "python3")
        return type == AppType::api ? "server.py" : "main.py";
    if (language == "js" || language == "javascript" || language == "mjs" || language == "node" || language.empty())
        return type == AppType::api ? "server.js" : "index.js";
    return {};
}

}  // namespace

ReplyParser::ReplyParser(std::string_view nonce, FileSink on_file, ReplyLimits limits)
    : suffix_(nonce.empty() ? std::string() : "-" + std::string(nonce)),
      on_file_(std::move(on_file)),
      limits_(limits) {}

void ReplyParser::feed(std::string_view text) {
    while (!failed()) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) break;
        if (partial_.empty()) {
            line(text.substr(0, end));
        } else {
            partial_.append(text.substr(0, end));
            const std::string whole = std::exchange(partial_, {});
            line(whole);
        }
        text.remove_prefix(end + 1);
    }
    if (failed()) return;
    partial_.append(text);
    // A line can be as long as a file, never longer: this bounds the memory that a reply without line feeds
    // takes.
    if (partial_.size() > limits_.file_bytes + k_tag_limit)
        fail("a line is longer than a file may be (" + std::to_string(limits_.file_bytes) + " bytes)");
}

void ReplyParser::finish() {
    if (failed() || partial_.empty()) return;
    const std::string whole = std::exchange(partial_, {});
    line(whole);
}

std::size_t ReplyParser::drop_partial_line() {
    return std::exchange(partial_, {}).size();
}

void ReplyParser::restart_open_file() {
    content_.clear();
    after_.clear();
}

ParsedReply ReplyParser::take() {
    ParsedReply taken = std::move(reply_);
    reply_ = ParsedReply{};
    return taken;
}

std::vector<std::string> ReplyParser::missing() const {
    std::vector<std::string> absent;
    if (!reply_.manifest) return absent;
    for (const std::string& path : reply_.manifest->files) {
        const auto same = [&path](const auto& each) { return each.path == path; };
        if (std::none_of(reply_.files.begin(), reply_.files.end(), same) &&
            std::none_of(reply_.edits.begin(), reply_.edits.end(), same))
            absent.push_back(path);
    }
    return absent;
}

void ReplyParser::line(std::string_view text) {
    ++lines_;
    switch (state_) {
        case State::outside:
            outside(text);
            break;
        case State::file:
            in_file(text);
            break;
        case State::edit:
            in_edit(text);
            break;
        case State::edit_before:
            side(text, "old", State::edit);
            break;
        case State::edit_after:
            side(text, "new", State::edit);
            break;
        case State::marker_before:
        case State::marker_after:
            marker_side(text);
            break;
    }
}

void ReplyParser::outside(std::string_view text) {
    if (!pending_tag_.empty()) {
        pending_tag_.append(" ").append(bare(text));
        const std::optional<Tag> tag = parse_tag(pending_tag_);
        if (tag) {
            const std::string whole = std::exchange(pending_tag_, {});
            handle(*parse_tag(whole));
        } else if (pending_tag_.size() > k_tag_limit) {
            comment(std::exchange(pending_tag_, {}));
        }
        return;
    }
    const std::string_view stripped = bare(text);
    if (stripped.empty()) return;
    if (opens(stripped)) {
        if (const std::optional<Tag> tag = parse_tag(stripped))
            handle(*tag);
        else
            pending_tag_ = stripped.substr(0, k_tag_limit);
        return;
    }
    comment(text);
}

void ReplyParser::in_file(std::string_view text) {
    const std::string_view stripped = bare(text);
    if (!stripped.empty() && stripped.front() == '<') {
        if (closes(stripped, "file")) {
            close_open_file();
            return;
        }
        const std::optional<Tag> tag = opens(stripped) ? parse_tag(stripped) : std::nullopt;
        // Without a nonce only the one tag that no page contains ends a file.
        if (tag && (!suffix_.empty() || (tag->name == "file" && tag->attributes.count("path") != 0))) {
            flaw("the closing tag of '" + open_path_ + "' was missing");
            close_open_file();
            if (!failed()) handle(*tag);
            return;
        }
        // A closing tag with our nonce and a wrong name can only be meant for this file.
        if (!suffix_.empty() && stripped.starts_with("</") && stripped.ends_with(suffix_ + ">") &&
            stripped.find('<', 1) == std::string_view::npos) {
            flaw("'" + open_path_ + "' was closed by a wrong tag");
            close_open_file();
            return;
        }
    }
    const std::string closing = "</file" + suffix_ + ">";
    if (stripped.size() > closing.size() && stripped.ends_with(closing)) {
        append(content_, text.substr(0, text.rfind(closing)));
        close_open_file();
        return;
    }
    append(content_, text);
}

void ReplyParser::in_edit(std::string_view text) {
    const std::string_view stripped = bare(text);
    if (stripped.empty()) return;
    if (closes(stripped, "edit")) {
        close_edit();
        return;
    }
    if (is_marker(stripped, '<', "SEARCH")) {
        state_ = State::marker_before;
        return;
    }
    const std::optional<Tag> tag = parse_tag(stripped);
    if (!tag) return;
    if (tag->name == "old" || tag->name == "new") {
        state_ = tag->name == "old" ? State::edit_before : State::edit_after;
        if (!bare(tag->rest).empty()) side(tag->rest, tag->name, State::edit);
        return;
    }
    flaw("the closing tag of the edit of '" + open_path_ + "' was missing");
    close_edit();
    if (!failed()) handle(*tag);
}

void ReplyParser::side(std::string_view text, std::string_view closing_name, State next) {
    const bool before = closing_name == "old";
    std::string& target = before ? content_ : after_;
    const std::string_view stripped = bare(text);
    const std::string closing = "</" + std::string(closing_name) + suffix_ + ">";
    const bool whole_edit_ends = closes(stripped, "edit");
    if (stripped.ends_with(closing) || whole_edit_ends) {
        if (stripped.size() > closing.size() && !whole_edit_ends) append(target, text.substr(0, text.rfind(closing)));
        state_ = next;
        if (!before) finish_pair();
        if (whole_edit_ends) close_edit();
        return;
    }
    append(target, text);
}

void ReplyParser::marker_side(std::string_view text) {
    const std::string_view stripped = bare(text);
    if (state_ == State::marker_before && is_marker(stripped, '=', "")) {
        state_ = State::marker_after;
    } else if (state_ == State::marker_after && is_marker(stripped, '>', "REPLACE")) {
        state_ = State::edit;
        finish_pair();
    } else if (closes(stripped, "edit")) {
        state_ = State::edit;
        finish_pair();
        close_edit();
    } else {
        append(state_ == State::marker_before ? content_ : after_, text);
    }
}

void ReplyParser::append(std::string& target, std::string_view text) {
    if (failed()) return;
    if (target.size() + text.size() + 1 > limits_.file_bytes) {
        fail("'" + open_path_ + "' is larger than a file may be (" + std::to_string(limits_.file_bytes) + " bytes)");
        return;
    }
    if (total_bytes_ + target.size() + text.size() + 1 > limits_.total_bytes) {
        fail("the app is larger than it may be (" + std::to_string(limits_.total_bytes) + " bytes)");
        return;
    }
    target.append(text);
    target.push_back('\n');
}

void ReplyParser::comment(std::string_view text) {
    const std::size_t room = k_commentary_kept - std::min(k_commentary_kept, reply_.commentary.size());
    const std::string_view kept = text.substr(0, room);
    if (kept.empty()) return;
    reply_.commentary.append(kept.substr(0, kept.size() < text.size() ? complete_utf8_prefix(kept) : kept.size()));
    reply_.commentary.push_back('\n');
}

void ReplyParser::flaw(std::string text) {
    if (reply_.flaws.size() < k_flaws_kept) reply_.flaws.push_back(std::move(text));
}

void ReplyParser::fail(std::string reason) {
    if (reply_.fatal.empty()) reply_.fatal = std::move(reason);
    partial_ = {};
}

bool ReplyParser::closes(std::string_view text, std::string_view name) const {
    if (!text.starts_with("</") || !text.ends_with(">")) return false;
    std::string_view inner = bare(text.substr(2, text.size() - 3));
    if (!inner.starts_with(name)) return false;
    inner.remove_prefix(name.size());
    return inner == suffix_;
}

bool ReplyParser::opens(std::string_view text) const {
    if (text.size() < 4 || text.front() != '<') return false;
    for (const std::string_view name : {"app", "file", "edit", "delete"}) {
        std::string_view rest = text.substr(1);
        if (!rest.starts_with(name)) continue;
        rest.remove_prefix(name.size());
        if (!rest.starts_with(suffix_)) continue;
        rest.remove_prefix(suffix_.size());
        // A tag without attributes is none of ours, and HTML has elements of similar names.
        if (rest.empty() ? !suffix_.empty() : k_blank.find(rest.front()) != std::string_view::npos) return true;
    }
    return false;
}

std::optional<ReplyParser::Tag> ReplyParser::parse_tag(std::string_view text) const {
    if (text.empty() || text.front() != '<') return std::nullopt;
    text.remove_prefix(1);
    Tag tag;
    for (const std::string_view name : {"app", "file", "edit", "delete", "old", "new"})
        if (text.starts_with(name) && text.substr(name.size()).starts_with(suffix_)) tag.name = name;
    if (tag.name.empty()) return std::nullopt;
    text.remove_prefix(tag.name.size() + suffix_.size());
    if (text.empty() || is_name(text.front())) return std::nullopt;
    while (true) {
        text.remove_prefix(std::min(text.find_first_not_of(" \t\r/"), text.size()));
        if (text.empty()) return std::nullopt;
        if (text.front() == '>') break;
        const std::size_t name_end =
            static_cast<std::size_t>(std::find_if_not(text.begin(), text.end(), is_name) - text.begin());
        if (name_end == 0) return std::nullopt;
        const std::string name = ascii_lower(text.substr(0, name_end));
        text.remove_prefix(name_end);
        if (!text.starts_with("=")) {
            tag.attributes.emplace(name, "");
            continue;
        }
        text.remove_prefix(1);
        if (text.empty()) return std::nullopt;
        const char quote = text.front();
        const bool quoted = quote == '"' || quote == '\'';
        if (quoted) text.remove_prefix(1);
        const std::size_t end = quoted ? text.find(quote) : text.find_first_of(" \t\r>");
        if (end == std::string_view::npos) return std::nullopt;
        tag.attributes.emplace(name, decode_entities(text.substr(0, end)));
        text.remove_prefix(end + (quoted ? 1 : 0));
    }
    tag.rest = text.substr(1);
    return tag;
}

void ReplyParser::handle(const Tag& tag) {
    if (tag.name == "app") {
        manifest(tag);
    } else if (tag.name == "file") {
        begin(tag, State::file);
        if (!failed() && state_ == State::file && !bare(tag.rest).empty()) in_file(tag.rest);
    } else if (tag.name == "edit") {
        begin(tag, State::edit);
    } else if (tag.name == "delete") {
        const auto path = tag.attributes.find("path");
        std::string checked = path == tag.attributes.end() ? std::string() : path->second;
        saw_tag_ = true;
        if (accept_path(checked)) reply_.deletions.push_back(checked);
    }
}

void ReplyParser::begin(const Tag& tag, State state) {
    saw_tag_ = true;
    const auto path = tag.attributes.find("path");
    std::string checked = path == tag.attributes.end() ? std::string() : path->second;
    if (!accept_path(checked)) return;
    open_path_ = std::move(checked);
    const auto mode = tag.attributes.find("mode");
    open_executable_ = mode != tag.attributes.end() && any_execute_bit(mode->second);
    content_.clear();
    after_.clear();
    edit_ = FileEdit{open_path_, {}};
    state_ = state;
}

bool ReplyParser::accept_path(std::string& path) {
    while (path.starts_with("./")) path.erase(0, 2);
    const std::string objection = check_model_path(path);
    if (!objection.empty()) {
        fail("the path '" + one_line(path, 120) + "' cannot be used: " + objection);
        return false;
    }
    if (reply_.files.size() + reply_.edits.size() + reply_.deletions.size() >= 2 * limits_.files) {
        fail("more than " + std::to_string(limits_.files) + " files");
        return false;
    }
    return true;
}

void ReplyParser::manifest(const Tag& tag) {
    saw_tag_ = true;
    const auto value = [&tag](std::string_view name) {
        const auto found = tag.attributes.find(name);
        return found == tag.attributes.end() ? std::string() : found->second;
    };
    Manifest manifest{value("type"), value("entry"), value("start"), value("build"), value("title"), value("port"), {}};
    if (manifest.type.empty()) manifest.type = value("kind");
    const std::string listed = value("files");
    std::string_view rest = listed;
    while (!rest.empty() && manifest.files.size() < limits_.files) {
        const std::size_t start = rest.find_first_not_of(" ,\t");
        if (start == std::string_view::npos) break;
        rest.remove_prefix(start);
        std::string_view path = rest.substr(0, rest.find_first_of(" ,\t"));
        rest.remove_prefix(path.size());
        while (path.starts_with("./")) path.remove_prefix(2);
        manifest.files.emplace_back(path);
    }
    reply_.manifest = std::move(manifest);
}

void ReplyParser::close_open_file() {
    state_ = State::outside;
    GeneratedFile file;
    file.path = std::exchange(open_path_, {});
    file.executable = open_executable_;
    const std::string_view unfenced = without_enclosing_fence(content_, file.path);
    if (unfenced.size() == content_.size()) {
        file.content = std::exchange(content_, {});
        file.content.shrink_to_fit();
    } else {
        file.content = unfenced;
        flaw("a markdown fence around '" + file.path + "' was removed");
        content_.clear();
    }
    const auto same = std::find_if(reply_.files.begin(), reply_.files.end(),
                                   [&](const auto& each) { return each.path == file.path; });
    if (same != reply_.files.end()) {
        flaw("'" + file.path + "' came twice: the later one counts");
        total_bytes_ += file.content.size() - same->content.size();
        *same = std::move(file);
        on_file_(*same);
        return;
    }
    if (reply_.files.size() >= limits_.files) {
        fail("more than " + std::to_string(limits_.files) + " files");
        return;
    }
    total_bytes_ += file.content.size();
    reply_.files.push_back(std::move(file));
    on_file_(reply_.files.back());
}

void ReplyParser::finish_pair() {
    if (++pairs_ > limits_.edit_pairs) {
        fail("more than " + std::to_string(limits_.edit_pairs) + " edits");
        return;
    }
    total_bytes_ += content_.size() + after_.size();
    edit_.pairs.push_back(EditPair{std::exchange(content_, {}), std::exchange(after_, {})});
}

void ReplyParser::close_edit() {
    state_ = State::outside;
    open_path_.clear();
    reply_.edits.push_back(std::exchange(edit_, {}));
}

std::optional<std::string> find_any_tag_suffix(std::string_view text) {
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = bare(text.substr(0, end));
        text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
        if (!line.starts_with("<file") && !line.starts_with("<app")) continue;
        line.remove_prefix(line.starts_with("<file") ? 5 : 4);
        const std::size_t length =
            static_cast<std::size_t>(std::find_if_not(line.begin(), line.end(), is_name) - line.begin());
        const std::string_view suffix = line.substr(0, length);
        if (length > 20 || (length > 0 && suffix.front() != '-') || length == 1) continue;
        if (line.find("path=") == std::string_view::npos && line.find("entry=") == std::string_view::npos) continue;
        return std::string(suffix.substr(suffix.empty() ? 0 : 1));
    }
    return std::nullopt;
}

std::optional<GeneratedFile> file_from_untagged(std::string_view text, AppType type) {
    if (starts_like_html(text)) {
        const std::string lower = ascii_lower(text);
        const std::size_t end = lower.rfind("</html>");
        const std::size_t first = text.find_first_not_of(" \t\r\n");
        const std::size_t stop = end == std::string::npos ? text.size() : end + 7;
        return GeneratedFile{"index.html", std::string(text.substr(first, stop - first)) + "\n", false};
    }
    struct Block {
        std::string language;
        std::string_view content;
    };
    std::vector<Block> blocks;
    std::size_t total = 0;
    std::optional<Fence> open;
    std::size_t begin = 0;
    for (std::size_t position = 0; position < text.size();) {
        const std::size_t end = std::min(text.find('\n', position), text.size());
        const std::optional<Fence> fence = parse_fence(text.substr(position, end - position));
        const std::size_t next = std::min(end + 1, text.size());
        if (fence && !open) {
            open = fence;
            begin = next;
        } else if (fence && fence->sign == open->sign && fence->length >= open->length && fence->language.empty()) {
            blocks.push_back(Block{open->language, text.substr(begin, position - begin)});
            total += position - begin;
            open.reset();
        }
        position = next;
    }
    const auto largest = std::max_element(blocks.begin(), blocks.end(), [](const Block& a, const Block& b) {
        return a.content.size() < b.content.size();
    });
    if (largest == blocks.end() || largest->content.size() * 10 < total * 8) return std::nullopt;
    std::string language = largest->language;
    if (starts_like_html(largest->content)) language = "html";
    const std::string path = path_for(language, type);
    if (path.empty() || trim(largest->content).empty()) return std::nullopt;
    return GeneratedFile{path, std::string(largest->content), false};
}

bool is_fence(std::string_view line) {
    return parse_fence(line).has_value();
}

std::string_view without_enclosing_fence(std::string_view content, std::string_view path) {
    if (ascii_lower(path).ends_with(".md")) return content;
    const std::size_t first = content.find_first_not_of(" \t\r\n");
    if (first == std::string_view::npos) return content;
    const std::size_t first_end = content.find('\n', first);
    const std::size_t last = content.find_last_not_of(" \t\r\n");
    const std::size_t before_last = content.rfind('\n', last);
    if (first_end == std::string_view::npos || before_last == std::string_view::npos || before_last < first_end)
        return content;
    const std::optional<Fence> open = parse_fence(content.substr(first, first_end - first));
    const std::optional<Fence> close = parse_fence(content.substr(before_last + 1, last - before_last));
    if (!open || !close || close->sign != open->sign || close->length < open->length || !close->language.empty())
        return content;
    return content.substr(first_end + 1, before_last - first_end);
}

}  // namespace spawnai::claude
