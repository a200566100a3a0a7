#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::checker {

/// The kinds of node that the analysis knows. JavaScript and Python are read into the same tree. In brackets: what the fields hold.
enum class Kind : std::uint8_t {
    none,
    // statements
    program,            // list
    block,              // list
    expression,         // a
    declaration,        // text var|let|const, list of declarator
    declarator,         // a target, b initial value
    function,           // a name, list parameters, b body
    return_,            // a
    if_,                // a test, b then, c else
    for_,               // a, b, c, d body
    while_,             // a test, b body; also do-while
    for_in,             // a target, b object, c body; also for-of
    try_,               // a block, b handler, c finaliser
    catch_,             // a parameter, b body
    throw_,             // a
    switch_,            // a, list of case_
    case_,              // a test, list
    jump,               // text break|continue, a label
    labeled,            // a label, b body
    with_,              // a, b
    class_,             // a name, b base, list of member_definition
    member_definition,  // a key, b value
    import_,            // d source, list of import_name
    import_name,        // a imported (null: the module itself), b local, text default|*|name
    export_,            // a declaration or expression, list of export_name, d source
    export_name,        // a local, b exported
    // expressions
    identifier,       // text
    string,           // text
    number,           // text
    literal,          // text: true, false, null, regular expressions
    template_,        // list of string, list2 of expressions
    tagged,           // a tag, b template
    array,            // list
    object,           // list of property and spread
    property,         // a key, b value
    spread,           // a; also rest elements
    unary,            // text operator, a
    update,           // text operator, a
    binary,           // text operator, a, b; also logical
    assign,           // text operator, a target, b value
    conditional,      // a, b, c
    call,             // a callee, list
    new_,             // a callee, list
    member,           // a object, b property
    sequence,         // list
    this_,            //
    await_,           // a; also yield
    import_call,      // a
    pattern_default,  // a target, b value
    object_pattern,   // list of property and spread
    array_pattern,    // list, may hold null
    other,            // anything else: list of children
};

enum Flag : std::uint8_t {
    f_computed = 1,   // member, property: the key is an expression
    f_async = 2,      // function
    f_arrow = 4,      // function
    f_statement = 8,  // function, class: a declaration, not an expression
    f_optional = 16,  // call, member: after ?.
    f_short = 32,     // property: {a}; function: body is an expression
    f_keyword = 64,   // property used as a keyword argument (Python)
    f_static = 128,
    f_attribute = 128,  // program: the code of an event attribute, which runs when the event comes
};

struct Symbol;

struct Node {
    Kind kind = Kind::none;
    std::uint8_t flags = 0;
    std::uint32_t start = 0;  ///< in units of the parser's text, see Tree::offset
    std::uint32_t end = 0;
    std::uint32_t id = 0;  ///< index in the order of creation, for side tables
    Node* a = nullptr;
    Node* b = nullptr;
    Node* c = nullptr;
    Node* d = nullptr;
    Symbol* symbol = nullptr;  ///< identifier: what it names, null when free
    Node* parent = nullptr;
    std::string_view text;
    std::vector<Node*> list;
    std::vector<Node*> list2;
    [[nodiscard]] bool has(Flag flag) const noexcept { return (flags & flag) != 0; }
};

/// Owns nodes and their texts; addresses are stable.
class Arena {
 public:
    Node* make(Kind kind, std::uint32_t start, std::uint32_t end) {
        Node& node = nodes_.emplace_back();
        node.kind = kind;
        node.start = start;
        node.end = end;
        node.id = static_cast<std::uint32_t>(nodes_.size() - 1);
        return &node;
    }
    std::string_view keep(std::string_view text) { return texts_.emplace_back(text); }
    [[nodiscard]] std::size_t size() const noexcept { return nodes_.size(); }

 private:
    std::deque<Node> nodes_;
    std::deque<std::string> texts_;
};

struct Comment {
    std::uint32_t start = 0;
    std::uint32_t end = 0;
};

/// One parsed text and where it stands in its file.
struct Tree {
    Node* root = nullptr;
    std::string_view source;             ///< the bytes that were parsed
    std::size_t base = 0;                ///< byte offset of `source` in the file
    std::vector<std::uint32_t> offsets;  ///< parser unit -> byte, empty when they are the same
    std::vector<Comment> comments;
    std::vector<std::string> newer;  ///< constructs that older runtimes do not know
    bool module = false;
    /// Byte offset in the file of a position that the parser gave.
    [[nodiscard]] std::size_t offset(std::uint32_t unit) const noexcept {
        if (offsets.empty()) return base + (unit < source.size() ? unit : source.size());
        return base + (unit < offsets.size() ? offsets[unit] : source.size());
    }
};

/// Calls `visit` for each direct child that is not null.
template <class Visit>
void each_child(const Node& node, Visit&& visit) {
    for (Node* child : {node.a, node.b, node.c, node.d})
        if (child != nullptr) visit(*child);
    for (Node* child : node.list)
        if (child != nullptr) visit(*child);
    for (Node* child : node.list2)
        if (child != nullptr) visit(*child);
}

}  // namespace spawnai::validate::checker
