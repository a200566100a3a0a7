#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>

namespace spawnai {

namespace {

struct Decoded {
    std::uint32_t code_point = 0;
    std::size_t size = 0;  ///< 0: not valid here
    bool cut = false;      ///< valid so far, but the text ends inside the character
};

Decoded decode(std::string_view text) {
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    const unsigned first = byte(0);
    if (first < 0x80) return {first, 1, false};
    std::size_t size = 0;
    std::uint32_t least = 0;
    std::uint32_t code_point = 0;
    if (first >= 0xC2 && first <= 0xDF) {
        size = 2, least = 0x80, code_point = first & 0x1FU;
    } else if (first >= 0xE0 && first <= 0xEF) {
        size = 3, least = 0x800, code_point = first & 0x0FU;
    } else if (first >= 0xF0 && first <= 0xF4) {
        size = 4, least = 0x10000, code_point = first & 0x07U;
    } else {
        return {};
    }
    for (std::size_t i = 1; i < size; ++i) {
        if (i >= text.size()) return {0, 0, true};
        if ((byte(i) & 0xC0U) != 0x80) return {};
        code_point = (code_point << 6U) | (byte(i) & 0x3FU);
        // The second byte already decides about overlong forms, surrogates and the end of Unicode.
        if (i == 1 && ((first == 0xE0 && byte(1) < 0xA0) || (first == 0xED && byte(1) > 0x9F) ||
                       (first == 0xF0 && byte(1) < 0x90) || (first == 0xF4 && byte(1) > 0x8F)))
            return {};
    }
    return code_point < least ? Decoded{} : Decoded{code_point, size, false};
}

/// Characters that change how the text around them is drawn, or that draw nothing.
bool is_deceptive(std::uint32_t c) {
    return (c >= 0x80 && c <= 0x9F) || c == 0x061C || c == 0x200E || c == 0x200F ||
           (c >= 0x202A && c <= 0x202E) || (c >= 0x2066 && c <= 0x2069) || c == 0xFEFF;
}

/// Length of the escape sequence at the start of `text`, which begins with ESC (ECMA-48: CSI, OSC and the
/// string sequences).
std::size_t escape_length(std::string_view text) {
    if (text.size() < 2) return 1;
    const char kind = text[1];
    if (kind == '[') {
        std::size_t i = 2;
        while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x3F) ++i;
        return i < text.size() && text[i] >= 0x40 && text[i] <= 0x7E ? i + 1 : i;
    }
    if (kind == ']' || kind == 'P' || kind == 'X' || kind == '^' || kind == '_') {
        for (std::size_t i = 2; i < text.size(); ++i) {
            if (text[i] == '\a') return i + 1;
            if (text[i] == '\x1b' && i + 1 < text.size() && text[i + 1] == '\\') return i + 2;
            if (text[i] == '\n') return i;
        }
        return text.size();
    }
    std::size_t i = 1;
    while (i < text.size() && text[i] >= 0x20 && text[i] <= 0x2F) ++i;
    return i < text.size() && text[i] >= 0x30 && text[i] <= 0x7E ? i + 1 : i;
}

}  // namespace

bool is_valid_utf8(std::string_view text) noexcept {
    while (!text.empty()) {
        const Decoded next = decode(text);
        if (next.size == 0) return false;
        text.remove_prefix(next.size);
    }
    return true;
}

std::size_t complete_utf8_prefix(std::string_view text) noexcept {
    const std::size_t window = std::min<std::size_t>(3, text.size());
    for (std::size_t back = 1; back <= window; ++back) {
        const auto byte = static_cast<unsigned char>(text[text.size() - back]);
        if ((byte & 0xC0U) == 0x80) continue;
        if (byte >= 0xC0 && decode(text.substr(text.size() - back)).cut) return text.size() - back;
        break;
    }
    return text.size();
}

std::size_t utf8_length(std::string_view text) noexcept {
    return static_cast<std::size_t>(std::count_if(
        text.begin(), text.end(), [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; }));
}

std::string sanitize_for_terminal(std::string_view text) {
    std::string safe;
    safe.reserve(text.size());
    while (!text.empty()) {
        if (text.front() == '\x1b') {
            text.remove_prefix(escape_length(text));
            continue;
        }
        const Decoded next = decode(text);
        if (next.size == 0) {
            safe += "\xEF\xBF\xBD";
            text.remove_prefix(1);
            continue;
        }
        const std::uint32_t c = next.code_point;
        if (c == '\r' && text.size() > 1 && text[1] == '\n') {
            // A line end of another system: the newline follows.
        } else if ((c < 0x20 && c != '\n' && c != '\t') || c == 0x7F) {
            safe += fmt::format("\\x{:02x}", c);
        } else if (!is_deceptive(c)) {
            safe.append(text.substr(0, next.size));
        }
        text.remove_prefix(next.size);
    }
    return safe;
}

std::string one_line(std::string_view text, std::size_t width) {
    std::string line = sanitize_for_terminal(text);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c == '\n' || c == '\t'; }, ' ');
    if (utf8_length(line) <= width) return line;
    std::size_t kept = 0;
    std::size_t position = 0;
    while (position < line.size() && kept + 1 < width) {
        position += decode(std::string_view(line).substr(position)).size;
        ++kept;
    }
    return line.substr(0, position) + (width == 0 ? "" : "\xE2\x80\xA6");
}

std::string_view trim(std::string_view text) noexcept {
    static constexpr std::string_view blank = " \t\r\n\v\f";
    const std::size_t start = text.find_first_not_of(blank);
    if (start == std::string_view::npos) return {};
    return text.substr(start, text.find_last_not_of(blank) - start + 1);
}

std::vector<std::string_view> split_lines(std::string_view text) {
    std::vector<std::string_view> lines;
    while (!text.empty()) {
        const std::size_t end = text.find('\n');
        std::string_view line = text.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.push_back(line);
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return lines;
}

std::string ascii_lower(std::string_view text) {
    std::string lower(text);
    for (char& c : lower)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return lower;
}

std::string_view last_lines(std::string_view text, std::size_t count) noexcept {
    if (count == 0) return {};
    std::size_t position = text.size();
    if (text.ends_with('\n')) --position;
    for (std::size_t lines = 0; position > 0; --position)
        if (text[position - 1] == '\n' && ++lines == count) break;
    return text.substr(position);
}

std::size_t edit_distance(std::string_view left, std::string_view right) {
    std::vector<std::size_t> row(right.size() + 1);
    for (std::size_t j = 0; j <= right.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= left.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= right.size(); ++j) {
            const std::size_t above = row[j];
            row[j] =
                std::min({row[j] + 1, row[j - 1] + 1, diagonal + (left[i - 1] == right[j - 1] ? 0U : 1U)});
            diagonal = above;
        }
    }
    return row[right.size()];
}

}  // namespace spawnai
