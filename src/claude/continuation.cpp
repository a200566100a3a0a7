#include "continuation.hpp"

#include "reply_parser.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_lines_judged = 60;
constexpr std::size_t k_bytes_judged = 64 * 1024;
constexpr std::size_t k_overlap_lines = 40;
constexpr std::size_t k_single_line = 12;  // characters from which one repeated line is no coincidence
constexpr std::size_t k_overlap_least = 8;
constexpr std::size_t k_overlap_most = 400;

std::string_view right_trimmed(std::string_view text) {
    const std::size_t last = text.find_last_not_of(" \t\r\n");
    return text.substr(0, last == std::string_view::npos ? 0 : last + 1);
}

bool has_word(std::string_view line) {
    return std::any_of(line.begin(), line.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
               static_cast<unsigned char>(c) >= 0x80;
    });
}

bool is_closing_tag(std::string_view line) {
    line = trim(line);
    return line.starts_with("</") && line.ends_with('>') && line.find('<', 1) == std::string_view::npos;
}

bool reads_like_speech(std::string_view line) {
    static constexpr std::array<std::string_view, 8> k_openings{"Here", "Sure", "Continuing", "Certainly",
                                                                "Okay", "I'll", "I will",     "Picking up"};
    line = trim(line);
    return (line.ends_with(':') || line.ends_with('.')) &&
           std::any_of(k_openings.begin(), k_openings.end(),
                       [line](std::string_view opening) { return line.starts_with(opening); });
}

std::vector<std::string_view> last_lines_of(std::string_view text, std::size_t count) {
    std::vector<std::string_view> lines;
    if (text.ends_with('\n')) text.remove_suffix(1);
    while (lines.size() < count && !text.empty()) {
        const std::size_t start = text.rfind('\n');
        lines.push_back(text.substr(start == std::string_view::npos ? 0 : start + 1));
        if (start == std::string_view::npos) break;
        text = text.substr(0, start);
    }
    std::reverse(lines.begin(), lines.end());
    return lines;
}

std::string_view first_filled_line(std::string_view text) {
    for (const std::string_view line : split_lines(text.substr(0, k_bytes_judged)))
        if (!trim(line).empty()) return line;
    return {};
}

}  // namespace

std::size_t repeated_lines(std::string_view before, const std::vector<std::string_view>& lines) {
    const std::vector<std::string_view> tail = last_lines_of(before, k_overlap_lines);
    for (std::size_t count = std::min(tail.size(), lines.size()); count > 0; --count) {
        bool same = true;
        bool telling = false;
        for (std::size_t i = 0; i < count && same; ++i) {
            const std::string_view old_line = right_trimmed(tail[tail.size() - count + i]);
            same = old_line == right_trimmed(lines[i]);
            // A lone brace or closing tag follows itself in honest code.
            telling = telling || (has_word(old_line) && !is_closing_tag(old_line) &&
                                  (count > 1 || trim(old_line).size() >= k_single_line));
        }
        if (same && telling) return count;
    }
    return 0;
}

std::size_t repeated_characters(std::string_view before, std::string_view after) {
    for (std::size_t count = std::min({before.size(), after.size(), k_overlap_most}); count >= k_overlap_least; --count)
        if (before.substr(before.size() - count) == after.substr(0, count)) return count;
    return 0;
}

void ContinuationJoiner::feed(std::string_view text) {
    if (decided_) {
        pass(text);
        return;
    }
    // Exactly so much is judged, however the text was split.
    std::size_t taken = 0;
    while (taken < text.size() && held_lines_ < k_lines_judged && held_.size() + taken < k_bytes_judged)
        if (text[taken++] == '\n') ++held_lines_;
    held_.append(text.substr(0, taken));
    if (held_lines_ < k_lines_judged && held_.size() < k_bytes_judged) return;
    decide();
    pass(text.substr(taken));
}

void ContinuationJoiner::finish() {
    if (!decided_) decide();
    if (!awaits_fence_) return;
    if (!line_.empty()) pass_line(std::exchange(line_, {}));
    // A fence at the very end is the twin, so it is dropped with what is held.
    held_fence_.clear();
}

void ContinuationJoiner::decide() {
    decided_ = true;
    const std::string held = std::exchange(held_, {});
    if (joint_.mid_line) {
        const std::size_t repeated = repeated_characters(joint_.before, held);
        pass(std::string_view(held).substr(repeated));
        return;
    }
    std::string_view rest = held;
    const auto first_line = [&rest] { return rest.substr(0, rest.find('\n')); };
    const auto drop_line = [&rest, &first_line] { rest.remove_prefix(std::min(first_line().size() + 1, rest.size())); };
    const auto drop_blank_lines = [&] {
        while (!rest.empty() && trim(first_line()).empty()) drop_line();
    };
    const auto drop_fence = [&] {
        if (!is_fence(first_line())) return;
        drop_line();
        awaits_fence_ = true;
    };

    if (joint_.before.ends_with("\n\n")) drop_blank_lines();
    drop_fence();
    if (reads_like_speech(first_line())) {
        const std::string_view whole = rest;
        drop_line();
        const bool repeats = repeated_lines(joint_.before, split_lines(rest)) > 0;
        if (repeats || trim(first_line()).empty() || is_fence(first_line())) {
            if (!repeats) drop_blank_lines();
            if (!awaits_fence_) drop_fence();
        } else {
            rest = whole;
        }
    }
    const std::string opening = "<file-" + std::string(joint_.nonce);
    if (!joint_.open_path.empty() && trim(first_line()).starts_with(opening) &&
        first_line().find("\"" + std::string(joint_.open_path) + "\"") != std::string_view::npos) {
        drop_line();
        const std::string_view own = right_trimmed(first_filled_line(joint_.open_content));
        if (!own.empty() && right_trimmed(first_filled_line(rest)) == own) {
            restart_();
            pass(rest);
            return;
        }
    }
    for (std::size_t repeated = repeated_lines(joint_.before, split_lines(rest)); repeated > 0; --repeated) drop_line();
    pass(rest);
}

void ContinuationJoiner::pass(std::string_view text) {
    if (!awaits_fence_) {
        if (!text.empty()) sink_(text);
        return;
    }
    while (awaits_fence_) {
        const std::size_t end = text.find('\n');
        if (end == std::string_view::npos) {
            line_.append(text);
            return;
        }
        line_.append(text.substr(0, end + 1));
        text.remove_prefix(end + 1);
        pass_line(std::exchange(line_, {}));
    }
    if (!text.empty()) sink_(text);
}

void ContinuationJoiner::pass_line(std::string_view line) {
    // The twin stands before a tag of ours or at the end; any other fence is content.
    if (!held_fence_.empty()) {
        const bool twin =
            line.find("-" + std::string(joint_.nonce)) != std::string_view::npos && trim(line).starts_with('<');
        if (twin)
            awaits_fence_ = false;
        else
            sink_(held_fence_);
        held_fence_.clear();
    }
    if (awaits_fence_ && is_fence(line))
        held_fence_ = line;
    else
        sink_(line);
}

}  // namespace spawnai::claude
