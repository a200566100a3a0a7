#include "py_tree.hpp"

#include "py_tokens.hpp"

#include <algorithm>
#include <optional>
#include <set>

namespace spawnai::validate::checker {
namespace {

constexpr int k_max_depth = 400;

bool is_keyword(std::string_view text) {
    static constexpr std::string_view k_keywords[] = {
        "False", "None",     "True",  "and",    "as",   "assert", "async",  "await",    "break",
        "class", "continue", "def",   "del",    "elif", "else",   "except", "finally",  "for",
        "from",  "global",   "if",    "import", "in",   "is",     "lambda", "nonlocal", "not",
        "or",    "pass",     "raise", "return", "try",  "while",  "with",   "yield"};
    return std::find(std::begin(k_keywords), std::end(k_keywords), text) != std::end(k_keywords);
}

struct TooDeepPython {};

class Parser {
 public:
    Parser(std::string_view source, Arena& arena, std::vector<Comment>& comments, std::uint32_t base = 0)
        : source_(source), arena_(arena), base_(base), tokens_(python_tokens(source, comments)) {}

    Node* program() {
        Node* root = make(Kind::program);
        blocks_.emplace_back();
        while (!is(PyToken::end)) {
            if (is(PyToken::indent)) fail("unexpected indent");
            statement(root->list);
        }
        close_block();
        root->end = static_cast<std::uint32_t>(source_.size());
        return root;
    }

    /// One expression that fills the whole text: a replacement field of a formatted string.
    Node* whole_expression() {
        Node* made = star_expressions();
        if (is_op("=")) next();
        while (is(PyToken::newline)) next();
        if (!is(PyToken::end)) fail("invalid syntax");
        return made;
    }

 private:
    /// A module, function or class while it is read: what the interpreter checks after the grammar, before it runs anything.
    struct Block {
        enum class Kind { module, function, class_ } kind = Kind::module;
        bool async = false;
        int loops = 0;
        bool matches = false;  ///< patterns bind names that are not read here
        std::set<std::string_view> bound;
        std::vector<std::pair<std::string_view, std::size_t>> nonlocals;  ///< needed here by functions inside
    };

    void open_block(Block::Kind kind, bool async) {
        Block& made = blocks_.emplace_back();
        made.kind = kind;
        made.async = async;
    }
    void close_block() {
        const Block done = std::move(blocks_.back());
        blocks_.pop_back();
        for (const auto& [name, at] : done.nonlocals) {
            const bool here = done.kind == Block::Kind::function && (done.matches || done.bound.count(name) != 0);
            if (here) continue;
            if (blocks_.empty()) throw PyError{"no binding for nonlocal '" + std::string(name) + "' found", at};
            blocks_.back().nonlocals.emplace_back(name, at);
        }
    }
    void bound(std::string_view name) {
        if (!blocks_.empty() && !in_comprehension_) blocks_.back().bound.insert(name);
    }
    [[nodiscard]] bool in_function() const { return blocks_.empty() || blocks_.back().kind == Block::Kind::function; }
    [[nodiscard]] bool in_async() const { return blocks_.empty() || (in_function() && blocks_.back().async); }

    struct Depth {
        explicit Depth(int& value) : value_(value) {
            if (++value_ > k_max_depth) throw TooDeepPython{};
        }
        ~Depth() { --value_; }
        Depth(const Depth&) = delete;
        Depth& operator=(const Depth&) = delete;
        int& value_;
    };

    [[nodiscard]] const PyTokenAt& now() const { return tokens_[at_]; }
    [[nodiscard]] const PyTokenAt& ahead(std::size_t count) const {
        return tokens_[std::min(at_ + count, tokens_.size() - 1)];
    }
    void next() {
        if (at_ + 1 < tokens_.size()) ++at_;
    }
    [[nodiscard]] bool is(PyToken kind) const { return now().kind == kind; }
    [[nodiscard]] bool is_op(std::string_view text) const { return now().kind == PyToken::op && now().text == text; }
    [[nodiscard]] bool is_word(std::string_view text) const {
        return now().kind == PyToken::name && now().text == text;
    }
    bool eat_op(std::string_view text) {
        if (!is_op(text)) return false;
        next();
        return true;
    }
    bool eat_word(std::string_view text) {
        if (!is_word(text)) return false;
        next();
        return true;
    }
    void expect_op(const char* text) {
        if (!eat_op(text)) fail(text[0] == ':' ? "expected ':'" : "invalid syntax");
    }
    [[noreturn]] void fail(const char* message) const { throw PyError{message, base_ + now().start}; }

    Node* make(Kind kind) { return arena_.make(kind, base_ + now().start, base_ + now().end); }
    Node* finish(Node* node) {
        node->end = base_ + (at_ > 0 ? tokens_[at_ - 1].end : 0U);
        return node;
    }
    Node* identifier() {
        if (!is(PyToken::name) || is_keyword(now().text)) fail("invalid syntax");
        Node* made = make(Kind::identifier);
        made->text = arena_.keep(now().text);
        next();
        return made;
    }

    // Statements

    void statement(std::vector<Node*>& out) {
        const Depth guard(depth_);
        if (is(PyToken::name)) {
            const std::string_view word = now().text;
            if (word == "if") return out.push_back(if_statement());
            if (word == "while") return out.push_back(while_statement());
            if (word == "for") return out.push_back(for_statement());
            if (word == "try") return out.push_back(try_statement());
            if (word == "with") return out.push_back(with_statement());
            if (word == "def") return out.push_back(function(false));
            if (word == "class") return out.push_back(class_statement());
            if (word == "async") {
                next();
                if (is_word("def")) return out.push_back(function(true));
                if (!in_async()) fail("'async' outside async function");
                if (is_word("for")) return out.push_back(for_statement());
                if (is_word("with")) return out.push_back(with_statement());
                fail("invalid syntax");
            }
            if (word == "match" && is_match_statement()) return match_statement(out);
        }
        if (is_op("@")) {
            std::vector<Node*> decorators;
            while (eat_op("@")) {
                decorators.push_back(named_expression());
                end_of_line();
            }
            if (!is_word("def") && !is_word("class") && !is_word("async")) fail("invalid syntax");
            statement(out);
            // @app.get('/') hands the function over, as a call would.
            for (Node* decorator : decorators) {
                Node* wrapper = arena_.make(Kind::expression, decorator->start, decorator->end);
                Node* call = decorator;
                if (decorator->kind != Kind::call) {
                    call = arena_.make(Kind::call, decorator->start, decorator->end);
                    call->a = decorator;
                }
                if (out.back() != nullptr && out.back()->a != nullptr) {
                    Node* name = arena_.make(Kind::identifier, decorator->start, decorator->end);
                    name->text = out.back()->a->text;
                    call->list.push_back(name);
                }
                wrapper->a = call;
                out.push_back(wrapper);
            }
            // The definition stays last, so that a second decorator finds it.
            std::rotate(out.end() - static_cast<std::ptrdiff_t>(decorators.size()) - 1,
                        out.end() - static_cast<std::ptrdiff_t>(decorators.size()), out.end());
            return;
        }
        simple_line(out);
    }

    void simple_line(std::vector<Node*>& out) {
        for (;;) {
            out.push_back(simple());
            if (!eat_op(";")) break;
            if (is(PyToken::newline) || is(PyToken::end)) break;
        }
        end_of_line();
    }

    void end_of_line() {
        if (stray_await_) throw PyError(*stray_await_);
        if (is(PyToken::end)) return;
        if (!is(PyToken::newline)) fail("invalid syntax");
        next();
    }

    Node* simple() {
        if (is(PyToken::name)) {
            const std::string_view word = now().text;
            Node* made = make(Kind::other);
            if (word == "pass") {
                next();
                return made;
            }
            if (word == "break" || word == "continue") {
                if (!blocks_.empty() && blocks_.back().loops == 0)
                    fail(word == "break" ? "'break' outside loop" : "'continue' not properly in loop");
                made->kind = Kind::jump;
                made->text = word == "break" ? "break" : "continue";
                next();
                return made;
            }
            if (word == "return") {
                if (!in_function()) fail("'return' outside function");
                made->kind = Kind::return_;
                next();
                if (!line_ends()) made->a = star_expressions();
                return finish(made);
            }
            if (word == "raise") {
                made->kind = Kind::throw_;
                next();
                if (!line_ends()) {
                    made->a = expression();
                    if (eat_word("from")) made->list.push_back(expression());
                }
                return finish(made);
            }
            if (word == "import") return import();
            if (word == "from") return from_import();
            if (word == "global" || word == "nonlocal") {
                const bool outer = word == "nonlocal";
                if (outer && blocks_.size() < 2) fail("nonlocal declaration not allowed at module level");
                next();
                do {
                    const std::size_t at = base_ + now().start;
                    const std::string_view name = now().text;
                    identifier();
                    if (blocks_.empty()) continue;
                    if (blocks_.back().bound.count(name) != 0)
                        throw PyError{"name '" + std::string(name) + "' is assigned to before " +
                                          (outer ? "nonlocal" : "global") + " declaration",
                                      at};
                    // A method's own: the compiler makes it.
                    if (outer && name != "__class__") blocks_[blocks_.size() - 2].nonlocals.emplace_back(name, at);
                } while (eat_op(","));
                return finish(made);
            }
            if (word == "del") {
                next();
                Node* target = star_expressions();
                check_target(target, false);
                made->list.push_back(target);
                return finish(made);
            }
            if (word == "assert") {
                next();
                made->list.push_back(expression());
                if (eat_op(",")) made->list.push_back(expression());
                return finish(made);
            }
            if (word == "type" && ahead(1).kind == PyToken::name && !is_keyword(ahead(1).text)) {
                next();
                identifier();
                if (is_op("[")) skip_brackets();
                expect_op("=");
                made->list.push_back(expression());
                return finish(made);
            }
            if (is_keyword(word) && word != "None" && word != "True" && word != "False" && word != "not" &&
                word != "lambda" && word != "await" && word != "yield")
                fail("invalid syntax");
        }
        if (is(PyToken::name) && ahead(1).kind == PyToken::op && ahead(1).text == ":=") {
            next();
            fail("invalid syntax");
        }
        Node* left = star_expressions();
        if (eat_op(":")) {  // annotation
            expression();
            if (!eat_op("=")) {
                Node* made = arena_.make(Kind::expression, left->start, left->end);
                return finish(made);
            }
            return assignment(left, "=");
        }
        if (is_op("=")) {
            next();
            return assignment(left, "=");
        }
        if (is(PyToken::op) && now().text.size() >= 2 && now().text.back() == '=' && now().text != "==" &&
            now().text != "!=" && now().text != "<=" && now().text != ">=" && now().text != ":=") {
            const std::string_view op = arena_.keep(now().text);
            check_target(left, true);
            next();
            Node* made = arena_.make(Kind::assign, left->start, left->end);
            made->text = op;
            made->a = left;
            made->b = is_word("yield") ? yield_expression() : star_expressions();
            return finish(made);
        }
        Node* made = arena_.make(Kind::expression, left->start, left->end);
        made->a = left;
        return finish(made);
    }

    Node* assignment(Node* left, std::string_view op) {
        check_target(left, false);
        Node* made = arena_.make(Kind::assign, left->start, left->end);
        made->text = op;
        made->a = left;
        made->b = is_word("yield") ? yield_expression() : star_expressions();
        if (eat_op("=")) made->b = assignment(made->b, "=");
        return finish(made);
    }

    void check_target(Node* target, bool augmented) {
        if (target == nullptr) return;
        switch (target->kind) {
            case Kind::identifier:
                bound(target->text);
                return;
            case Kind::member:
                return;
            case Kind::spread:
                return check_target(target->a, augmented);
            case Kind::array:
                if (augmented) break;
                for (Node* part : target->list) check_target(part, augmented);
                return;
            default:
                break;
        }
        throw PyError{"cannot assign to expression", target->start};
    }

    [[nodiscard]] bool line_ends() const { return is(PyToken::newline) || is(PyToken::end) || is_op(";"); }

    std::string dotted() {
        std::string name;
        for (;;) {
            if (!is(PyToken::name) || is_keyword(now().text)) fail("invalid syntax");
            name += now().text;
            next();
            if (!is_op(".")) return name;
            next();
            name += '.';
        }
    }

    /// `import a.b as c` as an import whose names hold where they come from.
    Node* import() {
        Node* made = make(Kind::block);
        next();
        do {
            const std::uint32_t start = base_ + now().start;
            const std::string module = dotted();
            Node* one = arena_.make(Kind::import_, start, start);
            one->d = arena_.make(Kind::string, start, start);
            one->d->text = arena_.keep(module);
            Node* name = arena_.make(Kind::import_name, start, start);
            name->text = "*";
            std::string local = module.substr(0, module.find('.'));
            if (eat_word("as")) {
                local = std::string(now().text);
                name->b = identifier();
                bound(name->b->text);
            } else {
                // `import a.b` binds a; attribute access then finds b by itself.
                Node* root = arena_.make(Kind::string, start, start);
                root->text = arena_.keep(local);
                if (module != local) {
                    Node* extra = arena_.make(Kind::import_, start, start);
                    extra->d = one->d;
                    made->list.push_back(extra);
                    one = arena_.make(Kind::import_, start, start);
                    one->d = root;
                }
                name->b = arena_.make(Kind::identifier, start, start);
                name->b->text = arena_.keep(local);
                bound(name->b->text);
            }
            one->list.push_back(name);
            made->list.push_back(one);
        } while (eat_op(","));
        return finish(made);
    }

    Node* from_import() {
        Node* made = make(Kind::import_);
        next();
        std::string module;
        while (is_op(".") || is_op("...")) {
            module += now().text;
            next();
        }
        if (!is_word("import")) module += dotted();
        if (!eat_word("import")) fail("invalid syntax");
        made->d = arena_.make(Kind::string, made->start, made->start);
        made->d->text = arena_.keep(module);
        if (is_op("*") && !blocks_.empty() && blocks_.back().kind != Block::Kind::module)
            fail("import * only allowed at module level");
        if (eat_op("*")) return finish(made);
        const bool brackets = eat_op("(");
        do {
            if (brackets && is_op(")")) break;
            Node* name = make(Kind::import_name);
            name->text = "name";
            name->a = identifier();
            name->b = arena_.make(Kind::identifier, name->a->start, name->a->end);
            name->b->text = name->a->text;
            if (eat_word("as")) name->b = identifier();
            bound(name->b->text);
            made->list.push_back(name);
        } while (eat_op(","));
        if (brackets) expect_op(")");
        return finish(made);
    }

    Node* suite() {
        Node* made = make(Kind::block);
        expect_op(":");
        if (!is(PyToken::newline)) {
            simple_line(made->list);
            return finish(made);
        }
        next();
        if (!is(PyToken::indent)) fail("expected an indented block");
        next();
        while (!is(PyToken::dedent) && !is(PyToken::end)) {
            if (is(PyToken::indent)) fail("unexpected indent");
            statement(made->list);
        }
        if (is(PyToken::dedent)) next();
        return finish(made);
    }

    Node* loop_suite() {
        if (!blocks_.empty()) ++blocks_.back().loops;
        Node* made = suite();
        if (!blocks_.empty()) --blocks_.back().loops;
        return made;
    }

    Node* if_statement() {
        Node* made = make(Kind::if_);
        next();
        made->a = named_expression();
        made->b = suite();
        if (is_word("elif"))
            made->c = if_statement();
        else if (eat_word("else"))
            made->c = suite();
        return finish(made);
    }

    Node* while_statement() {
        Node* made = make(Kind::while_);
        next();
        made->a = named_expression();
        made->b = loop_suite();
        if (eat_word("else")) made->list.push_back(suite());
        return finish(made);
    }

    Node* for_statement() {
        Node* made = make(Kind::for_in);
        next();
        made->a = target_list();
        if (!eat_word("in")) fail("invalid syntax");
        made->b = star_expressions();
        made->c = loop_suite();
        if (eat_word("else")) made->list.push_back(suite());
        return finish(made);
    }

    Node* target_list() {
        no_in_ = true;
        Node* made = star_expressions();
        no_in_ = false;
        check_target(made, false);
        return made;
    }

    Node* try_statement() {
        Node* made = make(Kind::try_);
        next();
        made->a = suite();
        bool any = false;
        bool bare = false;
        while (is_word("except")) {
            if (bare) fail("default 'except:' must be last");
            any = true;
            Node* handler = make(Kind::catch_);
            next();
            eat_op("*");
            if (!is_op(":")) {
                handler->list.push_back(expression());
                if (is_op(",")) fail("multiple exception types must be parenthesized");
                if (eat_word("as")) {
                    handler->a = identifier();
                    bound(handler->a->text);
                }
            } else {
                bare = true;
            }
            handler->b = suite();
            if (made->b == nullptr)
                made->b = finish(handler);
            else
                made->list.push_back(finish(handler));
        }
        if (eat_word("else")) made->list.push_back(suite());
        if (eat_word("finally")) {
            any = true;
            made->c = suite();
        }
        if (!any) fail("expected 'except' or 'finally' block");
        return finish(made);
    }

    Node* with_statement() {
        Node* outer = make(Kind::with_);
        next();
        // The bracketed form is found by what follows its closing bracket.
        const bool brackets = is_op("(") && bracket_holds_items();
        if (brackets) next();
        Node* made = outer;
        for (bool first = true;; first = false) {
            if (!first) {
                Node* inner = make(Kind::with_);
                made->b = inner;
                made = inner;
            }
            made->c = expression();
            if (eat_word("as")) made->a = star_target();
            if (!eat_op(",")) break;
            if (brackets && is_op(")")) break;
        }
        if (brackets) expect_op(")");
        made->b = suite();
        return finish(outer);
    }

    Node* star_target() {
        no_in_ = false;
        Node* made = is_op("*") ? star_expression() : primary();
        check_target(made, false);
        return made;
    }

    [[nodiscard]] bool bracket_holds_items() const {
        int depth = 0;
        bool as = false;
        for (std::size_t index = at_; index < tokens_.size(); ++index) {
            const PyTokenAt& token = tokens_[index];
            if (token.kind == PyToken::newline) return false;
            if (token.kind == PyToken::name && token.text == "as" && depth == 1) as = true;
            if (token.kind != PyToken::op) continue;
            if (token.text == "(" || token.text == "[" || token.text == "{") ++depth;
            if (token.text == ")" || token.text == "]" || token.text == "}")
                if (--depth == 0) return as && tokens_[index + 1].text == ":";
        }
        return false;
    }

    Node* function(bool async) {
        Node* made = make(Kind::function);
        made->flags |= f_statement;
        if (async) made->flags |= f_async;
        next();
        made->a = identifier();
        if (is_op("[")) skip_brackets();
        expect_op("(");
        parameters(made->list, ")", true);
        expect_op(")");
        if (eat_op("->")) star_expressions();
        bound(made->a->text);
        open_block(Block::Kind::function, async);
        bind_parameters(made->list);
        made->b = suite();
        close_block();
        return finish(made);
    }

    void bind_parameters(const std::vector<Node*>& list) {
        for (const Node* one : list) {
            const Node* name = one->kind == Kind::identifier ? one : one->a;
            if (name == nullptr) continue;
            if (blocks_.back().bound.count(name->text) != 0)
                throw PyError{"duplicate argument '" + std::string(name->text) + "' in function definition",
                              name->start};
            bound(name->text);
        }
    }

    void parameters(std::vector<Node*>& out, std::string_view close, bool annotated) {
        bool defaults = false;
        bool by_name = false;
        while (!is_op(close)) {
            if (eat_op("/")) {
                // positional-only marker
            } else if (is_op("*") || is_op("**")) {
                by_name = true;
                const bool bare = is_op("*") && (ahead(1).text == "," || ahead(1).text == close);
                next();
                if (!bare) {
                    Node* rest = make(Kind::spread);
                    rest->a = identifier();
                    if (annotated && eat_op(":")) star_expression();
                    out.push_back(rest);
                }
            } else {
                Node* name = identifier();
                if (annotated && eat_op(":")) expression();
                if (eat_op("=")) {
                    Node* with_default = arena_.make(Kind::pattern_default, name->start, name->end);
                    with_default->a = name;
                    with_default->b = expression();
                    name = with_default;
                    defaults = true;
                } else if (defaults && !by_name) {
                    throw PyError{"non-default argument follows default argument", name->start};
                }
                out.push_back(name);
            }
            if (!eat_op(",")) break;
        }
    }

    Node* class_statement() {
        Node* made = make(Kind::class_);
        made->flags |= f_statement;
        next();
        made->a = identifier();
        if (is_op("[")) skip_brackets();
        if (eat_op("(")) {
            Node* bases = make(Kind::array);
            call_arguments(bases->list);
            expect_op(")");
            if (!bases->list.empty()) made->b = bases->list[0];
        }
        bound(made->a->text);
        open_block(Block::Kind::class_, false);
        Node* body = suite();
        close_block();
        made->list = body->list;
        return finish(made);
    }

    void skip_brackets() {
        int depth = 0;
        do {
            if (is(PyToken::end)) fail("invalid syntax");
            if (is(PyToken::op) && (now().text == "[" || now().text == "(" || now().text == "{")) ++depth;
            if (is(PyToken::op) && (now().text == "]" || now().text == ")" || now().text == "}")) --depth;
            next();
        } while (depth > 0);
    }

    /// `match x:` and not a name: the line ends in a colon and an indented `case` follows.
    [[nodiscard]] bool is_match_statement() const {
        const PyTokenAt& after = ahead(1);
        if (after.kind == PyToken::newline || after.kind == PyToken::end) return false;
        for (std::size_t index = at_ + 1; index + 3 < tokens_.size(); ++index)
            if (tokens_[index].kind == PyToken::newline)
                return tokens_[index - 1].text == ":" && tokens_[index + 1].kind == PyToken::indent &&
                       tokens_[index + 2].text == "case";
        return false;
    }

    /// Patterns are not analysed; the bodies are.
    void match_statement(std::vector<Node*>& out) {
        Node* made = make(Kind::switch_);
        if (!blocks_.empty()) blocks_.back().matches = true;
        next();
        made->a = star_expressions();
        expect_op(":");
        if (!is(PyToken::newline)) fail("invalid syntax");
        next();
        if (!is(PyToken::indent)) fail("expected an indented block");
        next();
        while (is_word("case")) {
            Node* one = make(Kind::case_);
            next();
            int depth = 0;
            int lambdas = 0;
            while (!(is_op(":") && depth == 0 && lambdas == 0)) {
                if (is(PyToken::newline) || is(PyToken::end)) fail("expected ':'");
                if (is_op("(") || is_op("[") || is_op("{")) ++depth;
                if (is_op(")") || is_op("]") || is_op("}")) --depth;
                if (is_word("lambda")) ++lambdas;
                if (is_op(":") && lambdas > 0 && depth == 0) --lambdas;
                next();
            }
            one->list.push_back(suite());
            made->list.push_back(finish(one));
        }
        if (!is(PyToken::dedent)) fail("invalid syntax");
        next();
        out.push_back(finish(made));
    }

    // Expressions

    Node* star_expressions() {
        const Depth guard(depth_);
        Node* first = is_word("yield") ? yield_expression() : star_expression();
        if (!is_op(",")) return first;
        Node* made = arena_.make(Kind::array, first->start, first->end);
        made->list.push_back(first);
        while (eat_op(",")) {
            if (line_ends() || is_op("=") || is_op(")") || is_op("]") || is_op("}") || is_op(":") || is_word("in") ||
                is_augmented())
                break;
            made->list.push_back(star_expression());
        }
        return finish(made);
    }
    [[nodiscard]] bool is_augmented() const {
        return is(PyToken::op) && now().text.size() >= 2 && now().text.back() == '=' && now().text != "==";
    }

    Node* star_expression() {
        if (is_op("*") || is_op("**")) {
            Node* made = make(Kind::spread);
            next();
            made->a = expression();
            return finish(made);
        }
        return named_expression();
    }

    Node* named_expression() {
        Node* left = expression();
        if (left->kind == Kind::identifier && is_op(":=")) {
            next();
            Node* made = arena_.make(Kind::assign, left->start, left->end);
            made->text = "=";
            made->a = left;
            made->b = expression();
            bound(left->text);
            return finish(made);
        }
        return left;
    }

    Node* yield_expression() {
        if (!in_function()) fail("'yield' outside function");
        Node* made = make(Kind::await_);
        next();
        if (eat_word("from"))
            made->a = expression();
        else if (!line_ends() && !is_op(")") && !is_op("=") && !is_op("]") && !is_op("}"))
            made->a = star_expressions();
        return finish(made);
    }

    Node* expression() {
        const Depth guard(depth_);
        if (is_word("lambda")) return lambda();
        Node* value = disjunction();
        if (is_word("if")) {
            // x if c else y; in a comprehension the `if` belongs to it when no else follows.
            if (!has_else()) return value;
            next();
            Node* made = arena_.make(Kind::conditional, value->start, value->end);
            made->b = value;
            made->a = disjunction();
            if (!eat_word("else")) fail("expected 'else' after 'if' expression");
            made->c = expression();
            return finish(made);
        }
        return value;
    }

    /// Whether an `else` at this bracket level belongs to the `if` here.
    [[nodiscard]] bool has_else() {
        int depth = 0;
        int open_ifs = 0;
        for (std::size_t index = at_; index < tokens_.size(); ++index) {
            // Each `if` looks ahead: a line of thousands of them is not worth its square.
            if (++looked_ > 20'000'000) throw TooDeepPython{};
            const PyTokenAt& token = tokens_[index];
            if (token.kind == PyToken::newline || token.kind == PyToken::end) return false;
            if (token.kind == PyToken::op) {
                if (token.text == "(" || token.text == "[" || token.text == "{") ++depth;
                if (token.text == ")" || token.text == "]" || token.text == "}")
                    if (--depth < 0) return false;
                if (depth == 0 && (token.text == "," || token.text == ";" || token.text == "=") && open_ifs > 0)
                    return false;
            }
            if (token.kind == PyToken::name && depth == 0) {
                if (token.text == "if") ++open_ifs;
                if (token.text == "else" && --open_ifs == 0) return true;
                if (token.text == "for" || token.text == "async") return false;
            }
        }
        return false;
    }

    Node* lambda() {
        Node* made = make(Kind::function);
        made->flags |= f_arrow | f_short;
        next();
        parameters(made->list, ":", false);
        expect_op(":");
        if (blocks_.empty()) {
            made->b = expression();
            return finish(made);
        }
        open_block(Block::Kind::function, false);
        bind_parameters(made->list);
        made->b = expression();
        close_block();
        return finish(made);
    }

    Node* join(Node* left, std::string_view op, Node* right) {
        Node* made = arena_.make(Kind::binary, left->start, left->end);
        made->text = op;
        made->a = left;
        made->b = right;
        return finish(made);
    }

    Node* disjunction() {
        Node* left = conjunction();
        while (eat_word("or")) left = join(left, "or", conjunction());
        return left;
    }
    Node* conjunction() {
        Node* left = inversion();
        while (eat_word("and")) left = join(left, "and", inversion());
        return left;
    }
    Node* inversion() {
        const Depth guard(depth_);
        if (is_word("not")) {
            Node* made = make(Kind::unary);
            made->text = "not";
            next();
            made->a = inversion();
            return finish(made);
        }
        return comparison();
    }
    Node* comparison() {
        Node* left = binary(6);
        for (;;) {
            if (is_op("==") || is_op("!=") || is_op("<") || is_op(">") || is_op("<=") || is_op(">=") || is_op("<>")) {
                next();
            } else if (is_word("in") && !no_in_) {
                next();
            } else if (is_word("not") && ahead(1).text == "in") {
                next();
                next();
            } else if (is_word("is")) {
                next();
                eat_word("not");
            } else {
                return left;
            }
            left = join(left, "==", binary(6));
        }
    }

    /// Levels: 6 |, 5 ^, 4 &, 3 shifts, 2 sums, 1 products.
    Node* binary(int level) {
        if (level == 0) return unary();
        Node* left = binary(level - 1);
        while (is(PyToken::op) && level_of(now().text) == level) {
            const std::string_view op = arena_.keep(now().text);
            next();
            left = join(left, op, binary(level - 1));
        }
        return left;
    }
    static int level_of(std::string_view op) {
        if (op == "|") return 6;
        if (op == "^") return 5;
        if (op == "&") return 4;
        if (op == "<<" || op == ">>") return 3;
        if (op == "+" || op == "-") return 2;
        if (op == "*" || op == "/" || op == "//" || op == "%" || op == "@") return 1;
        return 0;
    }

    Node* unary() {
        const Depth guard(depth_);
        if (is_op("-") || is_op("+") || is_op("~")) {
            Node* made = make(Kind::unary);
            made->text = arena_.keep(now().text);
            next();
            made->a = unary();
            return finish(made);
        }
        Node* left = nullptr;
        if (is_word("await")) {
            // In a generator expression it makes an asynchronous generator, wherever that stands; whether it is one shows later.
            if (!in_async() && !stray_await_)
                stray_await_ = PyError{in_function() ? "'await' outside async function" : "'await' outside function",
                                       base_ + now().start};
            left = make(Kind::await_);
            next();
            left->a = primary();
            finish(left);
        } else {
            left = primary();
        }
        if (eat_op("**")) return join(left, "**", unary());
        return left;
    }

    Node* primary() {
        const bool outer_no_in = no_in_;
        Node* made = atom();
        for (;;) {
            if (is_op(".")) {
                next();
                Node* member = arena_.make(Kind::member, made->start, made->end);
                member->a = made;
                member->b = identifier();
                made = finish(member);
            } else if (is_op("(")) {
                next();
                no_in_ = false;
                Node* call = arena_.make(Kind::call, made->start, made->end);
                call->a = made;
                call_arguments(call->list);
                expect_op(")");
                made = finish(call);
            } else if (is_op("[")) {
                next();
                no_in_ = false;
                Node* member = arena_.make(Kind::member, made->start, made->end);
                member->flags |= f_computed;
                member->a = made;
                member->b = subscript();
                expect_op("]");
                made = finish(member);
            } else {
                break;
            }
        }
        no_in_ = outer_no_in;
        return made;
    }

    Node* subscript() {
        Node* made = make(Kind::other);
        if (is_op(":") && ahead(1).text == ":" && ahead(2).text == "-" && ahead(3).text == "1" && ahead(4).text == "]")
            made->text = "reverse";
        bool plain = true;
        Node* first = nullptr;
        if (is_op("]")) fail("invalid syntax");
        while (!is_op("]")) {
            if (is_op(":")) {
                plain = false;
                next();
                continue;
            }
            if (is_op(",")) {
                plain = false;
                next();
                continue;
            }
            Node* part = star_expression();
            if (first == nullptr) first = part;
            made->list.push_back(part);
            if (!is_op(":") && !is_op(",") && !is_op("]")) fail("invalid syntax");
        }
        return plain && first != nullptr ? first : finish(made);
    }

    void call_arguments(std::vector<Node*>& out) {
        std::set<std::string_view> names;
        bool unpacked = false;
        while (!is_op(")")) {
            if (is(PyToken::name) && ahead(1).kind == PyToken::op && ahead(1).text == "=" && !is_keyword(now().text)) {
                Node* made = make(Kind::property);
                made->flags |= f_keyword;
                if (!names.insert(now().text).second) fail("keyword argument repeated");
                made->a = identifier();
                next();
                made->b = expression();
                out.push_back(finish(made));
            } else {
                const bool star = is_op("*");
                const bool stars = is_op("**");
                if (!star && !stars && (unpacked || !names.empty()))
                    fail("positional argument follows keyword argument");
                if (star && unpacked) fail("iterable argument unpacking follows keyword argument unpacking");
                unpacked = unpacked || stars;
                Node* value = star_expression();
                if (is_word("for") || is_word("async")) value = comprehension(value, nullptr);
                out.push_back(value);
            }
            if (!eat_op(",")) break;
        }
    }

    /// [value for target in object if test]: the loop first, then what it makes.
    Node* comprehension(Node* value, Node* second) {
        Node* made = comprehension_parts(value, second);
        stray_await_.reset();
        return made;
    }
    Node* comprehension_parts(Node* value, Node* second) {
        Node* made = arena_.make(Kind::other, value->start, value->end);
        while (is_word("for") || is_word("async")) {
            eat_word("async");
            if (!is_word("for")) fail("invalid syntax");
            Node* loop = make(Kind::for_in);
            next();
            in_comprehension_ = true;  // its names are its own
            loop->a = target_list();
            in_comprehension_ = false;
            if (!eat_word("in")) fail("invalid syntax");
            loop->b = disjunction_or_lambda();
            Node* body = arena_.make(Kind::block, loop->start, loop->start);
            while (is_word("if")) {
                next();
                body->list.push_back(condition());
            }
            loop->c = body;
            made->list.push_back(finish(loop));
        }
        made->list.push_back(value);
        if (second != nullptr) made->list.push_back(second);
        return finish(made);
    }
    Node* condition() {
        Node* test = is_word("lambda") ? lambda() : disjunction();
        if (test->kind == Kind::identifier && eat_op(":=")) test = expression();
        return test;
    }
    Node* disjunction_or_lambda() {
        if (is_word("lambda")) return lambda();
        Node* value = disjunction();
        if (is_word("if") && has_else()) {
            next();
            Node* made = arena_.make(Kind::conditional, value->start, value->end);
            made->b = value;
            made->a = disjunction();
            if (!eat_word("else")) fail("invalid syntax");
            made->c = expression();
            return finish(made);
        }
        return value;
    }

    Node* atom() {
        const Depth guard(depth_);
        const bool outer_no_in = no_in_;
        switch (now().kind) {
            case PyToken::name: {
                const std::string_view word = now().text;
                if (word == "None" || word == "True" || word == "False") {
                    Node* made = make(Kind::literal);
                    made->text = arena_.keep(word);
                    next();
                    return made;
                }
                if (word == "lambda") return lambda();
                if (word == "yield") return yield_expression();
                return identifier();
            }
            case PyToken::number: {
                Node* made = make(Kind::number);
                made->text = arena_.keep(now().text);
                check_number(now());
                next();
                return made;
            }
            case PyToken::string:
                return strings();
            case PyToken::op:
                break;
            default:
                fail("invalid syntax");
        }
        if (is_op("...")) {
            Node* made = make(Kind::literal);
            next();
            return made;
        }
        if (is_op("(")) {
            Node* made = make(Kind::array);
            next();
            no_in_ = false;
            if (eat_op(")")) {
                no_in_ = outer_no_in;
                return finish(made);
            }
            Node* inner = star_expressions();
            if (is_word("for") || is_word("async")) inner = comprehension(inner, nullptr);
            no_in_ = outer_no_in;
            expect_op(")");
            return inner;
        }
        if (is_op("[")) {
            Node* made = make(Kind::array);
            next();
            no_in_ = false;
            while (!is_op("]")) {
                Node* element = star_expression();
                if (is_word("for") || is_word("async")) element = comprehension(element, nullptr);
                made->list.push_back(element);
                if (!eat_op(",")) break;
            }
            no_in_ = outer_no_in;
            expect_op("]");
            return finish(made);
        }
        if (is_op("{")) {
            Node* made = make(Kind::object);
            next();
            no_in_ = false;
            while (!is_op("}")) {
                Node* key = star_expression();
                if (eat_op(":")) {
                    Node* property = arena_.make(Kind::property, key->start, key->end);
                    property->a = key;
                    property->b = expression();
                    if (key->kind != Kind::string) property->flags |= f_computed;
                    if (is_word("for") || is_word("async")) property->b = comprehension(property->b, key);
                    made->list.push_back(finish(property));
                } else {
                    if (is_word("for") || is_word("async")) key = comprehension(key, nullptr);
                    made->list.push_back(key);
                }
                if (!eat_op(",")) break;
            }
            no_in_ = outer_no_in;
            expect_op("}");
            return finish(made);
        }
        fail("invalid syntax");
    }

    void check_number(const PyTokenAt& token) const {
        const std::string_view text = token.text;
        const bool prefixed =
            text.size() > 1 && text[0] == '0' && std::string_view("xXoObB").find(text[1]) != std::string_view::npos;
        if (prefixed) return;
        for (const char c : text)
            if (std::string_view("0123456789._eEjJ+-").find(c) == std::string_view::npos)
                throw PyError{"invalid decimal literal", base_ + token.start};
    }

    Node* strings() {
        Node* made = make(Kind::template_);
        std::string text;
        bool any = false;
        const auto flush = [&] {
            Node* part = arena_.make(Kind::string, made->start, made->start);
            part->text = arena_.keep(text);
            made->list.push_back(part);
            text.clear();
        };
        while (is(PyToken::string)) {
            const PyString part = python_string(now());
            if (part.has('f') || part.has('t')) {
                any = true;
                formatted(part, *made, text, flush);
            } else {
                append(part.body, part.has('r'), text);
            }
            next();
        }
        finish(made);
        if (!any) {
            made->kind = Kind::string;
            made->text = arena_.keep(text);
            return made;
        }
        flush();
        return made;
    }

    static void append(std::string_view body, bool raw, std::string& out) {
        for (std::size_t at = 0; at < body.size(); ++at) {
            if (body[at] != '\\' || raw || at + 1 >= body.size()) {
                out.push_back(static_cast<unsigned char>(body[at]) < 0x80 ? body[at] : '\x01');
                continue;
            }
            const char c = body[++at];
            if (c == 'n')
                out.push_back('\n');
            else if (c == 't')
                out.push_back('\t');
            else if (c == 'x' && at + 2 < body.size()) {
                out.push_back(static_cast<char>(std::strtol(std::string(body.substr(at + 1, 2)).c_str(), nullptr, 16)));
                at += 2;
            } else if (c != '\n')
                out.push_back(c);
        }
    }

    template <class Flush>
    void formatted(const PyString& part, Node& made, std::string& text, const Flush& flush) {
        const std::string_view body = part.body;
        std::size_t at = 0;
        while (at < body.size()) {
            if (body[at] == '{' && at + 1 < body.size() && body[at + 1] == '{') {
                text.push_back('{');
                at += 2;
                continue;
            }
            if (body[at] != '{') {
                append(body.substr(at, body[at] == '\\' ? 2 : 1), part.has('r'), text);
                at += body[at] == '\\' ? 2U : 1U;
                continue;
            }
            // The expression ends at a '!', ':' or '}' outside brackets and strings.
            std::size_t end = at + 1;
            int depth = 0;
            char quote = 0;
            for (; end < body.size(); ++end) {
                const char c = body[end];
                if (quote != 0) {
                    if (c == '\\')
                        ++end;
                    else if (c == quote)
                        quote = 0;
                    continue;
                }
                if (c == '\'' || c == '"')
                    quote = c;
                else if (c == '(' || c == '[' || c == '{')
                    ++depth;
                else if ((c == ')' || c == ']') || (c == '}' && depth > 0))
                    --depth;
                else if (depth == 0 &&
                         (c == '}' || c == ':' || (c == '!' && end + 1 < body.size() && body[end + 1] != '=')))
                    break;
            }
            const std::string_view inside = body.substr(at + 1, end - at - 1);
            flush();
            made.list2.push_back(field(inside, part.body_start + static_cast<std::uint32_t>(at) + 1));
            // Skip conversion and format, which may hold fields of their own.
            int braces = 1;
            for (; end < body.size() && braces > 0; ++end) {
                if (body[end] == '{') ++braces;
                if (body[end] == '}') --braces;
            }
            at = end;
        }
    }

    /// What stands in a replacement field matters for the analysis only: a form that is not understood is no error.
    Node* field(std::string_view inside, std::uint32_t start) {
        Node* unknown = arena_.make(Kind::other, base_ + start, base_ + start);
        if (depth_ > k_max_depth / 2) return unknown;
        const std::string_view kept = arena_.keep("(" + std::string(inside) + ")");
        try {
            std::vector<Comment> comments;
            Parser inner(kept, arena_, comments, 0);
            inner.depth_ = depth_ + 20;
            Node* made = inner.whole_expression();
            place(made, base_ + start);
            return made;
        } catch (const PyError&) {
            return unknown;
        }
    }
    static void place(Node* root, std::uint32_t start) {
        std::vector<Node*> stack{root};
        while (!stack.empty()) {
            Node* node = stack.back();
            stack.pop_back();
            node->start = node->end = start;
            each_child(*node, [&](Node& child) { stack.push_back(&child); });
        }
    }

    std::string_view source_;
    Arena& arena_;
    std::uint32_t base_;
    std::vector<PyTokenAt> tokens_;
    std::size_t at_ = 0;
    std::size_t looked_ = 0;
    int depth_ = 0;
    bool no_in_ = false;
    bool in_comprehension_ = false;
    std::optional<PyError> stray_await_;
    std::vector<Block> blocks_;  ///< empty: in a replacement field, where these rules are not asked
};

}  // namespace

Parsed parse_python(std::string_view text, Arena& arena) {
    Parsed result;
    result.tree.source = text;
    try {
        Parser parser(text, arena, result.tree.comments);
        result.tree.root = parser.program();
        result.status = Parsed::Status::good;
    } catch (const PyError& error) {
        result.status = Parsed::Status::broken;
        result.message = error.message;
        result.at = error.at;
    } catch (const TooDeepPython&) {
        result.message = "nested too deeply";
    }
    return result;
}

}  // namespace spawnai::validate::checker
