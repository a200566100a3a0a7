#include "scope.hpp"

namespace spawnai::validate::checker {

Scope* Scopes::make_scope(Scope* parent, Node* function) {
    Scope& scope = scopes_.emplace_back();
    scope.parent = parent;
    scope.function = function;
    return &scope;
}

Symbol* Scopes::declare(Scope& scope, std::string_view name) {
    Symbol*& slot = scope.names[name];
    if (slot == nullptr) {
        slot = &symbols_.emplace_back();
        slot->name = name;
    }
    return slot;
}

void Scopes::declare_pattern(Scope& scope, Node* pattern) {
    if (pattern == nullptr) return;
    switch (pattern->kind) {
        case Kind::identifier:
            declare(scope, pattern->text);
            break;
        case Kind::pattern_default:
        case Kind::spread:
            declare_pattern(scope, pattern->a);
            break;
        case Kind::property:
            declare_pattern(scope, pattern->b);
            break;
        case Kind::object_pattern:
        case Kind::array_pattern:
        case Kind::array:
            for (Node* element : pattern->list) declare_pattern(scope, element);
            break;
        default:
            break;
    }
}

/// `var` and functions in blocks belong to the whole function.
void Scopes::hoist(Node* node, Scope& scope) {
    if (node == nullptr) return;
    if (node->kind == Kind::function || node->kind == Kind::class_) {
        if (node->kind == Kind::function && node->has(f_statement) && node->a != nullptr) {
            Symbol* symbol = declare(scope, node->a->text);
            if (symbol->function == nullptr) symbol->function = node;
        }
        return;
    }
    if (node->kind == Kind::declaration && node->text == "var")
        for (Node* declarator : node->list) declare_pattern(scope, declarator->a);
    each_child(*node, [&](Node& child) { hoist(&child, scope); });
}

/// In Python every assignment in a function declares.
void Scopes::hoist_python(Node* node, Scope& scope) {
    if (node == nullptr) return;
    switch (node->kind) {
        case Kind::function:
        case Kind::class_:
            if (node->a != nullptr) declare(scope, node->a->text)->function = node;
            return;
        case Kind::assign:
            declare_pattern(scope, node->a);
            break;
        case Kind::for_in:
            declare_pattern(scope, node->a);
            break;
        case Kind::catch_:
        case Kind::with_:
            declare_pattern(scope, node->a);
            break;
        case Kind::import_name:
            declare_pattern(scope, node->b);
            break;
        default:
            break;
    }
    each_child(*node, [&](Node& child) { hoist_python(&child, scope); });
}

void Scopes::declare_block(const std::vector<Node*>& statements, Scope& scope) {
    for (Node* statement : statements) {
        if (statement == nullptr) continue;
        if (statement->kind == Kind::export_) statement = statement->a;
        if (statement == nullptr) continue;
        if (statement->kind == Kind::declaration && statement->text != "var")
            for (Node* declarator : statement->list) declare_pattern(scope, declarator->a);
        if ((statement->kind == Kind::class_ || statement->kind == Kind::function) && statement->has(f_statement) &&
            statement->a != nullptr) {
            Symbol* symbol = declare(scope, statement->a->text);
            if (symbol->function == nullptr) symbol->function = statement;
        }
        if (statement->kind == Kind::import_)
            for (Node* name : statement->list) declare_pattern(scope, name->b);
    }
}

void Scopes::add(const Tree& tree) {
    Scope* scope = global_;
    if (tree.module && language_ == Language::javascript) scope = make_scope(global_, nullptr);
    Node* root = tree.root;
    if (language_ == Language::python) {
        hoist_python(root, *scope);
    } else {
        for (Node* statement : root->list) hoist(statement, *scope);
        declare_block(root->list, *scope);
    }
    if (scope != global_)
        for (const auto& [name, symbol] : scope->names) module_names_.push_back(name);
    walk_list(root->list, *scope);
}

void Scopes::walk_list(const std::vector<Node*>& nodes, Scope& scope) {
    for (Node* node : nodes) walk(node, scope);
}

void Scopes::walk_function(Node* node, Scope& scope) {
    Scope* inner = make_scope(&scope, node);
    if (node->a != nullptr && !node->has(f_statement)) declare(*inner, node->a->text)->function = node;
    int index = 0;
    for (Node* parameter : node->list) {
        Node* target = parameter;
        if (target != nullptr && target->kind == Kind::pattern_default) target = target->a;
        if (target != nullptr && target->kind == Kind::identifier) {
            Symbol* symbol = declare(*inner, target->text);
            symbol->parameter_of = node;
            symbol->parameter = index;
            target->symbol = symbol;
        } else if (target != nullptr && target->kind == Kind::spread) {
            declare_pattern(*inner, target);
        } else if (target != nullptr) {
            // A pattern takes its parts from a parameter without a name.
            declare_pattern(*inner, target);
            Node* hidden = arena_.make(Kind::identifier, target->start, target->end);
            Symbol& symbol = symbols_.emplace_back();
            symbol.parameter_of = node;
            symbol.parameter = index;
            hidden->symbol = &symbol;
            bind(target, hidden, *inner, Definition::How::set);
        }
        if (parameter != nullptr && parameter->kind == Kind::pattern_default) {
            walk(parameter->b, *inner);
            if (parameter->a->kind == Kind::identifier)
                parameter->a->symbol->definitions.push_back({parameter->b, Definition::How::set});
        }
        ++index;
    }
    if (node->b == nullptr) return;
    if (language_ == Language::python) {
        hoist_python(node->b, *inner);
        walk(node->b, *inner);
        return;
    }
    hoist(node->b, *inner);
    if (node->b->kind == Kind::block) {
        declare_block(node->b->list, *inner);
        walk_list(node->b->list, *inner);
    } else {
        walk(node->b, *inner);
    }
}

void Scopes::walk(Node* node, Scope& scope) {
    if (node == nullptr) return;
    switch (node->kind) {
        case Kind::identifier:
            refer(node, scope);
            return;
        case Kind::function:
            walk_function(node, scope);
            return;
        case Kind::class_: {
            walk(node->b, scope);
            Scope* inner = make_scope(&scope, scope.function);
            if (node->a != nullptr) declare(*inner, node->a->text)->function = node;
            if (language_ == Language::python)
                for (Node* statement : node->list) hoist_python(statement, *inner);
            for (Node* member : node->list) {
                if (member == nullptr) continue;
                if (member->kind == Kind::member_definition) {
                    if (member->has(f_computed))
                        walk(member->a, *inner);
                    else if (member->b != nullptr && member->a != nullptr)
                        properties_[member->a->text].push_back(member->b);
                    walk(member->b, *inner);
                } else {
                    if (member->kind == Kind::function && member->a != nullptr)
                        properties_[member->a->text].push_back(member);
                    walk(member, *inner);
                }
            }
            return;
        }
        case Kind::block: {
            Scope* inner = &scope;
            if (language_ == Language::javascript) {
                inner = make_scope(&scope, scope.function);
                declare_block(node->list, *inner);
            }
            walk_list(node->list, *inner);
            return;
        }
        case Kind::for_:
        case Kind::for_in: {
            Scope* inner = &scope;
            if (language_ == Language::javascript) {
                inner = make_scope(&scope, scope.function);
                if (node->a != nullptr && node->a->kind == Kind::declaration && node->a->text != "var")
                    for (Node* declarator : node->a->list) declare_pattern(*inner, declarator->a);
            }
            if (node->kind == Kind::for_) {
                for (Node* part : {node->a, node->b, node->c, node->d}) walk(part, *inner);
                return;
            }
            walk(node->b, *inner);
            Node* target = node->a;
            if (target != nullptr && target->kind == Kind::declaration && !target->list.empty())
                target = target->list[0]->a;
            if (target != nullptr && node->b != nullptr) {
                // An element: a member by an unknown key.
                Node* key = arena_.make(Kind::other, node->b->start, node->b->end);
                bind(target, member_of(node->b, key, true), *inner, Definition::How::set);
            }
            walk(node->c, *inner);
            return;
        }
        case Kind::catch_: {
            Scope* inner = language_ == Language::javascript ? make_scope(&scope, scope.function) : &scope;
            declare_pattern(*inner, node->a);
            walk(node->b, *inner);
            return;
        }
        case Kind::switch_: {
            walk(node->a, scope);
            Scope* inner = make_scope(&scope, scope.function);
            for (Node* one : node->list) declare_block(one->list, *inner);
            for (Node* one : node->list) {
                walk(one->a, *inner);
                walk_list(one->list, *inner);
            }
            return;
        }
        case Kind::declarator:
            if (node->b != nullptr) {
                walk(node->b, scope);
                bind(node->a, node->b, scope, Definition::How::set);
            }
            if (node->a != nullptr && node->a->kind == Kind::identifier)
                binds_.push_back({node->a, nullptr, &scope, {}});
            return;
        case Kind::assign:
            assign(node, scope);
            return;
        case Kind::update:
            walk(node->a, scope);
            // A name that counts has no constant value.
            if (node->a != nullptr && node->a->kind == Kind::identifier)
                binds_.push_back({node->a, node, &scope, Definition::How::append});
            return;
        case Kind::with_:
            walk(node->b, scope);
            if (language_ == Language::python) {
                if (node->a != nullptr && node->c != nullptr) bind(node->a, node->c, scope, Definition::How::set);
                walk(node->c, scope);
            } else {
                walk(node->a, scope);
            }
            return;
        case Kind::import_:
            for (Node* name : node->list) {
                Node* module = arena_.make(Kind::call, node->start, node->end);
                module->a = arena_.make(Kind::identifier, node->start, node->start);
                module->a->text = "require";
                module->list.push_back(node->d);
                Node* value = module;
                if (name->a != nullptr) value = member_of(module, name->a, false);
                bind(name->b, value, scope, Definition::How::set);
            }
            return;
        case Kind::export_:
            walk(node->a, scope);
            if (node->d == nullptr)
                for (Node* name : node->list) walk(name->a, scope);
            return;
        case Kind::member:
            walk(node->a, scope);
            if (node->has(f_computed)) walk(node->b, scope);
            return;
        case Kind::property:
            if (node->has(f_computed))
                walk(node->a, scope);
            else if (node->b != nullptr && node->a != nullptr && node->b->kind == Kind::function)
                properties_[node->a->text].push_back(node->b);
            walk(node->b, scope);
            return;
        case Kind::labeled:
            walk(node->b, scope);
            return;
        case Kind::jump:
            return;
        default:
            each_child(*node, [&](Node& child) { walk(&child, scope); });
            return;
    }
}

void Scopes::assign(Node* node, Scope& scope) {
    walk(node->b, scope);
    Node* target = node->a;
    if (target == nullptr) return;
    const auto how = node->text == "=" ? Definition::How::set : Definition::How::append;
    if (target->kind == Kind::member) {
        walk(target, scope);
        if (!target->has(f_computed) && target->b != nullptr) properties_[target->b->text].push_back(node->b);
        // The object that is changed in one part carries what was put in.
        Node* object = target->a;
        while (object != nullptr && object->kind == Kind::member) object = object->a;
        if (object != nullptr && object->kind == Kind::identifier)
            binds_.push_back({object, node->b, &scope, Definition::How::part});
        return;
    }
    bind(target, node->b, scope, how);
}

Node* Scopes::member_of(Node* object, Node* key, bool computed) {
    Node* made = arena_.make(Kind::member, object->start, object->end);
    made->a = object;
    made->b = key;
    if (computed) made->flags |= f_computed;
    return made;
}

void Scopes::bind(Node* pattern, Node* value, Scope& scope, Definition::How how) {
    if (pattern == nullptr) return;
    switch (pattern->kind) {
        case Kind::identifier:
            binds_.push_back({pattern, value, &scope, how});
            break;
        case Kind::pattern_default:
            bind(pattern->a, value, scope, how);
            bind(pattern->a, pattern->b, scope, how);
            walk(pattern->b, scope);
            break;
        case Kind::spread:
            bind(pattern->a, value, scope, how);
            break;
        case Kind::object_pattern:
        case Kind::object:
            for (Node* part : pattern->list) {
                if (part == nullptr) continue;
                if (part->kind == Kind::property) {
                    if (part->has(f_computed)) walk(part->a, scope);
                    bind(part->b, member_of(value, part->a, part->has(f_computed)), scope, how);
                } else {
                    bind(part, value, scope, how);
                }
            }
            break;
        case Kind::array_pattern:
        case Kind::array: {
            int index = 0;
            for (Node* part : pattern->list) {
                if (part != nullptr) {
                    Node* key = arena_.make(Kind::number, pattern->start, pattern->end);
                    key->text = arena_.keep(std::to_string(index));
                    bind(part, member_of(value, key, true), scope, how);
                }
                ++index;
            }
            break;
        }
        case Kind::member:
            walk(pattern, scope);
            break;
        default:
            break;
    }
}

void Scopes::refer(Node* identifier, Scope& scope) {
    pending_.emplace_back(identifier, &scope);
}

void Scopes::resolve() {
    const auto find = [](Scope* scope, std::string_view name) -> Symbol* {
        for (; scope != nullptr; scope = scope->parent) {
            const auto found = scope->names.find(name);
            if (found != scope->names.end()) return found->second;
        }
        return nullptr;
    };
    // An assignment to an undeclared name in a classic script makes a global.
    for (const PendingBind& bind : binds_)
        if (bind.how != Definition::How::part && find(bind.scope, bind.target->text) == nullptr)
            declare(*global_, bind.target->text);
    for (const PendingBind& bind : binds_) {
        Symbol* symbol = find(bind.scope, bind.target->text);
        bind.target->symbol = symbol;
        if (symbol != nullptr && bind.value != nullptr) symbol->definitions.push_back({bind.value, bind.how});
    }
    for (const auto& [identifier, scope] : pending_) {
        identifier->symbol = find(scope, identifier->text);
        if (identifier->symbol == nullptr) {
            free_.push_back(identifier);
        } else {
            identifier->symbol->references.push_back(identifier);
        }
    }
    for (const Symbol& symbol : symbols_)
        if (symbol.function != nullptr) by_function_.emplace(symbol.function, &symbol);
}

const Symbol* Scopes::symbol_of(const Node* function) const {
    const auto found = by_function_.find(function);
    return found == by_function_.end() ? nullptr : found->second;
}

const std::vector<Node*>& Scopes::property_values(std::string_view name) const {
    static const std::vector<Node*> none;
    const auto found = properties_.find(name);
    return found == properties_.end() ? none : found->second;
}

}  // namespace spawnai::validate::checker
