#include "js_tree.hpp"

#include <duktape.h>

#include <array>
#include <cstring>
#include <unordered_map>

extern "C" {
extern const char spawnai_acorn_bytecode[];
extern const char spawnai_acorn_bytecode_end[];
}

namespace {
/// What the parse that is going on may still do. Duktape asks every 262,144 steps whether to go on.
thread_local std::uint32_t t_work = 0;
thread_local const spawnai::validate::checker::Deadline* t_deadline = nullptr;
thread_local bool t_stopped = false;

struct WithDeadline {
    explicit WithDeadline(const spawnai::validate::checker::Deadline& deadline) { t_deadline = &deadline; }
    ~WithDeadline() { t_deadline = nullptr; }
    WithDeadline(const WithDeadline&) = delete;
    WithDeadline& operator=(const WithDeadline&) = delete;
};
}  // namespace

extern "C" int spawnai_duktape_stop(void* /*impl*/) {
    // Steps are not all alike: one may search a list of thousands.
    if (t_work > 0 && (t_deadline == nullptr || !t_deadline->passed())) {
        --t_work;
        return 0;
    }
    t_stopped = true;
    return 1;
}

namespace spawnai::validate::checker {
namespace {

/// Where the fields of an ESTree node go. "" means: none.
struct Shape {
    const char* type;
    Kind kind;
    const char* a = "";
    const char* b = "";
    const char* c = "";
    const char* d = "";
    const char* list = "";
    const char* list2 = "";
    const char* text = "";
};

constexpr std::array k_shapes{
    Shape{"Program", Kind::program, "", "", "", "", "body"},
    Shape{"BlockStatement", Kind::block, "", "", "", "", "body"},
    Shape{"StaticBlock", Kind::block, "", "", "", "", "body"},
    Shape{"ExpressionStatement", Kind::expression, "expression"},
    Shape{"VariableDeclaration", Kind::declaration, "", "", "", "", "declarations", "", "kind"},
    Shape{"VariableDeclarator", Kind::declarator, "id", "init"},
    Shape{"FunctionDeclaration", Kind::function, "id", "body", "", "", "params"},
    Shape{"FunctionExpression", Kind::function, "id", "body", "", "", "params"},
    Shape{"ArrowFunctionExpression", Kind::function, "", "body", "", "", "params"},
    Shape{"ReturnStatement", Kind::return_, "argument"},
    Shape{"IfStatement", Kind::if_, "test", "consequent", "alternate"},
    Shape{"ForStatement", Kind::for_, "init", "test", "update", "body"},
    Shape{"WhileStatement", Kind::while_, "test", "body"},
    Shape{"DoWhileStatement", Kind::while_, "test", "body"},
    Shape{"ForInStatement", Kind::for_in, "left", "right", "body"},
    Shape{"ForOfStatement", Kind::for_in, "left", "right", "body"},
    Shape{"TryStatement", Kind::try_, "block", "handler", "finalizer"},
    Shape{"CatchClause", Kind::catch_, "param", "body"},
    Shape{"ThrowStatement", Kind::throw_, "argument"},
    Shape{"SwitchStatement", Kind::switch_, "discriminant", "", "", "", "cases"},
    Shape{"SwitchCase", Kind::case_, "test", "", "", "", "consequent"},
    Shape{"BreakStatement", Kind::jump, "label"},
    Shape{"ContinueStatement", Kind::jump, "label"},
    Shape{"LabeledStatement", Kind::labeled, "label", "body"},
    Shape{"WithStatement", Kind::with_, "object", "body"},
    Shape{"ClassDeclaration", Kind::class_, "id", "superClass", "", "", "body"},
    Shape{"ClassExpression", Kind::class_, "id", "superClass", "", "", "body"},
    Shape{"MethodDefinition", Kind::member_definition, "key", "value"},
    Shape{"PropertyDefinition", Kind::member_definition, "key", "value"},
    Shape{"ImportDeclaration", Kind::import_, "", "", "", "source", "specifiers"},
    Shape{"ImportSpecifier", Kind::import_name, "imported", "local"},
    Shape{"ImportDefaultSpecifier", Kind::import_name, "", "local"},
    Shape{"ImportNamespaceSpecifier", Kind::import_name, "", "local"},
    Shape{"ExportNamedDeclaration", Kind::export_, "declaration", "", "", "source", "specifiers"},
    Shape{"ExportDefaultDeclaration", Kind::export_, "declaration"},
    Shape{"ExportAllDeclaration", Kind::export_, "", "", "", "source"},
    Shape{"ExportSpecifier", Kind::export_name, "local", "exported"},
    Shape{"Identifier", Kind::identifier, "", "", "", "", "", "", "name"},
    Shape{"PrivateIdentifier", Kind::string, "", "", "", "", "", "", "name"},
    Shape{"TemplateLiteral", Kind::template_, "", "", "", "", "quasis", "expressions"},
    Shape{"TaggedTemplateExpression", Kind::tagged, "tag", "quasi"},
    Shape{"ArrayExpression", Kind::array, "", "", "", "", "elements"},
    Shape{"ObjectExpression", Kind::object, "", "", "", "", "properties"},
    Shape{"Property", Kind::property, "key", "value"},
    Shape{"SpreadElement", Kind::spread, "argument"},
    Shape{"RestElement", Kind::spread, "argument"},
    Shape{"UnaryExpression", Kind::unary, "argument", "", "", "", "", "", "operator"},
    Shape{"UpdateExpression", Kind::update, "argument", "", "", "", "", "", "operator"},
    Shape{"BinaryExpression", Kind::binary, "left", "right", "", "", "", "", "operator"},
    Shape{"LogicalExpression", Kind::binary, "left", "right", "", "", "", "", "operator"},
    Shape{"AssignmentExpression", Kind::assign, "left", "right", "", "", "", "", "operator"},
    Shape{"ConditionalExpression", Kind::conditional, "test", "consequent", "alternate"},
    Shape{"CallExpression", Kind::call, "callee", "", "", "", "arguments"},
    Shape{"NewExpression", Kind::new_, "callee", "", "", "", "arguments"},
    Shape{"MemberExpression", Kind::member, "object", "property"},
    Shape{"SequenceExpression", Kind::sequence, "", "", "", "", "expressions"},
    Shape{"ThisExpression", Kind::this_},
    Shape{"AwaitExpression", Kind::await_, "argument"},
    Shape{"YieldExpression", Kind::await_, "argument"},
    Shape{"ImportExpression", Kind::import_call, "source"},
    Shape{"AssignmentPattern", Kind::pattern_default, "left", "right"},
    Shape{"ObjectPattern", Kind::object_pattern, "", "", "", "", "properties"},
    Shape{"ArrayPattern", Kind::array_pattern, "", "", "", "", "elements"},
    Shape{"Super", Kind::other},
    Shape{"MetaProperty", Kind::other},
    Shape{"EmptyStatement", Kind::other},
    Shape{"DebuggerStatement", Kind::other},
};

const std::unordered_map<std::string_view, const Shape*>& shapes() {
    static const auto table = [] {
        std::unordered_map<std::string_view, const Shape*> map;
        for (const Shape& shape : k_shapes) map.emplace(shape.type, &shape);
        return map;
    }();
    return table;
}

/// More nesting than any program has; each level costs one C++ frame here and a few in the analysis.
constexpr int k_max_depth = 3000;

/// A parse leaves some 300 times its text behind.
constexpr std::size_t k_bytes_between_collections = 200'000;

struct TooDeep {};

/// Builds our tree from the ESTree objects on the Duktape stack.
class Converter {
 public:
    Converter(duk_context* context, Arena& arena) : context_(context), arena_(arena) {}

    /// The node on top of the stack; leaves the stack as it was.
    Node* node(int depth) {
        if (depth > k_max_depth) throw TooDeep{};
        if (!duk_is_object(context_, -1)) return nullptr;
        duk_require_stack(context_, 8);
        const std::string_view type = text_of("type");
        if (type == "ChainExpression" || type == "ParenthesizedExpression") return child("expression", depth);
        if (type == "Literal") return literal();
        if (type == "TemplateElement") return template_element();
        const auto found = shapes().find(type);
        if (found == shapes().end()) return make(Kind::other);
        const Shape& shape = *found->second;
        Node* made = make(shape.kind);
        if (*shape.text != 0) made->text = arena_.keep(text_of(shape.text));
        if (*shape.a != 0) made->a = child(shape.a, depth);
        if (*shape.b != 0) made->b = child(shape.b, depth);
        if (*shape.c != 0) made->c = child(shape.c, depth);
        if (*shape.d != 0) made->d = child(shape.d, depth);
        if (*shape.list != 0) children(shape.list, made->list, depth);
        if (*shape.list2 != 0) children(shape.list2, made->list2, depth);
        details(*made, type);
        return made;
    }

 private:
    Node* make(Kind kind) { return arena_.make(kind, number_of("start"), number_of("end")); }

    void details(Node& made, std::string_view type) {
        switch (made.kind) {
            case Kind::function:
                if (flag_of("async")) made.flags |= f_async;
                if (type == "ArrowFunctionExpression") made.flags |= f_arrow;
                if (type == "FunctionDeclaration") made.flags |= f_statement;
                if (made.b != nullptr && made.b->kind != Kind::block) made.flags |= f_short;
                break;
            case Kind::class_:
                if (type == "ClassDeclaration") made.flags |= f_statement;
                break;
            case Kind::member:
            case Kind::property:
            case Kind::member_definition:
                if (flag_of("computed")) made.flags |= f_computed;
                if (flag_of("shorthand")) made.flags |= f_short;
                if (flag_of("static")) made.flags |= f_static;
                if (flag_of("optional")) made.flags |= f_optional;
                break;
            case Kind::call:
                if (flag_of("optional")) made.flags |= f_optional;
                break;
            case Kind::jump:
                made.text = type == "BreakStatement" ? "break" : "continue";
                break;
            case Kind::import_name:
                made.text = type == "ImportDefaultSpecifier"     ? "default"
                            : type == "ImportNamespaceSpecifier" ? "*"
                                                                 : "name";
                break;
            default:
                break;
        }
    }

    Node* literal() {
        Node* made = make(Kind::literal);
        duk_get_prop_string(context_, -1, "value");
        if (duk_is_string(context_, -1)) {
            made->kind = Kind::string;
            made->text = keep_top();
            duk_pop(context_);
            return made;
        }
        const bool number = duk_is_number(context_, -1) != 0;
        duk_pop(context_);
        if (number) made->kind = Kind::number;
        made->text = arena_.keep(text_of("raw"));
        return made;
    }

    Node* template_element() {
        Node* made = make(Kind::string);
        duk_get_prop_string(context_, -1, "value");
        duk_get_prop_string(context_, -1, "cooked");
        if (duk_is_string(context_, -1)) made->text = keep_top();
        duk_pop_2(context_);
        return made;
    }

    std::string_view keep_top() {
        duk_size_t size = 0;
        const char* text = duk_get_lstring(context_, -1, &size);
        return arena_.keep({text, size});
    }

    Node* child(const char* name, int depth) {
        duk_get_prop_string(context_, -1, name);
        Node* made = nullptr;
        if (duk_is_object(context_, -1)) {
            // A class has its members one level further down.
            made = node(depth + 1);
        }
        duk_pop(context_);
        return made;
    }

    void children(const char* name, std::vector<Node*>& out, int depth) {
        duk_get_prop_string(context_, -1, name);
        if (duk_is_object(context_, -1) && !duk_is_array(context_, -1)) {  // ClassBody
            children("body", out, depth + 1);
        } else if (duk_is_array(context_, -1)) {
            const auto size = static_cast<duk_uarridx_t>(duk_get_length(context_, -1));
            out.reserve(size);
            for (duk_uarridx_t index = 0; index < size; ++index) {
                duk_get_prop_index(context_, -1, index);
                out.push_back(node(depth + 1));
                duk_pop(context_);
            }
        }
        duk_pop(context_);
    }

    /// Valid as long as the object on top of the stack lives.
    std::string_view text_of(const char* name) {
        duk_get_prop_string(context_, -1, name);
        duk_size_t size = 0;
        const char* text = duk_get_lstring(context_, -1, &size);
        duk_pop(context_);
        return text == nullptr ? std::string_view{} : std::string_view{text, size};
    }
    std::uint32_t number_of(const char* name) {
        duk_get_prop_string(context_, -1, name);
        const auto value = static_cast<std::uint32_t>(duk_get_uint_default(context_, -1, 0));
        duk_pop(context_);
        return value;
    }
    bool flag_of(const char* name) {
        duk_get_prop_string(context_, -1, name);
        const bool value = duk_get_boolean_default(context_, -1, 0) != 0;
        duk_pop(context_);
        return value;
    }

    duk_context* context_;
    Arena& arena_;
};

bool is_word(unsigned char byte) {
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
           byte == '_' || byte == '$';
}
bool is_space(unsigned char byte) {
    return byte == ' ' || (byte >= 9 && byte <= 13);
}
bool is_newline(unsigned char byte) {
    return byte == '\n' || byte == '\r';
}

}  // namespace

struct JsParser::Impl {
    duk_context* context = nullptr;
    std::string text;               // what is being parsed: ASCII, one byte for each UTF-16 unit
    std::vector<Comment> comments;  // collected by native_skip
    std::size_t parsed_bytes = 0;   // since garbage was last collected

    static Impl& of(duk_context* context) {
        duk_memory_functions functions;
        duk_get_memory_functions(context, &functions);
        return *static_cast<Impl*>(functions.udata);
    }

    std::size_t skip(std::size_t at, bool keep_comments) {
        while (at < text.size()) {
            if (is_space(static_cast<unsigned char>(text[at]))) {
                ++at;
            } else if (text.compare(at, 2, "//") == 0) {
                const std::size_t begin = at;
                while (at < text.size() && !is_newline(static_cast<unsigned char>(text[at]))) ++at;
                if (keep_comments)
                    comments.push_back({static_cast<std::uint32_t>(begin), static_cast<std::uint32_t>(at)});
            } else if (text.compare(at, 2, "/*") == 0) {
                const std::size_t close = text.find("*/", at + 2);
                if (close == std::string::npos) break;
                if (keep_comments)
                    comments.push_back({static_cast<std::uint32_t>(at), static_cast<std::uint32_t>(close + 2)});
                at = close + 2;
            } else {
                break;
            }
        }
        return at;
    }

    static std::size_t position(duk_context* c) {
        duk_push_this(c);
        duk_get_prop_literal(c, -1, "pos");
        return duk_get_uint(c, -1);
    }
    static void set_position(duk_context* c, std::size_t at) {
        duk_push_uint(c, static_cast<duk_uint_t>(at));
        duk_put_prop_literal(c, -3, "pos");
    }

    static duk_ret_t native_skip(duk_context* c) {
        Impl& self = of(c);
        const std::size_t from = position(c);
        const std::size_t to = self.skip(from, true);
        if (to + 1 < self.text.size() && self.text.compare(to, 2, "/*") == 0)
            return duk_error(c, DUK_ERR_SYNTAX_ERROR, "comment");
        if (to != from) set_position(c, to);
        return 0;
    }
    static duk_ret_t native_word(duk_context* c) {
        const Impl& self = of(c);
        const std::size_t from = position(c);
        std::size_t to = from;
        while (to < self.text.size() && is_word(static_cast<unsigned char>(self.text[to]))) ++to;
        // Escapes in names are for the exact parser.
        if (to < self.text.size() && self.text[to] == '\\') return duk_error(c, DUK_ERR_SYNTAX_ERROR, "escape");
        set_position(c, to);
        duk_push_false(c);
        duk_put_prop_literal(c, -3, "containsEsc");
        duk_push_lstring(c, self.text.data() + from, to - from);
        return 1;
    }
    static duk_ret_t native_has_newline(duk_context* c) {
        const Impl& self = of(c);
        const std::size_t from = duk_get_uint(c, 0);
        const std::size_t to = std::min<std::size_t>(duk_get_uint(c, 1), self.text.size());
        for (std::size_t at = from; at < to; ++at) {
            if (is_newline(static_cast<unsigned char>(self.text[at]))) {
                duk_push_true(c);
                return 1;
            }
        }
        duk_push_false(c);
        return 1;
    }
    /// Where a run of plain characters ends: at the quote, a backslash or the end of the line; in a template at a mark.
    static duk_ret_t native_plain(duk_context* c) {
        const std::string& text = of(c).text;
        std::size_t at = duk_get_uint(c, 0);
        const auto quote = static_cast<char>(duk_get_uint(c, 1));
        for (; at < text.size(); ++at) {
            const char byte = text[at];
            if (byte == quote || byte == '\\') break;
            if (quote != '`' ? is_newline(static_cast<unsigned char>(byte))
                             : byte == '\r' || (byte == '$' && at + 1 < text.size() && text[at + 1] == '{'))
                break;
        }
        duk_push_uint(c, static_cast<duk_uint_t>(at));
        return 1;
    }
    /// Whether the string statements at `start` include "use strict".
    static duk_ret_t native_strict_directive(duk_context* c) {
        Impl& self = of(c);
        const std::string& text = self.text;
        std::size_t at = duk_get_uint(c, 0);
        bool strict = false;
        for (;;) {
            at = self.skip(at, false);
            if (at >= text.size() || (text[at] != '\'' && text[at] != '"')) break;
            const char quote = text[at];
            std::size_t close = at + 1;
            while (close < text.size() && text[close] != quote && !is_newline(static_cast<unsigned char>(text[close])))
                close += text[close] == '\\' ? 2U : 1U;
            if (close >= text.size() || text[close] != quote) break;
            const bool is_directive = text.compare(at + 1, close - at - 1, "use strict") == 0;
            const std::size_t after = close + 1;
            const std::size_t next = self.skip(after, false);
            if (is_directive) {
                const char follower = next < text.size() ? text[next] : '\0';
                const bool newline = text.substr(after, next - after).find_first_of("\r\n") != std::string::npos;
                const bool continues = std::strchr("(`.[+-/*%<>=,?^&", follower) != nullptr && follower != '\0';
                const bool unequal = follower == '!' && next + 1 < text.size() && text[next + 1] == '=';
                strict = follower == ';' || follower == '}' || follower == '\0' || (newline && !continues && !unequal);
                break;
            }
            at = next < text.size() && text[next] == ';' ? next + 1 : next;
            if (at == close) break;
        }
        duk_push_boolean(c, strict ? 1 : 0);
        return 1;
    }

    void load() {
        const auto native = [this](const char* name, duk_c_function function, duk_idx_t arguments) {
            duk_push_c_function(context, function, arguments);
            duk_put_global_string(context, name);
        };
        native("nativeSkip", native_skip, 0);
        native("nativeWord", native_word, 0);
        native("nativeHasNewline", native_has_newline, 2);
        native("nativeStrictDirective", native_strict_directive, 1);
        native("nativePlain", native_plain, 2);
        const auto size = static_cast<std::size_t>(spawnai_acorn_bytecode_end - spawnai_acorn_bytecode);
        std::memcpy(duk_push_fixed_buffer(context, size), spawnai_acorn_bytecode, size);
        duk_load_function(context);
        duk_call(context, 0);
        duk_pop(context);
    }

    /// Pushes the result or the error of `function`. True when it returned.
    bool call(const char* function, Goal goal) {
        duk_get_global_string(context, function);
        duk_push_lstring(context, text.data(), text.size());
        duk_push_string(context, goal == Goal::module ? "module" : goal == Goal::function ? "function" : "script");
        return duk_pcall(context, 2) == DUK_EXEC_SUCCESS;
    }
};

namespace {

void* allocate(void* /*impl*/, duk_size_t size) {
    return std::malloc(size);
}
void* reallocate(void* /*impl*/, void* old, duk_size_t size) {
    return std::realloc(old, size);
}
void release(void* /*impl*/, void* old) {
    std::free(old);
}
void fatal(void* /*impl*/, const char* /*message*/) {
    std::abort();
}

/// One ASCII byte for each UTF-16 unit of `text`; fills the map back to bytes when they differ.
std::string ascii_units(std::string_view text, std::vector<std::uint32_t>& offsets) {
    std::string out;
    out.reserve(text.size());
    bool plain = true;
    for (const char c : text) plain = plain && static_cast<unsigned char>(c) < 0x80;
    if (plain) return std::string(text);
    offsets.reserve(text.size() + 1);
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        const std::size_t width = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
        offsets.push_back(static_cast<std::uint32_t>(at));
        out.push_back(lead < 0x80 ? text[at] : '\x01');
        if (width == 4) {
            offsets.push_back(static_cast<std::uint32_t>(at));
            out.push_back('\x01');
        }
        at += width;
    }
    offsets.push_back(static_cast<std::uint32_t>(text.size()));
    return out;
}

/// UTF-8 to the CESU-8 that Duktape reads: characters beyond the basic plane become two surrogates.
std::string to_cesu8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    for (std::size_t at = 0; at < text.size();) {
        const auto lead = static_cast<unsigned char>(text[at]);
        if (lead < 0xF0 || at + 3 >= text.size()) {
            out.push_back(text[at++]);
            continue;
        }
        const auto bits = [&](std::size_t index) { return static_cast<std::uint32_t>(text[at + index]) & 0x3FU; };
        const std::uint32_t code = ((lead & 7U) << 18U | bits(1) << 12U | bits(2) << 6U | bits(3)) - 0x10000U;
        for (const std::uint32_t unit : {0xD800U + (code >> 10U), 0xDC00U + (code & 0x3FFU)}) {
            out.push_back(static_cast<char>(0xE0U | unit >> 12U));
            out.push_back(static_cast<char>(0x80U | (unit >> 6U & 0x3FU)));
            out.push_back(static_cast<char>(0x80U | (unit & 0x3FU)));
        }
        at += 4;
    }
    return out;
}

std::string clean_message(std::string_view message) {
    std::string out;
    for (const char c : message) {
        if (static_cast<unsigned char>(c) < 0x20 || static_cast<unsigned char>(c) >= 0x7F) {
            if (out.empty() || out.back() != '?') out.push_back('?');
        } else {
            out.push_back(c);
        }
        if (out.size() > 200) break;
    }
    // acorn ends its messages with "(line:column)", which the finding has anyway.
    const std::size_t open = out.rfind(" (");
    if (open != std::string::npos && out.back() == ')') out.resize(open);
    return out;
}

}  // namespace

JsParser::JsParser() : impl_(std::make_unique<Impl>()) {
    t_work = ~0U;
    impl_->context = duk_create_heap(allocate, reallocate, release, impl_.get(), fatal);
    if (impl_->context == nullptr) std::abort();
    impl_->load();
}

JsParser::~JsParser() {
    duk_destroy_heap(impl_->context);
}

Parsed JsParser::parse(std::string_view text, Goal goal, Arena& arena, const Deadline& deadline, std::uint32_t& work) {
    Parsed result;
    result.tree.source = text;
    result.tree.module = goal == Goal::module;
    if (work == 0) {
        result.message = "the file takes too long to parse";
        return result;
    }
    t_work = work;
    const WithDeadline with_deadline(deadline);
    t_stopped = false;
    duk_context* context = impl_->context;
    duk_set_top(context, 0);
    duk_require_stack(context, 16);
    impl_->parsed_bytes += text.size();
    if (impl_->parsed_bytes > k_bytes_between_collections) {
        duk_gc(context, 0);
        impl_->parsed_bytes = text.size();
    }
    impl_->comments.clear();
    impl_->text = ascii_units(text, result.tree.offsets);
    bool parsed = impl_->call("parseFast", goal);
    work = t_work;
    if (!parsed && t_stopped) {
        result.message = "it takes too long to parse";
        duk_set_top(context, 0);
        return result;
    }
    if (!parsed) {
        // Whatever the fast grammar does not like is judged again by the exact one, on the true text.
        duk_set_top(context, 0);
        impl_->comments.clear();
        impl_->text = to_cesu8(text);
        parsed = impl_->call("parseExact", goal);
        work = t_work;
        if (!parsed) {
            duk_get_prop_string(context, 0, "pos");
            const bool has_position = duk_is_number(context, -1) != 0;
            const std::uint32_t unit = duk_get_uint_default(context, -1, 0);
            duk_pop(context);
            duk_get_prop_string(context, 0, "name");
            const std::string name = duk_safe_to_string(context, -1);
            duk_pop(context);
            duk_get_prop_string(context, 0, "message");
            result.message = clean_message(duk_safe_to_string(context, -1));
            if (t_stopped) result.message = "it takes too long to parse";
            // Only an error with a position is acorn's verdict; the others are limits of the engine.
            result.status =
                has_position && name == "SyntaxError" ? Parsed::Status::broken : Parsed::Status::not_checked;
            result.at = result.tree.offset(unit);
            duk_set_top(context, 0);
            return result;
        }
        duk_get_prop_string(context, 0, "comments");
        const auto count = static_cast<duk_uarridx_t>(duk_get_length(context, -1));
        for (duk_uarridx_t index = 0; index < count; ++index) {
            duk_get_prop_index(context, -1, index);
            duk_get_prop_string(context, -1, "start");
            duk_get_prop_string(context, -2, "end");
            impl_->comments.push_back({duk_get_uint_default(context, -2, 0), duk_get_uint_default(context, -1, 0)});
            duk_pop_3(context);
        }
        duk_pop(context);
    }
    duk_get_prop_string(context, 0, "newer");
    const auto newer = static_cast<duk_uarridx_t>(duk_get_length(context, -1));
    for (duk_uarridx_t index = 0; index < newer; ++index) {
        duk_get_prop_index(context, -1, index);
        duk_get_prop_string(context, -1, "what");
        result.tree.newer.emplace_back(duk_safe_to_string(context, -1));
        duk_pop_2(context);
    }
    duk_pop(context);
    duk_get_prop_string(context, 0, "tree");
    // Beyond the parse only lists are read.
    t_work = ~0U;
    t_deadline = nullptr;
    try {
        result.tree.root = Converter(context, arena).node(0);
        result.status = Parsed::Status::good;
        result.tree.comments = impl_->comments;
    } catch (const TooDeep&) {
        result.message = "nested too deeply";
    }
    duk_set_top(context, 0);
    return result;
}

}  // namespace spawnai::validate::checker
