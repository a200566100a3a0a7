#include "surface.hpp"

#include "evaluate.hpp"
#include "fold.hpp"
#include "sinks.hpp"
#include "sources.hpp"

#include <algorithm>
#include <cctype>
#include <optional>
#include <string>
#include <unordered_map>

namespace spawnai::validate::checker {
namespace {

constexpr std::size_t k_max_events = 3000;
constexpr std::size_t k_max_strings = 3000;
constexpr std::size_t k_max_comments = 2000;
constexpr std::size_t k_max_text = 4096;
constexpr std::size_t k_call = 300;  ///< tokens of one call that are looked at
constexpr std::size_t k_short_call = 16;
constexpr std::size_t k_work = 3'000'000;  ///< tokens looked at in calls before less of each is
constexpr std::size_t k_chunk = 4U << 20U;
constexpr std::size_t k_max_names = 20'000;

enum class Token : std::uint8_t { word, string, number, sign };

struct Piece {
    Token token = Token::sign;
    std::uint32_t at = 0;
    std::uint32_t end = 0;
    char sign = 0;
};

bool word_start(char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == '_' || c == '$' ||
           static_cast<unsigned char>(c) >= 0x80;
}
bool word_char(char c) {
    return word_start(c) || std::isdigit(static_cast<unsigned char>(c)) != 0;
}

/// Text of a string as the program sees it: the common escapes undone, so that "\x65val" is no hiding place.
std::string plain(std::string_view raw) {
    std::string out;
    for (std::size_t at = 0; at < raw.size() && out.size() < k_max_text; ++at) {
        if (raw[at] != '\\' || at + 1 >= raw.size()) {
            out.push_back(static_cast<unsigned char>(raw[at]) < 0x80 ? raw[at] : '\x01');
            continue;
        }
        const char c = raw[++at];
        const std::size_t digits = c == 'x' ? 2 : c == 'u' ? 4 : 0;
        if (digits != 0 && at + digits < raw.size()) {
            const long code = std::strtol(std::string(raw.substr(at + 1, digits)).c_str(), nullptr, 16);
            out.push_back(code > 0 && code < 0x7F ? static_cast<char>(code) : '\x01');
            at += digits;
        } else {
            out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c);
        }
    }
    return out;
}

class Surface {
 public:
    /// `eager`: a slash after a bracket begins a regular expression. Only the grammar could tell, so both are tried.
    Surface(std::string_view text, std::size_t base, Language language, bool eager, CodeFacts& facts)
        : text_(text), base_(base), language_(language), eager_(eager), facts_(facts) {}

    [[nodiscard]] bool ambiguous() const noexcept { return ambiguous_; }

    void run() {
        split();
        // What a name holds may be said after its use, and in terms of another name.
        for (int round = 0; round < 2; ++round) names();
        for (std::size_t index = 0; index < pieces_.size(); ++index) {
            const Piece& piece = pieces_[index];
            if (piece.token == Token::string) keep_string(index);
            if (piece.token == Token::word && !after_dot(index)) call(index);
        }
    }

 private:
    /// Strings without their quotes; template literals are strings too, and what they hold between ${ and } is read as code.
    void split() {
        std::size_t at = 0;
        std::vector<std::size_t> templates;  // braces open in each ${
        while (at < text_.size()) {
            const char c = text_[at];
            if (std::isspace(static_cast<unsigned char>(c)) != 0) {
                ++at;
            } else if (language_ == Language::javascript &&
                       (text_.substr(at, 2) == "//" || text_.substr(at, 2) == "/*")) {
                const bool line = text_[at + 1] == '/';
                std::size_t end = text_.find(line ? "\n" : "*/", at + 2);
                end = end == std::string_view::npos ? text_.size() : line ? end : end + 2;
                comment(at, end);
                at = end;
            } else if (language_ == Language::python && c == '#') {
                const std::size_t end = std::min(text_.find('\n', at), text_.size());
                comment(at, end);
                at = end;
            } else if (c == '"' || c == '\'') {
                at = string(at);
            } else if (c == '`' && language_ == Language::javascript) {
                at = template_text(at + 1, templates);
            } else if (c == '}' && !templates.empty() && templates.back() == 0) {
                templates.pop_back();
                at = template_text(at + 1, templates);
            } else if (word_start(c)) {
                std::size_t end = at;
                while (end < text_.size() && word_char(text_[end])) ++end;
                add(Token::word, at, end);
                at = end;
            } else if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
                std::size_t end = at;
                while (end < text_.size() && (word_char(text_[end]) || text_[end] == '.')) ++end;
                add(Token::number, at, end);
                at = end;
            } else if (c == '/' && language_ == Language::javascript && starts_pattern()) {
                at = pattern(at);
            } else {
                if (!templates.empty() && c == '{') ++templates.back();
                if (!templates.empty() && c == '}') --templates.back();
                add(Token::sign, at, at + 1, c);
                ++at;
            }
        }
    }

    void add(Token token, std::size_t at, std::size_t end, char sign = 0) {
        pieces_.push_back({token, static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(end), sign});
    }

    void comment(std::size_t at, std::size_t end) {
        if (facts_.comments.size() < k_max_comments)
            facts_.comments.push_back(
                {std::string(text_.substr(at, std::min<std::size_t>(end - at, 600))), base_ + at});
    }

    std::size_t string(std::size_t at) {
        const char quote = text_[at];
        const std::string_view three = text_.substr(at, 3);
        const bool triple =
            language_ == Language::python && three.size() == 3 && three[1] == quote && three[2] == quote;
        if (triple) {
            const std::size_t close = text_.find(three, at + 3);
            const std::size_t end = std::min(close, text_.size());
            add(Token::string, at + 3, end);
            return std::min(end + 3, text_.size());
        }
        std::size_t end = at + 1;
        while (end < text_.size() && text_[end] != quote && text_[end] != '\n') end += text_[end] == '\\' ? 2U : 1U;
        end = std::min(end, text_.size());
        add(Token::string, at + 1, end);
        return std::min(end + 1, text_.size());
    }

    std::size_t template_text(std::size_t at, std::vector<std::size_t>& templates) {
        std::size_t end = at;
        while (end < text_.size() && text_[end] != '`' && text_.substr(end, 2) != "${")
            end += text_[end] == '\\' ? 2U : 1U;
        end = std::min(end, text_.size());
        add(Token::string, at, end);
        if (end < text_.size() && text_[end] == '$') {
            templates.push_back(0);
            return end + 2;
        }
        return std::min(end + 1, text_.size());
    }

    /// Whether a slash begins a regular expression, by what stands before it.
    [[nodiscard]] bool starts_pattern() {
        if (pieces_.empty()) return true;
        const Piece& last = pieces_.back();
        if (last.token == Token::word) {
            const std::string_view word = view(last);
            return word == "return" || word == "typeof" || word == "case" || word == "in" || word == "of";
        }
        if (last.token != Token::sign || last.sign == ']') return false;
        if (last.sign != ')' && last.sign != '}') return true;
        ambiguous_ = true;
        return eager_;
    }
    /// After a regular expression, or after the slash alone when none ends on its line.
    std::size_t pattern(std::size_t at) {
        bool in_class = false;
        for (std::size_t end = at + 1; end < text_.size() && end < at + 2000 && text_[end] != '\n'; ++end) {
            const char c = text_[end];
            if (c == '\\') {
                ++end;
            } else if (c == '[') {
                in_class = true;
            } else if (c == ']') {
                in_class = false;
            } else if (c == '/' && !in_class) {
                add(Token::number, at, end + 1);
                return end + 1;
            }
        }
        add(Token::sign, at, at + 1, '/');
        return at + 1;
    }

    [[nodiscard]] std::string_view view(const Piece& piece) const {
        return text_.substr(piece.at, piece.end - piece.at);
    }
    [[nodiscard]] bool is_sign(std::size_t index, char sign) const {
        return index < pieces_.size() && pieces_[index].token == Token::sign && pieces_[index].sign == sign;
    }
    [[nodiscard]] bool is_word(std::size_t index, std::string_view word) const {
        return index < pieces_.size() && pieces_[index].token == Token::word && view(pieces_[index]) == word;
    }
    [[nodiscard]] bool after_dot(std::size_t index) const { return index > 0 && is_sign(index - 1, '.'); }

    void keep_string(std::size_t index) {
        if (facts_.strings.size() >= k_max_strings) return;
        // 'a' + 'b' is one text.
        if (index >= 2 && is_sign(index - 1, '+') && pieces_[index - 2].token == Token::string) return;
        std::string text = plain(view(pieces_[index]));
        for (std::size_t next = index + 1; is_sign(next, '+') && next + 1 < pieces_.size() &&
                                           pieces_[next + 1].token == Token::string && text.size() < k_max_text;
             next += 2)
            text += plain(view(pieces_[next + 1]));
        if (text.size() >= 3) facts_.strings.push_back({std::move(text), base_ + pieces_[index].at});
    }

    /// a.b["c"].d from the word at `index`; `index` moves to what follows. require('x') counts as the module.
    std::string path(std::size_t& index) const {
        std::string made(view(pieces_[index++]));
        const auto bracket = [&](char open, char close) {
            return is_sign(index, open) && index + 2 < pieces_.size() && pieces_[index + 1].token == Token::string &&
                   is_sign(index + 2, close);
        };
        if ((made == "require" || made == "__import__" || made == "import_module") && bracket('(', ')')) {
            made = plain(view(pieces_[index + 1]));
            if (made.rfind("node:", 0) == 0) made.erase(0, 5);
            index += 3;
        } else if (const auto found = names_.find(made); found != names_.end() && !found->second.path.empty()) {
            made = found->second.path;
        }
        for (std::size_t parts = 0; parts < 12; ++parts) {
            if (is_sign(index, '?') && is_sign(index + 1, '.')) ++index;
            if (is_sign(index, '.') && index + 1 < pieces_.size() && pieces_[index + 1].token == Token::word) {
                made += '.';
                made += view(pieces_[index + 1]);
                index += 2;
            } else if (bracket('[', ']')) {
                made += '.' + plain(view(pieces_[index + 1]));
                index += 3;
            } else {
                break;
            }
        }
        return canonical(std::move(made), language_);
    }

    struct Held {
        std::string path;         ///< alias of a module or function
        std::uint32_t taint = 0;  ///< of all that it is set to
        std::string text;         ///< its constant text
        std::size_t times = 0;
    };

    /// Names and what they are set to. Short names are those of minified code, where one name is a hundred things.
    void names() {
        std::unordered_map<std::string, Held> found;
        for (std::size_t index = 0; index + 2 < pieces_.size(); ++index) {
            if (pieces_[index].token != Token::word) continue;
            if (language_ == Language::python && (is_word(index, "import") || is_word(index, "from"))) {
                python_import(index, found);
                continue;
            }
            if (is_word(index, "from") && pieces_[index + 1].token == Token::string) {
                javascript_import(index, found);
                continue;
            }
            if (is_word(index, "require") && index > 2 && is_sign(index - 1, '=') && is_sign(index - 2, '}')) {
                destructured(index, found);
                continue;
            }
            if (!is_sign(index + 1, '=') || is_sign(index + 2, '=') || is_sign(index + 2, '>') || after_dot(index)) {
                if (!(is_sign(index + 1, '+') && is_sign(index + 2, '=')) || after_dot(index)) continue;
            }
            const std::string name(view(pieces_[index]));
            if (name.size() < 3 || found.size() > k_max_names) continue;
            Held& held = found[name];
            ++held.times;
            const Value value = this->value(index + 2, statement_end(index + 2));
            held.taint |= value.taint;
            if (held.times == 1) {
                held.path = value.path;
                if (value.exact) held.text = value.text;
            } else {
                held.path.clear();
                held.text.clear();
            }
        }
        for (auto at = found.begin(); at != found.end();) at = at->second.times > 3 ? found.erase(at) : std::next(at);
        names_ = std::move(found);
    }

    /// const {exec, spawn: run} = require('child_process')
    void destructured(std::size_t require, std::unordered_map<std::string, Held>& found) const {
        std::size_t after = require;
        const std::string module = path(after);
        std::size_t begin = require - 2;
        while (begin > 0 && require - begin < 80 && !is_sign(begin, '{')) --begin;
        for (std::size_t at = begin + 1; at < require - 2; ++at) {
            if (pieces_[at].token != Token::word) continue;
            std::string name(view(pieces_[at]));
            const std::string member = name;
            if (is_sign(at + 1, ':') && pieces_[at + 2].token == Token::word) {
                name = std::string(view(pieces_[at + 2]));
                at += 2;
            }
            found[name] = {module + "." + member, 0, {}, 1};
        }
    }
    /// import run, {exec as start} from 'child_process', read from its end.
    void javascript_import(std::size_t from, std::unordered_map<std::string, Held>& found) const {
        std::string module = plain(view(pieces_[from + 1]));
        if (module.rfind("node:", 0) == 0) module.erase(0, 5);
        for (std::size_t index = from; index > 0 && from - index < 60; --index) {
            const Piece& piece = pieces_[index - 1];
            if (piece.token != Token::word) {
                if (piece.token == Token::sign && std::string_view("{},*").find(piece.sign) != std::string_view::npos)
                    continue;
                return;
            }
            const std::string name(view(piece));
            if (name == "import") return;
            if (name == "as") continue;
            const bool whole = index >= 2 && (is_word(index - 2, "import") || is_word(index - 2, "as"));
            found[name] = {whole ? module : module + "." + name, 0, {}, 1};
        }
    }
    void python_import(std::size_t index, std::unordered_map<std::string, Held>& found) const {
        const bool from = is_word(index, "from");
        std::string module;
        std::size_t at = index + 1;
        const auto dotted = [&] {
            std::string made;
            while (at < pieces_.size() && pieces_[at].token == Token::word) {
                made += view(pieces_[at++]);
                if (!is_sign(at, '.')) break;
                made += '.';
                ++at;
            }
            return made;
        };
        if (from) {
            module = dotted();
            if (!is_word(at, "import")) return;
            ++at;
        }
        for (std::size_t count = 0; count < 40 && at < pieces_.size(); ++count) {
            if (is_sign(at, '(') || is_sign(at, ',')) {
                ++at;
                continue;
            }
            // Only on one line, or in brackets.
            const std::size_t begin = at;
            const std::string name = dotted();
            if (name.empty()) return;
            std::string local = name;
            if (is_word(at, "as") && at + 1 < pieces_.size()) {
                local = std::string(view(pieces_[at + 1]));
                at += 2;
            }
            if (from || local != name) found[local] = {from ? module + "." + name : name, 0, {}, 1};
            if (!is_sign(at, ',') || at == begin) return;
        }
    }

    [[nodiscard]] std::size_t reach() const { return work_ < k_work ? k_call : k_short_call; }

    /// Where the statement ends that the piece at `index` belongs to, as far as that shows.
    [[nodiscard]] std::size_t statement_end(std::size_t index) const {
        int depth = 0;
        const std::size_t last = std::min(pieces_.size(), index + reach());
        for (std::size_t at = index; at < last; ++at) {
            const Piece& piece = pieces_[at];
            if (depth == 0 && at > index && piece.token != Token::sign && pieces_[at - 1].token != Token::sign &&
                text_.substr(pieces_[at - 1].end, piece.at - pieces_[at - 1].end).find('\n') != std::string_view::npos)
                return at;
            if (piece.token != Token::sign) continue;
            if (piece.sign == '(' || piece.sign == '[' || piece.sign == '{') ++depth;
            if ((piece.sign == ')' || piece.sign == ']' || piece.sign == '}') && --depth < 0) return at;
            if (depth == 0 && (piece.sign == ';' || piece.sign == ',')) return at;
        }
        return last;
    }

    /// The value of the pieces from `begin` to `end`: its constant text when it is a string or a sum of strings.
    Value value(std::size_t begin, std::size_t end) const {
        Value made;
        made.exact = begin < end;
        bool after_plus = true;
        for (std::size_t index = begin; index < end;) {
            const Piece& piece = pieces_[index];
            ++work_;
            if (piece.token == Token::string) {
                made.exact = made.exact && after_plus;
                if (made.text.size() < k_max_text) made.text += plain(view(piece));
                after_plus = false;
                ++index;
            } else if (piece.token == Token::word && !after_dot(index)) {
                const std::size_t first = index;
                const std::string word(view(piece));
                std::string path = this->path(index);
                const bool called = is_sign(index, '(');
                const auto held = names_.find(word);
                if (held != names_.end()) {
                    made.taint |= held->second.taint;
                    if (!held->second.text.empty() && held->second.times == 1 && !called && index == first + 1) {
                        if (made.text.size() < k_max_text) made.text += held->second.text;
                        after_plus = false;
                        continue;
                    }
                }
                made.taint |= taint(path, called, index);
                if (path == "process.env" || path == "os.environ") made.taint |= environment(index);
                if (first == begin) made.path = called ? path + "()" : path;
                made.exact = false;
                if (made.text.empty() || made.text.back() != k_hole) made.text += k_hole;
            } else {
                if (piece.token == Token::sign && piece.sign == '+') {
                    after_plus = true;
                } else if (piece.token != Token::sign ||
                           std::string_view("()").find(piece.sign) == std::string_view::npos) {
                    made.exact = false;
                }
                ++index;
            }
        }
        return made;
    }

    /// process.env as a whole; not with a name behind it.
    [[nodiscard]] std::uint32_t environment(std::size_t after) const {
        return is_sign(after, '.') || is_sign(after, '[') ? 0U : static_cast<std::uint32_t>(t_environment);
    }

    [[nodiscard]] std::uint32_t taint(const std::string& path, bool called, std::size_t open) const {
        std::uint32_t made = source_taint(called ? path + "()" : path, language_);
        // One variable is not the environment.
        if (path.rfind("process.env.", 0) == 0 || path.rfind("os.environ.", 0) == 0)
            made &= ~static_cast<std::uint32_t>(t_environment);
        if (path == "process.env" && !called) made &= ~static_cast<std::uint32_t>(t_environment);
        if (path == "os.environ" && !called) made &= ~static_cast<std::uint32_t>(t_environment);
        if (!called || !folds(path)) return made;
        const bool buffer = path == "Buffer.from" || path == "Buffer";
        const bool text_only = path == "JSON.stringify" || path == "String" || path == "str" || path == "Number" ||
                               path == "parseInt" || path == "path.join" || path == "path.resolve" || path == "btoa" ||
                               path == "os.path.join" || path == "os.path.expanduser" || path == "open" ||
                               path == "bytes" || path == "chr" || path.rfind("encodeURI", 0) == 0 ||
                               path.rfind("decodeURI", 0) == 0;
        bool encoded = !text_only && !buffer;
        if (buffer)
            for (std::size_t at = open; at < std::min(open + 12, pieces_.size()) && !is_sign(at, ')'); ++at)
                encoded = encoded || (pieces_[at].token == Token::string &&
                                      (view(pieces_[at]) == "base64" || view(pieces_[at]) == "hex"));
        return encoded ? made | t_decoded : made;
    }

    /// Whether the word at `begin`, with what hangs on it, is called. Most are not, and making their paths would take the time.
    [[nodiscard]] bool is_called(std::size_t begin) const {
        std::size_t at = begin + 1;
        if ((is_word(begin, "require") || is_word(begin, "__import__") || is_word(begin, "import_module")) &&
            is_sign(at, '('))
            return true;
        for (std::size_t parts = 0; parts < 13; ++parts) {
            if (is_sign(at, '(')) return true;
            if (is_sign(at, '?')) ++at;
            if (is_sign(at, '.'))
                at += 2;
            else if (is_sign(at, '['))
                at += 3;
            else
                return false;
        }
        return false;
    }

    void call(std::size_t begin) {
        if (!is_called(begin)) return;
        std::size_t index = begin;
        const std::string path = this->path(index);
        const std::size_t offset = base_ + pieces_[begin].at;
        if (path == "require" || path == "__import__") return;
        if (!is_sign(index, '(') || facts_.events.size() >= k_max_events) return;
        const Sink* sink = find_sink(path, language_);
        const bool function = path == "Function";
        if (sink == nullptr && !function) return;
        // The other kinds need to know where they stand: a loop, a handler, a function that is reached.
        static constexpr Act k_kinds[] = {Act::send, Act::code, Act::shell,  Act::program, Act::mail,    Act::read_file,
                                          Act::walk, Act::pipe, Act::markup, Act::wallet,  Act::delete_, Act::module};
        const Act act = function ? Act::code : sink->act;
        if (std::find(std::begin(k_kinds), std::end(k_kinds), act) == std::end(k_kinds)) return;
        if (act == Act::module && path == "importScripts") return;

        std::vector<Value> given;
        std::size_t at = index + 1;
        const std::size_t last = std::min(pieces_.size(), index + reach());
        while (at < last && !is_sign(at, ')')) {
            const std::size_t end = statement_end(at);
            given.push_back(value(at, std::min(end, last)));
            at = is_sign(end, ',') ? end + 1 : end;
            if (!is_sign(end, ',')) break;
        }
        const auto pick = [&](int number) -> Value {
            if (number == -2) {
                Value receiver;
                receiver.path = path.substr(0, path.rfind('.'));
                return receiver;
            }
            if (number < 0 || static_cast<std::size_t>(number) >= given.size()) return {};
            return given[static_cast<std::size_t>(number)];
        };
        Value target = function ? Value{} : pick(sink->target);
        Value data = function ? (given.empty() ? Value{} : given.back()) : pick(sink->data);
        if (act == Act::send || act == Act::mail)
            for (const Value& one : given) data.taint |= one.taint;
        // What a call is chained to, as in sock.connect(..).pipe(..), is behind its brackets.
        Event event;
        event.act = act;
        event.name = path;
        event.target = std::move(target);
        event.data = std::move(data);
        event.offset = offset;
        facts_.events.push_back(std::move(event));
    }

    std::string_view text_;
    std::size_t base_;
    Language language_;
    bool eager_;
    bool ambiguous_ = false;
    mutable std::size_t work_ = 0;
    CodeFacts& facts_;
    std::vector<Piece> pieces_;
    std::unordered_map<std::string, Held> names_;
};

}  // namespace

void read_surface(std::string_view text, std::size_t base, Language language, CodeFacts& facts) {
    // In pieces, so that memory is bounded whatever the size.
    for (std::size_t at = 0; at < text.size();) {
        std::size_t size = std::min(k_chunk, text.size() - at);
        if (at + size < text.size())
            if (const std::size_t newline = text.rfind('\n', at + size);
                newline != std::string_view::npos && newline > at)
                size = newline + 1 - at;
        const std::string_view chunk = text.substr(at, size);
        Surface first(chunk, base + at, language, false, facts);
        first.run();
        if (first.ambiguous()) {
            CodeFacts more;
            Surface(chunk, base + at, language, true, more).run();
            for (Event& event : more.events)
                if (std::none_of(facts.events.begin(), facts.events.end(),
                                 [&](const Event& known) { return known.offset == event.offset; }))
                    facts.events.push_back(std::move(event));
        }
        at += size;
    }
}

}  // namespace spawnai::validate::checker
