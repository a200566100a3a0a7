#pragma once

#include "tree.hpp"

#include <deque>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace spawnai::validate::checker {

/// One expression that a name or a property gets its value from.
struct Definition {
    Node* value = nullptr;
    enum class How : std::uint8_t { set, append, part } how = How::set;  ///< part: became an element or property of it
};

struct Symbol {
    std::string_view name;
    std::vector<Definition> definitions;
    std::vector<Node*> references;
    Node* function = nullptr;  ///< the function or class that it names, when declared as one
    Node* parameter_of = nullptr;
    int parameter = -1;  ///< index, when it is a plain parameter
    bool lexical_global = false;
};

struct Scope {
    Scope* parent = nullptr;
    Node* function = nullptr;
    std::unordered_map<std::string_view, Symbol*> names;
};

enum class Language : std::uint8_t { javascript, python };

/// Resolves the names of all trees of one program. Classic scripts share the global scope, a module has its own.
class Scopes {
 public:
    Scopes(Arena& arena, Language language) : arena_(arena), language_(language) {
        global_ = make_scope(nullptr, nullptr);
    }

    void add(const Tree& tree);

    [[nodiscard]] const std::vector<Node*>& free_identifiers() const noexcept { return free_; }
    [[nodiscard]] const Scope& global() const noexcept { return *global_; }
    [[nodiscard]] const std::vector<std::string_view>& module_names() const noexcept { return module_names_; }
    /// What is assigned to any property called `name`, and the functions that are declared as such.
    [[nodiscard]] const std::vector<Node*>& property_values(std::string_view name) const;
    /// The name under which a function or class was declared, or null.
    [[nodiscard]] const Symbol* symbol_of(const Node* function) const;
    /// Second pass, after every tree was added: references that no declaration matched become global or free.
    void resolve();

 private:
    Scope* make_scope(Scope* parent, Node* function);
    Symbol* declare(Scope& scope, std::string_view name);
    void declare_pattern(Scope& scope, Node* pattern);
    void hoist(Node* node, Scope& scope);
    void hoist_python(Node* node, Scope& scope);
    void declare_block(const std::vector<Node*>& statements, Scope& scope);
    void walk(Node* node, Scope& scope);
    void walk_function(Node* node, Scope& scope);
    void walk_list(const std::vector<Node*>& nodes, Scope& scope);
    void bind(Node* pattern, Node* value, Scope& scope, Definition::How how);
    void assign(Node* node, Scope& scope);
    void refer(Node* identifier, Scope& scope);
    Node* member_of(Node* object, Node* key, bool computed);

    Arena& arena_;
    Language language_;
    std::deque<Scope> scopes_;
    std::deque<Symbol> symbols_;
    Scope* global_ = nullptr;
    std::vector<Node*> free_;
    std::vector<std::pair<Node*, Scope*>> pending_;
    struct PendingBind {
        Node* target;
        Node* value;
        Scope* scope;
        Definition::How how;
    };
    std::vector<PendingBind> binds_;
    std::vector<std::string_view> module_names_;
    std::unordered_map<std::string_view, std::vector<Node*>> properties_;
    std::unordered_map<const Node*, const Symbol*> by_function_;
};

}  // namespace spawnai::validate::checker
