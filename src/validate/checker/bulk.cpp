#include "bulk.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <utility>

namespace spawnai::validate::checker {
namespace {

constexpr std::size_t k_bulk = 4096;
constexpr std::size_t k_max_depth = 40;
constexpr std::size_t k_max_strings = 1000;

bool word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$';
}

/// Reads a literal of plain values: [1, -2.5, "a", {b: [true, null]}].
class Data {
 public:
    Data(std::string_view text, Language language) : text_(text), language_(language) {}

    /// The place after the literal that begins with the bracket at `at`; empty when it is anything else. `first` is the place
    /// after its first element.
    std::optional<std::size_t> end(std::size_t at, std::size_t& first) {
        closers_.clear();
        first = 0;
        bool expects_value = true;  // an element may, after a comma or an opening bracket
        while (at < text_.size()) {
            at = skip(at);
            if (at >= text_.size()) return std::nullopt;
            const char c = text_[at];
            if (opens(c)) {
                // In an object a key comes first.
                if (!expects_value || closers_.size() >= k_max_depth || (!closers_.empty() && closers_.back() == '}'))
                    return std::nullopt;
                closers_.push_back(c == '[' ? ']' : c == '{' ? '}' : ')');
                ++at;
            } else if (c == ']' || c == '}' || c == ')') {
                if (closers_.empty() || closers_.back() != c) return std::nullopt;
                closers_.pop_back();
                ++at;
                if (closers_.empty()) return at;
                if (closers_.size() == 1 && first == 0) first = at;
                expects_value = false;
                continue;
            } else if (c == ',') {
                if (expects_value) return std::nullopt;
                expects_value = true;
                ++at;
                continue;
            } else {
                if (!expects_value || closers_.empty()) return std::nullopt;
                const std::optional<std::size_t> after = value(at);
                if (!after) return std::nullopt;
                at = *after;
                if (closers_.size() == 1 && first == 0) first = at;
                expects_value = false;
                continue;
            }
            expects_value = true;
        }
        return std::nullopt;
    }

 private:
    [[nodiscard]] bool opens(char c) const {
        return c == '[' || c == '{' || (c == '(' && language_ == Language::python);
    }
    [[nodiscard]] std::size_t skip(std::size_t at) const {
        while (at < text_.size() && std::isspace(static_cast<unsigned char>(text_[at])) != 0) ++at;
        return at;
    }

    /// A plain value, in an object with its key before it.
    std::optional<std::size_t> value(std::size_t at) {
        if (closers_.back() == '}') {
            const char c = text_[at];
            const std::optional<std::size_t> key = c == '"' || c == '\''                              ? string(at)
                                                   : std::isdigit(static_cast<unsigned char>(c)) != 0 ? number(at)
                                                   : language_ == Language::python                    ? std::nullopt
                                                                                                      : name(at);
            if (!key) return std::nullopt;
            at = skip(*key);
            if (at >= text_.size() || text_[at] != ':') return std::nullopt;
            at = skip(at + 1);
            if (at >= text_.size()) return std::nullopt;
            if (opens(text_[at])) {
                Data inner(text_, language_);
                inner.depth_ = depth_ + 1;
                if (inner.depth_ > k_max_depth) return std::nullopt;
                std::size_t ignored = 0;
                return inner.end(at, ignored);
            }
        }
        const char c = text_[at];
        if (c == '"' || c == '\'') return string(at);
        if (std::isdigit(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '.' || c == '+') return number(at);
        const std::optional<std::size_t> word = name(at);
        if (!word) return std::nullopt;
        const std::string_view text = text_.substr(at, *word - at);
        const bool constant = language_ == Language::python ? text == "True" || text == "False" || text == "None"
                                                            : text == "true" || text == "false" || text == "null";
        return constant ? word : std::nullopt;
    }
    [[nodiscard]] std::optional<std::size_t> name(std::size_t at) const {
        const std::size_t begin = at;
        if (std::isdigit(static_cast<unsigned char>(text_[at])) != 0) return std::nullopt;
        while (at < text_.size() && word_char(text_[at])) ++at;
        return at == begin ? std::nullopt : std::optional(at);
    }
    [[nodiscard]] std::optional<std::size_t> number(std::size_t at) const {
        if (text_[at] == '-' || text_[at] == '+') ++at;
        const std::size_t begin = at;
        bool point = false;
        while (at < text_.size() && (std::isdigit(static_cast<unsigned char>(text_[at])) != 0 ||
                                     (text_[at] == '.' && !std::exchange(point, true))))
            ++at;
        if (at == begin || (at == begin + 1 && point)) return std::nullopt;
        // 012 and 0x12 are left to the parser.
        if (text_[begin] == '0' && at > begin + 1 && text_[begin + 1] != '.') return std::nullopt;
        if (at < text_.size() && (text_[at] == 'e' || text_[at] == 'E')) {
            ++at;
            if (at < text_.size() && (text_[at] == '-' || text_[at] == '+')) ++at;
            const std::size_t digits = at;
            while (at < text_.size() && std::isdigit(static_cast<unsigned char>(text_[at])) != 0) ++at;
            if (at == digits) return std::nullopt;
        }
        if (at < text_.size() && (word_char(text_[at]) || text_[at] == '.')) return std::nullopt;
        return at;
    }
    [[nodiscard]] std::optional<std::size_t> string(std::size_t at) const {
        const char quote = text_[at];
        for (++at; at < text_.size(); ++at) {
            const char c = text_[at];
            if (c == quote) return at + 1;
            if (static_cast<unsigned char>(c) < 0x20 || c == '\\' || c == '`' || c == '(' || c == '<')
                return std::nullopt;
        }
        return std::nullopt;
    }

    std::string_view text_;
    Language language_;
    std::vector<char> closers_;
    std::size_t depth_ = 0;
};

/// Paths, addresses and the like; not words and numbers.
void keep_strings(std::string_view text, std::size_t base, std::vector<Located>& strings) {
    for (std::size_t at = text.find_first_of("\"'"); at != std::string_view::npos; at = text.find_first_of("\"'", at)) {
        const std::size_t close = text.find(text[at], at + 1);
        if (close == std::string_view::npos || strings.size() >= k_max_strings) return;
        const std::string_view inside = text.substr(at + 1, close - at - 1);
        if (inside.size() >= 6 && inside.find_first_of("/.:") != std::string_view::npos)
            strings.push_back({std::string(inside.substr(0, 400)), base + at});
        at = close + 1;
    }
}

}  // namespace

std::string without_bulk(std::string_view text, Language language, std::vector<Located>& strings) {
    std::string out(text);
    if (text.size() < 2 * k_bulk) return out;
    Data data(text, language);
    std::size_t attempts = 0;  // each may read far before it fails
    // A brace is an object only where a value is expected.
    const auto is_block = [&](std::size_t at) {
        if (text[at] != '{') return false;
        const std::size_t before = at == 0 ? at : text.find_last_not_of(" \t\r\n", at - 1);
        return at == 0 || before == std::string_view::npos ||
               std::string_view("=([,:?").find(text[before]) == std::string_view::npos;
    };
    for (std::size_t at = text.find_first_of("[{"); at != std::string_view::npos; at = text.find_first_of("[{", at)) {
        if (is_block(at)) {
            ++at;
            continue;
        }
        std::size_t first = 0;
        if (++attempts > 200'000) break;
        const std::optional<std::size_t> end = data.end(at, first);
        if (!end) {
            ++at;
            continue;
        }
        if (*end - at >= k_bulk && first > at && first < *end) {
            keep_strings(text.substr(first, *end - 1 - first), first, strings);
            for (std::size_t index = first; index + 1 < *end; ++index)
                if (out[index] != '\n' && out[index] != '\r') out[index] = ' ';
        }
        at = *end;
    }
    return out;
}

}  // namespace spawnai::validate::checker
