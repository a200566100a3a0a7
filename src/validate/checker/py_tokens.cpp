#include "py_tokens.hpp"

#include <algorithm>
#include <array>
#include <cctype>

namespace spawnai::validate::checker {
namespace {

bool word_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool word(char c) {
    return word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

constexpr std::array<std::string_view, 26> k_long_operators{
    "**=", "//=", ">>=", "<<=", "...", "!=", "->", ":=", "==", "<=", ">=", "+=", "-=",
    "*=",  "/=",  "%=",  "@=",  "&=",  "|=", "^=", "**", "//", "<<", ">>", "<>", "=="};

class Tokenizer {
 public:
    Tokenizer(std::string_view text, std::vector<Comment>& comments) : text_(text), comments_(comments) {}

    std::vector<PyTokenAt> run() {
        std::size_t at = text_.substr(0, 3) == "\xEF\xBB\xBF" ? 3 : 0;
        bool line_start = true;
        while (at < text_.size()) {
            if (line_start && brackets_.empty()) {
                line_start = false;
                at = indentation(at, line_start);
                continue;
            }
            const char c = text_[at];
            if (c == '\n' || c == '\r') {
                const std::size_t next = c == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n' ? at + 2 : at + 1;
                if (brackets_.empty()) {
                    if (!tokens_.empty() && tokens_.back().kind != PyToken::newline &&
                        tokens_.back().kind != PyToken::indent && tokens_.back().kind != PyToken::dedent)
                        add(PyToken::newline, at, next);
                    line_start = true;
                }
                at = next;
            } else if (c == ' ' || c == '\t' || c == '\f') {
                ++at;
            } else if (c == '#') {
                const std::size_t end = line_end(at);
                comments_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)});
                at = end;
            } else if (c == '\\') {
                std::size_t next = at + 1;
                if (next < text_.size() && text_[next] == '\r') ++next;
                if (next < text_.size() && text_[next] == '\n') ++next;
                if (next == at + 1) throw PyError{"unexpected character after line continuation character", at};
                at = next;
            } else if (word_start(c) || c == '"' || c == '\'') {
                at = word_or_string(at);
            } else if (std::isdigit(static_cast<unsigned char>(c)) != 0 ||
                       (c == '.' && at + 1 < text_.size() &&
                        std::isdigit(static_cast<unsigned char>(text_[at + 1])) != 0)) {
                at = number(at);
            } else {
                at = op(at);
            }
        }
        if (!brackets_.empty())
            throw PyError{std::string("'") + brackets_.back().first + "' was never closed", brackets_.back().second};
        if (!tokens_.empty() && tokens_.back().kind != PyToken::newline)
            add(PyToken::newline, text_.size(), text_.size());
        while (indents_.size() > 1) {
            indents_.pop_back();
            add(PyToken::dedent, text_.size(), text_.size());
        }
        add(PyToken::end, text_.size(), text_.size());
        return std::move(tokens_);
    }

 private:
    void add(PyToken kind, std::size_t start, std::size_t end) {
        tokens_.push_back({kind, static_cast<std::uint32_t>(start), static_cast<std::uint32_t>(end),
                           text_.substr(start, end - start)});
    }
    [[nodiscard]] std::size_t line_end(std::size_t at) const {
        while (at < text_.size() && text_[at] != '\n' && text_[at] != '\r') ++at;
        return at;
    }

    /// Sets `again` when the line was blank or a comment, so that the next one begins afresh.
    std::size_t indentation(std::size_t at, bool& again) {
        std::size_t column = 0;
        std::size_t begin = at;
        while (at < text_.size() && (text_[at] == ' ' || text_[at] == '\t' || text_[at] == '\f')) {
            column = text_[at] == '\t' ? (column / 8 + 1) * 8 : text_[at] == '\f' ? 0 : column + 1;
            ++at;
        }
        if (at >= text_.size()) return at;
        const char c = text_[at];
        again = c == '\n' || c == '\r' || c == '#';
        if (c == '\n' || c == '\r')
            return c == '\r' && at + 1 < text_.size() && text_[at + 1] == '\n' ? at + 2 : at + 1;
        if (c == '#') {
            const std::size_t end = line_end(at);
            comments_.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end)});
            std::size_t next = end;
            if (next < text_.size() && text_[next] == '\r') ++next;
            if (next < text_.size() && text_[next] == '\n') ++next;
            return next;
        }
        if (column > indents_.back()) {
            indents_.push_back(column);
            add(PyToken::indent, begin, at);
        }
        while (column < indents_.back()) {
            indents_.pop_back();
            add(PyToken::dedent, at, at);
        }
        if (column != indents_.back()) throw PyError{"unindent does not match any outer indentation level", at};
        return at;
    }

    std::size_t word_or_string(std::size_t at) {
        std::size_t end = at;
        while (end < text_.size() && word(text_[end])) ++end;
        if (end < text_.size() && (text_[end] == '"' || text_[end] == '\'') && end - at <= 2) {
            bool prefix = true;
            for (std::size_t index = at; index < end; ++index)
                prefix = prefix && std::string_view("rRbBuUfFtT").find(text_[index]) != std::string_view::npos;
            if (prefix) return string(at, end);
        }
        add(PyToken::name, at, end);
        return end;
    }

    std::size_t string(std::size_t start, std::size_t quote_at) {
        const char quote = text_[quote_at];
        const bool triple = text_.substr(quote_at, 3) == std::string(3, quote);
        bool formatted = false;
        bool raw = false;
        for (std::size_t index = start; index < quote_at; ++index) {
            formatted = formatted || std::tolower(static_cast<unsigned char>(text_[index])) == 'f' ||
                        std::tolower(static_cast<unsigned char>(text_[index])) == 't';
            raw = raw || std::tolower(static_cast<unsigned char>(text_[index])) == 'r';
        }
        std::size_t at = quote_at + (triple ? 3 : 1);
        while (at < text_.size()) {
            const char c = text_[at];
            if (c == '\\') {
                at += text_.substr(at, 3) == "\\\r\n" ? 3U : 2U;
                continue;
            }
            if (formatted && c == '{') {
                if (at + 1 < text_.size() && text_[at + 1] == '{') {
                    at += 2;
                    continue;
                }
                // Since 3.12 a replacement field may hold the same quotes again.
                const std::size_t close = field_end(at, triple, quote);
                if (close != std::string_view::npos) {
                    at = close;
                    continue;
                }
            }
            if (!triple && (c == '\n' || c == '\r')) throw PyError{"unterminated string literal", start};
            if (c == quote && (!triple || text_.substr(at, 3) == std::string(3, quote))) {
                const std::size_t end = at + (triple ? 3 : 1);
                add(PyToken::string, start, end);
                return end;
            }
            ++at;
        }
        throw PyError{triple ? "unterminated triple-quoted string literal" : "unterminated string literal", start};
    }

    /// Whether the line that ends at `end` leaves the field at `at` where an expression has to go on. A string that somebody forgot to
    /// close looks different.
    [[nodiscard]] bool field_goes_on(std::size_t at, std::size_t end) const {
        const std::size_t last = text_.find_last_not_of(" \t", end - 1);
        const std::size_t next = text_.find_first_not_of(" \t\r\n", end);
        const auto in = [&](std::size_t place, std::string_view set) {
            return place != std::string_view::npos && set.find(text_[place]) != std::string_view::npos;
        };
        return last >= at && (in(last, "{,+-*/%|&=:\n\r") || in(next, "}!:"));
    }

    /// The position after the '}' that closes the field at `at`, or npos when there is none before the line or string ends.
    [[nodiscard]] std::size_t field_end(std::size_t at, bool triple, char quote) const {
        int depth = 0;
        for (std::size_t index = at; index < text_.size(); ++index) {
            const char c = text_[index];
            // Since 3.12 a field may go over several lines, in brackets of its own or not.
            if (!triple && (c == '\n' || c == '\r') && (index - at > 1500 || (depth < 2 && !field_goes_on(at, index))))
                return std::string_view::npos;
            if (triple && text_.substr(index, 3) == std::string(3, quote)) return std::string_view::npos;
            if (c == '{' || c == '(' || c == '[') ++depth;
            if (c == '}' || c == ')' || c == ']') {
                if (--depth == 0) return index + 1;
            }
            if (c == '"' || c == '\'') {
                std::size_t end = index + 1;
                while (end < text_.size() && text_[end] != c && text_[end] != '\n') end += text_[end] == '\\' ? 2U : 1U;
                if (end >= text_.size() || text_[end] != c) return std::string_view::npos;
                index = end;
            }
        }
        return std::string_view::npos;
    }

    std::size_t number(std::size_t at) {
        std::size_t end = at;
        const bool prefixed = text_[at] == '0' && at + 1 < text_.size() &&
                              std::string_view("xXoObB").find(text_[at + 1]) != std::string_view::npos;
        bool point = false;
        bool exponent = false;
        for (; end < text_.size(); ++end) {
            const char c = text_[end];
            if (c == '.' && !prefixed && !point && !exponent) {
                point = true;
            } else if ((c == '+' || c == '-') && !prefixed && exponent &&
                       (text_[end - 1] == 'e' || text_[end - 1] == 'E')) {
                continue;
            } else if (word(c)) {
                if ((c == 'e' || c == 'E') && !prefixed && end + 1 < text_.size() &&
                    (std::isdigit(static_cast<unsigned char>(text_[end + 1])) != 0 || text_[end + 1] == '+' ||
                     text_[end + 1] == '-'))
                    exponent = true;
            } else {
                break;
            }
        }
        // `1if x else 2` and `0or 1` are numbers followed by a word.
        const std::string_view token = text_.substr(at, end - at);
        if (!prefixed) {
            for (const std::string_view keyword : {"if", "else", "or", "and", "in", "is", "for", "not"}) {
                const std::size_t found = token.find(keyword);
                if (found != std::string_view::npos && found > 0) {
                    end = at + found;
                    break;
                }
            }
        }
        add(PyToken::number, at, end);
        return end;
    }

    std::size_t op(std::size_t at) {
        const char c = text_[at];
        for (const std::string_view candidate : k_long_operators)
            if (text_.substr(at, candidate.size()) == candidate) {
                add(PyToken::op, at, at + candidate.size());
                return at + candidate.size();
            }
        if (c == '(' || c == '[' || c == '{') {
            if (brackets_.size() >= 200) throw PyError{"too many nested parentheses", at};
            brackets_.emplace_back(c, at);
        } else if (c == ')' || c == ']' || c == '}') {
            if (brackets_.empty()) throw PyError{std::string("unmatched '") + c + "'", at};
            const char open = brackets_.back().first;
            if ((open == '(' && c != ')') || (open == '[' && c != ']') || (open == '{' && c != '}'))
                throw PyError{
                    std::string("closing parenthesis '") + c + "' does not match opening parenthesis '" + open + "'",
                    at};
            brackets_.pop_back();
        } else if (std::string_view("+-*/%@&|^~<>=.,:;!").find(c) == std::string_view::npos) {
            throw PyError{"invalid character", at};
        }
        add(PyToken::op, at, at + 1);
        return at + 1;
    }

    std::string_view text_;
    std::vector<Comment>& comments_;
    std::vector<PyTokenAt> tokens_;
    std::vector<std::size_t> indents_{0};
    std::vector<std::pair<char, std::size_t>> brackets_;
};

}  // namespace

std::vector<PyTokenAt> python_tokens(std::string_view text, std::vector<Comment>& comments) {
    return Tokenizer(text, comments).run();
}

bool PyString::has(char letter) const {
    return std::any_of(prefix.begin(), prefix.end(),
                       [&](char c) { return std::tolower(static_cast<unsigned char>(c)) == letter; });
}

PyString python_string(const PyTokenAt& token) {
    PyString made;
    std::size_t quote = 0;
    while (token.text[quote] != '"' && token.text[quote] != '\'') ++quote;
    made.prefix = token.text.substr(0, quote);
    const std::size_t width =
        token.text.substr(quote, 3) == std::string(3, token.text[quote]) && token.text.size() - quote >= 6 ? 3 : 1;
    made.body = token.text.substr(quote + width, token.text.size() - quote - 2 * width);
    made.body_start = token.start + static_cast<std::uint32_t>(quote + width);
    return made;
}

}  // namespace spawnai::validate::checker
