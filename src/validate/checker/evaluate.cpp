#include "evaluate.hpp"

#include "fold.hpp"
#include "sources.hpp"

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>

namespace spawnai::validate::checker {
namespace {

constexpr int k_max_depth = 120;
constexpr std::size_t k_max_steps = 400'000;
constexpr std::size_t k_max_text = 20'000;
constexpr std::size_t k_max_total_text = 64U << 20U;

const std::string k_unknown_text(1, k_hole);

Known constant(std::string text) {
    Known known;
    known.text = std::move(text);
    known.exact = true;
    return known;
}

std::string number_text(double number) {
    if (number == std::floor(number) && std::abs(number) < 1e15) return std::to_string(static_cast<long long>(number));
    return std::to_string(number);
}

std::optional<double> parse_number(std::string_view raw) {
    std::string text;
    for (const char c : raw)
        if (c != '_') text.push_back(c);
    if (!text.empty() && text.back() == 'n') text.pop_back();
    if (text.size() > 2 && text[0] == '0') {
        const char base = static_cast<char>(std::tolower(static_cast<unsigned char>(text[1])));
        const int radix = base == 'x' ? 16 : base == 'o' ? 8 : base == 'b' ? 2 : 0;
        if (radix != 0) return static_cast<double>(std::strtoull(text.c_str() + 2, nullptr, radix));
    }
    char* end = nullptr;
    const double number = std::strtod(text.c_str(), &end);
    if (end == text.c_str()) return std::nullopt;
    return number;
}

std::string last_part(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return std::string(dot == std::string_view::npos ? path : path.substr(dot + 1));
}

/// chr(..) anywhere in a short expression.
bool calls_chr(const Node* root) {
    std::vector<const Node*> stack{root};
    for (int budget = 60; !stack.empty() && budget > 0; --budget) {
        const Node* node = stack.back();
        stack.pop_back();
        if (node->kind == Kind::call && node->a != nullptr && node->a->kind == Kind::identifier &&
            node->a->text == "chr")
            return true;
        each_child(*node, [&](const Node& child) { stack.push_back(&child); });
    }
    return false;
}

/// Calls whose argument says which element they give.
bool names_its_result(std::string_view path) {
    return path == "document.getElementById" || path == "document.querySelector" ||
           path == "document.getElementsByName" || path == "document.querySelectorAll" || path == "?.querySelector" ||
           path == "$" || path == "jQuery" || path == "document.getElementById.value" || path == "?.getElementById" ||
           path == "?.get" || path == "document.forms" || path == "document.createElement";
}

}  // namespace

void Evaluator::learn(const Tree& tree) {
    unknown_.text = k_unknown_text;
    // Parents first: everything below asks for them.
    std::vector<Node*> stack{tree.root};
    std::vector<Node*> calls;
    while (!stack.empty()) {
        Node* node = stack.back();
        stack.pop_back();
        if (node->kind == Kind::call || node->kind == Kind::new_) calls.push_back(node);
        if (node->kind == Kind::return_ || (node->kind == Kind::function && node->has(f_short))) {
            Node* function = node;
            if (node->kind == Kind::return_)
                while (function != nullptr && function->kind != Kind::function) function = function->parent;
            Node* result = node->kind == Kind::return_ ? node->a : node->b;
            if (function != nullptr && result != nullptr) returns_[function].push_back(result);
        }
        each_child(*node, [&](Node& child) {
            child.parent = node;
            stack.push_back(&child);
        });
    }
    for (Node* one : calls) note_call(one);
}

void Evaluator::note_call(Node* one) {
    if (Node* callee = function_of(one->a)) calls_[callee].push_back(one);
    int index = 0;
    for (Node* argument : one->list) {
        if (Node* handed = argument == nullptr ? nullptr : function_of(argument)) uses_[handed].push_back({one, index});
        ++index;
    }
}

const std::vector<Evaluator::Use>& Evaluator::uses_of(Node* function) const {
    static const std::vector<Use> none;
    const auto found = uses_.find(function);
    return found == uses_.end() ? none : found->second;
}

const std::vector<Node*>& Evaluator::calls_of(Node* function) const {
    static const std::vector<Node*> none;
    const auto found = calls_.find(function);
    return found == calls_.end() ? none : found->second;
}

Node* Evaluator::function_of(Node* expression, int depth) {
    if (expression == nullptr || depth > 8) return nullptr;
    switch (expression->kind) {
        case Kind::function:
            return expression;
        case Kind::identifier: {
            const Symbol* symbol = expression->symbol;
            if (symbol == nullptr) return nullptr;
            if (symbol->function != nullptr)
                return symbol->function->kind == Kind::function ? symbol->function : nullptr;
            for (const Definition& definition : symbol->definitions)
                if (definition.how == Definition::How::set && definition.value != nullptr &&
                    definition.value->kind != Kind::identifier)
                    return function_of(definition.value, depth + 1);
            return nullptr;
        }
        case Kind::member: {
            if (expression->has(f_computed) || expression->b == nullptr) return nullptr;
            if (expression->b->text == "bind" && expression->a != nullptr) return nullptr;
            // A method is found by its name when only one thing has that name.
            const auto& candidates = scopes_.property_values(expression->b->text);
            return candidates.size() == 1 && candidates[0]->kind == Kind::function ? candidates[0] : nullptr;
        }
        case Kind::call:
            // f.bind(this), and wrappers that take the function alone: useCallback(f), debounce(f), async handlers.
            if (expression->a != nullptr && expression->a->kind == Kind::member && !expression->a->has(f_computed) &&
                expression->a->b != nullptr && expression->a->b->text == "bind")
                return function_of(expression->a->a, depth + 1);
            if (expression->list.size() == 1 && expression->list[0] != nullptr &&
                expression->list[0]->kind == Kind::function)
                return expression->list[0];
            return nullptr;
        default:
            return nullptr;
    }
}

const Known& Evaluator::value(Node* node) {
    if (node == nullptr) return unknown_;
    const auto found = memo_.find(node);
    if (found != memo_.end()) return found->second;
    if (depth_ > k_max_depth || ++steps_ > k_max_steps || !active_.insert(node).second) return unknown_;
    ++depth_;
    Known known = compute(node);
    --depth_;
    active_.erase(node);
    // Several unknown parts in a row are one.
    known.text.erase(std::unique(known.text.begin(), known.text.end(),
                                 [](char left, char right) { return left == k_hole && right == k_hole; }),
                     known.text.end());
    text_bytes_ += known.text.size();
    if (known.text.size() > k_max_text || text_bytes_ > k_max_total_text) {
        known.text.resize(std::min(known.text.size(), text_bytes_ > k_max_total_text ? std::size_t{0} : k_max_text));
        known.text += k_hole;
        known.exact = false;
        known.items.reset();
    }
    return memo_[node] = std::move(known);
}

Known Evaluator::merge(const std::vector<Known>& values) {
    Known result;
    result.text = k_unknown_text;
    bool first = true;
    for (const Known& one : values) {
        result.taint |= one.taint;
        // An initial '' or null says nothing about the value in use.
        if (one.exact && one.text.empty()) continue;
        if (first) {
            const std::uint32_t taint = result.taint;
            result = one;
            result.taint = taint;
            first = false;
            continue;
        }
        if (result.text != one.text) {
            result.text = k_unknown_text;
            result.exact = false;
            result.number.reset();
        }
        if (result.path.empty()) result.path = one.path;
        if (result.key.empty()) result.key = one.key;
        if (result.node == nullptr) result.node = one.node;
        result.items.reset();
    }
    return result;
}

Known Evaluator::compute(Node* node) {
    switch (node->kind) {
        case Kind::string:
            return constant(std::string(node->text));
        case Kind::number: {
            Known known = constant(std::string(node->text));
            known.number = parse_number(node->text);
            if (known.number) known.text = number_text(*known.number);
            return known;
        }
        case Kind::literal: {
            Known known = unknown_;
            if (node->text == "null" || node->text == "None")
                known = constant("");
            else if (node->text == "true" || node->text == "false" || node->text == "True" || node->text == "False")
                known = constant(std::string(node->text));
            return known;
        }
        case Kind::template_: {
            Known known = constant("");
            for (std::size_t index = 0; index < node->list.size(); ++index) {
                if (node->list[index] != nullptr) known.text += node->list[index]->text;
                if (index >= node->list2.size()) continue;
                const Known& part = value(node->list2[index]);
                known.text += part.text;
                known.exact = known.exact && part.exact;
                known.taint |= part.taint;
            }
            return known;
        }
        case Kind::tagged: {
            Known known = value(node->b);
            if (value(node->a).path == "String.raw") return known;
            known.path = value(node->a).path.empty() ? "" : value(node->a).path + "()";
            known.exact = false;
            return known;
        }
        case Kind::identifier:
            return identifier(node);
        case Kind::this_: {
            Known known = unknown_;
            known.path = "";
            return known;
        }
        case Kind::member:
            return member(node);
        case Kind::call:
        case Kind::new_:
            return call(node);
        case Kind::import_call: {
            const Known& module = value(node->a);
            Known known = unknown_;
            known.taint = module.taint;
            if (module.exact) {
                known.path = module.text.substr(module.text.rfind("node:", 0) == 0 ? 5 : 0);
                known.path = canonical(known.path, language_);
            }
            return known;
        }
        case Kind::binary:
            return binary(node);
        case Kind::unary: {
            Known known = unknown_;
            const Known& argument = value(node->a);
            if (node->text == "-" && argument.number) {
                known.number = -*argument.number;
                known.text = number_text(*known.number);
                known.exact = true;
            } else if (node->text == "+" && argument.number) {
                known = argument;
            } else if (node->text == "+") {
                known.taint = argument.taint;
            }
            return known;
        }
        case Kind::assign: {
            Known known = value(node->b);
            if (node->text != "=") known.exact = false;
            return known;
        }
        case Kind::conditional:
            return merge({value(node->b), value(node->c)});
        case Kind::sequence:
            return node->list.empty() ? unknown_ : value(node->list.back());
        case Kind::await_:
        case Kind::spread:
            return value(node->a);
        case Kind::pattern_default:
        case Kind::property:
            return value(node->b);
        case Kind::function:
        case Kind::class_: {
            Known known = unknown_;
            known.node = node;
            return known;
        }
        case Kind::array: {
            Known known = unknown_;
            known.node = node;
            auto items = std::make_shared<std::vector<Known>>();
            bool complete = node->list.size() <= 50'000;
            for (Node* element : node->list) {
                const Known& one = value(element);
                known.taint |= one.taint;
                if (element == nullptr || element->kind == Kind::spread) complete = false;
                if (complete) items->push_back(one);
            }
            if (complete) {
                known.items = items;
                std::string joined;
                known.exact = true;
                for (const Known& one : *items) {
                    if (!joined.empty()) joined += ",";
                    joined += one.text;
                    known.exact = known.exact && one.exact;
                }
                known.text = joined;
            }
            return known;
        }
        case Kind::object: {
            Known known = unknown_;
            known.node = node;
            for (Node* part : node->list) {
                if (part == nullptr) continue;
                const Known& one = value(part->kind == Kind::property ? part->b : part);
                if (one.node == nullptr || one.node->kind != Kind::function) known.taint |= one.taint;
                // {...process.env} is the environment too.
                if (part->kind == Kind::spread && known.path.empty() && one.path == "process.env")
                    known.taint |= t_environment;
            }
            return known;
        }
        case Kind::other: {
            // What a comprehension makes comes last; characters that are put together one by one were hidden.
            Known known = unknown_;
            if (node->list.size() < 2 || node->list.front() == nullptr || node->list.front()->kind != Kind::for_in)
                return known;
            for (Node* part : node->list)
                if (part != nullptr && part->kind != Kind::for_in) known.taint |= value(part).taint;
            if (calls_chr(node->list.back())) known.taint |= t_decoded;
            return known;
        }
        default:
            return unknown_;
    }
}

Known Evaluator::identifier(Node* node) {
    const Symbol* symbol = node->symbol;
    if (symbol == nullptr) {
        Known known = unknown_;
        if (node->text == "undefined") return constant("");
        known.path = canonical(std::string(node->text), language_);
        if (known.path == "process.env") known.taint |= t_environment;
        known.taint |= source_taint(known.path, language_);
        return known;
    }
    if (symbol->parameter_of != nullptr) {
        Known known = parameter(*symbol);
        for (const Definition& definition : symbol->definitions) known.taint |= value(definition.value).taint;
        return known;
    }
    if (symbol->function != nullptr && symbol->definitions.empty()) {
        Known known = unknown_;
        known.node = symbol->function;
        return known;
    }
    std::vector<Known> values;
    std::uint32_t parts = 0;
    Known appended = constant("");
    bool has_append = false;
    std::size_t budget = 40;
    for (const Definition& definition : symbol->definitions) {
        if (budget-- == 0) break;
        const Known& one = value(definition.value);
        if (definition.how == Definition::How::set) {
            values.push_back(one);
        } else if (definition.how == Definition::How::append) {
            has_append = true;
            appended.text += one.text;
            appended.exact = appended.exact && one.exact;
            appended.taint |= one.taint;
        } else {
            parts |= one.taint;
        }
    }
    // const { exec } = require(..) may shadow a free name of the same module; a name without any value is what it says.
    Known known = values.empty() ? unknown_ : merge(values);
    if (has_append) {
        const Known first = values.size() == 1 ? values[0] : constant("");
        known.text = (first.exact ? first.text : std::string()) + appended.text;
        known.exact = first.exact && appended.exact;
        known.taint |= appended.taint;
        known.number.reset();
        known.items.reset();
    }
    if (parts != 0) {
        known.taint |= parts;
        known.items.reset();
        if (known.node != nullptr && known.node->kind != Kind::function) known.exact = false;
    }
    if (known.key.empty() && known.path.find("ElementById") == std::string::npos) known.key = std::string(node->text);
    // const mnemonic = [...inputs].map(x => x.value).join(' ')
    if ((known.taint & t_form) != 0 && names_credential(node->text)) known.taint |= t_credential;
    return known;
}

Known Evaluator::parameter(const Symbol& symbol) {
    Known known = unknown_;
    Node* function = symbol.parameter_of;
    std::vector<Known> values;
    std::size_t budget = 12;
    for (Node* one : calls_of(function)) {
        if (budget-- == 0) break;
        const std::size_t index = static_cast<std::size_t>(symbol.parameter);
        if (index < one->list.size()) values.push_back(value(one->list[index]));
    }
    if (!values.empty()) known = merge(values);
    for (const Use& use : uses_of(function)) {
        if (budget-- == 0) break;
        const Known handed = handed_over(*this, use.call, use.index, symbol.parameter, symbol.name, language_);
        known.taint |= handed.taint;
        if (known.path.empty()) known.path = handed.path;
        if (!known.exact && handed.exact && values.empty()) {
            known.text = handed.text;
            known.exact = true;
        }
    }
    if (uses_of(function).empty() && known.path.empty()) {
        const std::string moment = moment_of(function);
        if (moment.rfind("key", 0) == 0 && symbol.parameter == 0) known.path = "@key";
        if ((moment == "paste" || moment == "copy" || moment == "cut") && symbol.parameter == 0) known.path = "@clip";
        if (moment == "message" && symbol.parameter == 0) known.taint |= t_network;
    }
    if (known.key.empty()) known.key = std::string(symbol.name);
    return known;
}

Known Evaluator::returned(Node* function) {
    const auto found = results_.find(function);
    if (found != results_.end()) return found->second;
    results_[function] = unknown_;
    std::vector<Known> values;
    const auto returns = returns_.find(function);
    if (returns != returns_.end())
        for (Node* one : returns->second) values.push_back(value(one));
    Known result = values.empty() ? unknown_ : merge(values);
    results_[function] = result;
    return result;
}

Known Evaluator::member(Node* node) {
    const Known object = value(node->a);
    std::string name;
    bool known_name = true;
    std::optional<double> index;
    if (node->has(f_computed)) {
        const Known& key = value(node->b);
        name = key.text;
        known_name = key.exact;
        index = key.number;
    } else if (node->b != nullptr) {
        name = std::string(node->b->text);
    }
    Known known = unknown_;
    known.taint = object.taint;
    // "..."[::-1]
    if (node->b != nullptr && node->b->text == "reverse" && object.exact && object.items == nullptr) {
        known.text.assign(object.text.rbegin(), object.text.rend());
        known.exact = true;
        known.taint |= t_decoded;
        return known;
    }
    if (!known_name) {
        if (object.items != nullptr && !object.items->empty()) {
            const Known merged = merge(*object.items);
            known.path = merged.path;
        }
        // process.env[name] is one variable, an element of the environment.
        if (object.path == "process.env" || object.path == "os.environ")
            known.taint &= ~static_cast<std::uint32_t>(t_environment);
        return known;
    }
    if (object.items != nullptr && index && *index >= 0 && *index < static_cast<double>(object.items->size()))
        return (*object.items)[static_cast<std::size_t>(*index)];
    if (name == "length") {
        if (object.exact && object.items == nullptr && object.node == nullptr) {
            known.number = static_cast<double>(object.text.size());
            known.text = number_text(*known.number);
            known.exact = true;
        }
        known.taint = 0;
        return known;
    }
    if (object.exact && index && object.items == nullptr && object.node == nullptr && *index >= 0 &&
        *index < static_cast<double>(object.text.size())) {
        known.text = std::string(1, object.text[static_cast<std::size_t>(*index)]);
        known.exact = true;
        return known;
    }
    // Properties of an object written out in the program.
    if (object.node != nullptr && object.node->kind == Kind::object) {
        for (Node* part : object.node->list)
            if (part != nullptr && part->kind == Kind::property && !part->has(f_computed) && part->a != nullptr &&
                part->a->text == name)
                return value(part->b);
    }
    // The constructor of a function makes functions from text: f.constructor, []["filter"]["constructor"], x.constructor.constructor.
    const Node* base = node->a;
    const bool of_method = base != nullptr && base->kind == Kind::member && base->a != nullptr &&
                           (base->a->kind == Kind::array || base->a->kind == Kind::string ||
                            base->a->kind == Kind::template_ || base->a->kind == Kind::number);
    if (name == "constructor" &&
        (of_method || (object.node != nullptr && object.node->kind == Kind::function) ||
         object.path == "?.constructor" ||
         (object.path.size() > 12 && object.path.compare(object.path.size() - 12, 12, ".constructor") == 0))) {
        known.path = "Function";
        return known;
    }
    if (name == "prototype" || name == "__proto__") {
        known.path = object.path;
        return known;
    }
    known.path = object.path.empty() ? "?." + name : canonical(object.path + "." + name, language_);
    known.key = object.key;
    if (known.path == "process.env" || known.path == "os.environ" || known.path == "Deno.env.toObject" ||
        known.path == "Bun.env") {
        known.taint |= t_environment;
        return known;
    }
    if (object.path == "process.env" || object.path == "os.environ") {
        known.taint &= ~static_cast<std::uint32_t>(t_environment);
        if (names_secret(name)) known.taint |= t_variable;
        return known;
    }
    known.taint |= source_taint(known.path, language_);
    if (object.path == "@request" || object.path == "@context") {
        known.path = object.path + "." + name;
        if (name == "query" || name == "body" || name == "params" || name == "headers" || name == "url" ||
            name == "cookies" || name == "files" || name == "file" || name == "request" || name == "args" ||
            name == "form" || name == "json")
            known.taint |= t_request;
    }
    if (object.path == "@key" &&
        (name == "key" || name == "keyCode" || name == "which" || name == "code" || name == "charCode")) {
        known.taint |= t_keys;
    }
    if (name == "value" || name == "innerText" || name == "textContent" || name == "data") {
        const std::string last = last_part(object.path);
        const std::string_view variable = node->a->kind == Kind::identifier ? node->a->text : std::string_view{};
        if (name == "value" &&
            (names_credential(variable) || page_.credential_keys.count(object.key) != 0 ||
             (!object.key.empty() && object.key[0] == '#' && page_.credential_keys.count(object.key.substr(1)) != 0) ||
             names_credential(object.key) || names_credential(last) ||
             object.key.find("type=password") != std::string::npos ||
             object.key.find("type=\"password\"") != std::string::npos ||
             object.key.find("type='password'") != std::string::npos))
            known.taint |= t_credential;
        else if (name == "value")
            known.taint |= t_form;
    }
    if (object.path.empty() || object.path[0] == '?' || object.path[0] == '@') {
        // A property that the program itself sets somewhere.
        const auto& candidates = scopes_.property_values(name);
        if (!candidates.empty() && candidates.size() <= 3) {
            std::vector<Known> values;
            for (Node* candidate : candidates) values.push_back(value(candidate));
            Known merged = merge(values);
            merged.taint |= known.taint;
            if (merged.path.empty()) merged.path = known.path;
            // Objects of the page carry values that the program does not see.
            if (candidates.size() > 1) merged.exact = false;
            return merged;
        }
    }
    return known;
}

std::string Evaluator::callee_path(Node* node) {
    Node* callee = node->a;
    if (callee == nullptr) return {};
    if (callee->kind == Kind::sequence && !callee->list.empty()) callee = callee->list.back();  // (0, eval)(..)
    std::string path = value(callee).path;
    for (const std::string_view through : {".call", ".apply", ".bind"})
        if (path.size() > through.size() && path.compare(path.size() - through.size(), through.size(), through) == 0)
            path.resize(path.size() - through.size());
    return path;
}

std::vector<Node*> Evaluator::arguments(Node* node) {
    const std::string& path = value(node->a).path;
    if (node->a != nullptr && node->a->kind == Kind::member && !node->list.empty()) {
        if (path.size() > 5 &&
            (path.compare(path.size() - 5, 5, ".call") == 0 || path.compare(path.size() - 5, 5, ".bind") == 0))
            return {node->list.begin() + 1, node->list.end()};
        if (path.size() > 6 && path.compare(path.size() - 6, 6, ".apply") == 0 && node->list.size() > 1 &&
            node->list[1] != nullptr && node->list[1]->kind == Kind::array)
            return node->list[1]->list;
    }
    return node->list;
}

Known Evaluator::call(Node* node) {
    const Known callee = value(node->a);
    std::string path = callee_path(node);
    const std::vector<Node*> given = arguments(node);
    // Modules.
    if ((path == "require" || path == "__import__") && !given.empty()) {
        const Known& module = value(given[0]);
        Known known = unknown_;
        known.taint = module.taint;
        if (module.exact)
            known.path = canonical(module.text.substr(module.text.rfind("node:", 0) == 0 ? 5 : 0), language_);
        return known;
    }
    if ((path == "util.promisify" || path == "promisify" || path == "?.promisify") && !given.empty())
        return value(given[0]);
    if (node->a != nullptr && node->a->kind == Kind::member && path == callee.path && callee.path.size() > 5 &&
        callee.path.compare(callee.path.size() - 5, 5, ".bind") == 0)
        return value(node->a->a);
    if (callee.path.size() > 5 && callee.path.compare(callee.path.size() - 5, 5, ".bind") == 0)
        return value(node->a->a);
    if (path == "Reflect.apply" && given.size() >= 3) path = value(given[0]).path;
    if (path == "getattr" && given.size() >= 2) {
        Known known = value(given[0]);
        const Known& name = value(given[1]);
        if (name.exact) known.path = canonical((known.path.empty() ? "?" : known.path) + "." + name.text, language_);
        return known;
    }
    if ((path == "Function" || path == "Function()") && !given.empty()) {
        const Known& text = value(given.back());
        if (text.exact && text.text.find("return this") != std::string::npos) {
            Known known = unknown_;
            known.path = "window";
            return known;
        }
    }
    if (path == "window()") path = "window";
    if (path == "map" && language_ == Language::python && given.size() == 2 && value(given[0]).path == "chr") {
        Known known = unknown_;
        known.taint = value(given[1]).taint | t_decoded;
        return known;
    }

    if (std::optional<Known> folded = fold_global(path, given)) return *folded;
    if (node->a != nullptr && node->a->kind == Kind::member && !path.empty()) {
        const Known receiver = value(node->a->a);
        const std::string name = last_part(path);
        Known result = method(node, receiver, name, given);
        if (node->kind == Kind::new_) result.exact = false;
        return result;
    }

    Known result = unknown_;
    if (Node* function = function_of(node->a)) {
        result = returned(function);
        if (result.path.empty() && node->kind == Kind::new_) result.path = "";
        // const $ = selector => document.querySelector(selector)
        if (result.path.size() > 2 && names_its_result(result.path.substr(0, result.path.size() - 2)) && !given.empty())
            if (const Known& selector = value(given[0]); selector.exact) result.key = selector.text;
        return result;
    }
    result.path = path.empty() ? "" : path + "()";
    if (names_its_result(path) && !given.empty()) result.key = value(given[0]).text;
    add_result_taint(result, path, given);
    return result;
}

void Evaluator::add_result_taint(Known& result, const std::string& path, const std::vector<Node*>& given) {
    const std::uint32_t source = source_taint(path + "()", language_);
    result.taint |= source;
    if (path == "fs.readFile" || path == "fs.createReadStream" || path == "open" || path == "fs.readdir") {
        result.taint |= t_file;
        if (!given.empty() && is_host_secret_path(value(given[0]).text)) result.taint |= t_host_secret;
        return;
    }
    if (path == "FormData" || path == "URLSearchParams" || path == "Object.fromEntries" || path == "Object.entries") {
        if (path == "FormData" && !given.empty()) {
            result.taint |= t_form;
            if (!page_.credential_keys.empty()) result.taint |= t_credential;
        }
    }
    if (forgets_arguments(path, language_)) return;
    for (Node* argument : given) {
        const Known& one = value(argument);
        if (one.node == nullptr || one.node->kind != Kind::function) result.taint |= one.taint;
    }
}

std::optional<Known> Evaluator::fold_global(const std::string& path, const std::vector<Node*>& given) {
    if (path.empty()) return std::nullopt;
    std::vector<Known> values;
    if (!folds(path)) return std::nullopt;
    for (Node* argument : given) values.push_back(value(argument));
    return fold_call(path, values);
}

Known Evaluator::method(Node* node, const Known& receiver, std::string_view name, const std::vector<Node*>& given) {
    Known result = unknown_;
    const std::string path = callee_path(node);
    result.path = path.empty() ? "" : path + "()";
    std::vector<Known> values;
    for (Node* argument : given) values.push_back(value(argument));
    if (std::optional<Known> folded = fold_method(receiver, name, values)) {
        folded->taint |= receiver.taint;
        return *folded;
    }
    // arr.map(c => String.fromCharCode(c ^ 7)): whatever becomes of single characters was hidden.
    if ((name == "map" || name == "forEach" || name == "reduce") && !given.empty() && receiver.items != nullptr) {
        if (values[0].path == "String.fromCharCode" || makes_characters(given[0])) {
            result.taint |= t_decoded | receiver.taint;
            if (values[0].path == "String.fromCharCode") {
                auto items = std::make_shared<std::vector<Known>>();
                for (const Known& one : *receiver.items) {
                    std::optional<Known> character = fold_call("String.fromCharCode", {one});
                    items->push_back(character ? *character : unknown_);
                }
                result.items = items;
            }
            return result;
        }
    }
    if (names_its_result(path) && !values.empty()) result.key = values[0].text;
    // What is put in the place of something stands in the result.
    if ((name == "replace" || name == "replaceAll") && values.size() >= 2 && values[1].exact &&
        values[1].text.size() > 3) {
        result.text = (receiver.text.size() < 2000 ? receiver.text : std::string()) + k_unknown_text + values[1].text +
                      k_unknown_text;
        result.taint |= values[1].taint;
    }
    if ((name == "map" || name == "flatMap" || name == "reduce") && !given.empty())
        if (Node* function = function_of(given[0])) result.taint |= returned(function).taint;
    if (forgets_receiver(name)) return result;
    result.taint |= receiver.taint;
    if (name == "then" || name == "catch" || name == "finally") {
        if (!given.empty())
            if (Node* function = function_of(given[0])) {
                Known inner = returned(function);
                inner.taint |= receiver.taint;
                if (inner.path.empty()) inner.path = receiver.path;
                return inner;
            }
        result.path = receiver.path;
        return result;
    }
    if (Node* function = function_of(node->a)) {
        Known inner = returned(function);
        inner.taint |= result.taint;
        return inner;
    }
    if ((name == "env" || name == "toObject") && path == "Deno.env.toObject") result.taint |= t_environment;
    if (name == "get" && (receiver.path == "os.environ" || receiver.path == "process.env")) {
        result.taint &= ~static_cast<std::uint32_t>(t_environment);
        if (!values.empty() && names_secret(values[0].text)) result.taint |= t_variable;
        return result;
    }
    if (name == "get" && !values.empty() && values[0].exact && names_credential(values[0].text) &&
        (receiver.taint & t_form) != 0)
        result.taint |= t_credential;
    add_result_taint(result, path, given);
    return result;
}

Known Evaluator::binary(Node* node) {
    const std::string_view op = node->text;
    if (op == "||" || op == "??" || op == "or") {
        Known known = merge({value(node->a), value(node->b)});
        const Known& left = value(node->a);
        if (left.exact && !left.text.empty()) return left;
        return known;
    }
    if (op == "&&" || op == "and") return value(node->b);
    if (op == "/" && language_ == Language::python) {  // pathlib
        const Known& left = value(node->a);
        const Known& right = value(node->b);
        Known known = unknown_;
        if (right.exact && !right.number) {
            known.text = left.text + "/" + right.text;
            known.exact = left.exact;
            known.path = left.path;
        }
        return known;
    }
    Known known = unknown_;
    if (op == "+" || (op == "%" && language_ == Language::python)) {
        const Known& left = value(node->a);
        const Known& right = value(node->b);
        known.taint = left.taint | right.taint;
        if (op == "%" && !left.number) {
            known.text.clear();
            for (std::size_t at = 0; at < left.text.size() && known.text.size() < k_max_text; ++at) {
                if (left.text[at] == '%' && at + 1 < left.text.size()) {
                    known.text += right.items == nullptr ? right.text : k_unknown_text;
                    ++at;
                } else {
                    known.text += left.text[at];
                }
            }
            known.exact = left.exact && right.exact && right.items == nullptr;
            return known;
        }
        if (left.number && right.number) {
            known.number = *left.number + *right.number;
            known.text = number_text(*known.number);
            known.exact = true;
        } else {
            known.text = left.text + right.text;
            known.exact = left.exact && right.exact;
            if (left.items != nullptr && right.items != nullptr) {  // Python lists
                known.items = std::make_shared<std::vector<Known>>(*left.items);
                known.items->insert(known.items->end(), right.items->begin(), right.items->end());
            }
        }
        return known;
    }
    const Known& left = value(node->a);
    const Known& right = value(node->b);
    if (left.number && right.number) {
        std::optional<double> number;
        const auto as_int = [](double x) { return static_cast<long long>(std::clamp(x, -9e15, 9e15)); };
        if (op == "-")
            number = *left.number - *right.number;
        else if (op == "*")
            number = *left.number * *right.number;
        else if (op == "/" && *right.number != 0)
            number = *left.number / *right.number;
        else if (op == "%" && as_int(*right.number) != 0)
            number = static_cast<double>(as_int(*left.number) % as_int(*right.number));
        else if (op == "^")
            number = static_cast<double>(as_int(*left.number) ^ as_int(*right.number));
        else if (op == "|")
            number = static_cast<double>(as_int(*left.number) | as_int(*right.number));
        else if (op == "&")
            number = static_cast<double>(as_int(*left.number) & as_int(*right.number));
        if (number) {
            known.number = number;
            known.text = number_text(*number);
            known.exact = true;
            return known;
        }
    }
    if (op == "*" && language_ == Language::python && left.exact && right.number && !left.number) {
        for (int times = 0; times < *right.number && known.text.size() < 10'000; ++times) known.text += left.text;
        return known;
    }
    if (op == "-" || op == "*" || op == "/" || op == "^" || op == "|" || op == "&")
        known.taint = left.taint | right.taint;
    return known;
}

std::string Evaluator::moment_of(Node* function) {
    for (const Use& use : uses_of(function)) {
        const std::string path = callee_path(use.call);
        const std::string name = last_part(path);
        const std::vector<Node*>& list = use.call->list;
        if (name == "addEventListener" || name == "on" || name == "once" || name == "addListener" ||
            name == "attachEvent" || name == "bind") {
            if (!list.empty()) {
                std::string text = value(list[0]).text;
                if (text.rfind("on", 0) == 0 && name == "attachEvent") text.erase(0, 2);
                return text;
            }
        }
        if (name == "setInterval") return "interval:" + (list.size() > 1 ? value(list[1]).text : std::string("0"));
        if (name == "setTimeout" || name == "requestAnimationFrame" || name == "setImmediate") return "timer";
    }
    Node* parent = function->parent;
    if (parent != nullptr && parent->kind == Kind::assign && parent->a != nullptr && parent->a->kind == Kind::member &&
        parent->a->b != nullptr && !parent->a->has(f_computed)) {
        const std::string_view name = parent->a->b->text;
        if (name.rfind("on", 0) == 0) return std::string(name.substr(2));
    }
    if (parent != nullptr && parent->kind == Kind::assign && parent->a != nullptr &&
        parent->a->kind == Kind::identifier) {
        const std::string_view name = parent->a->text;
        if (name.rfind("on", 0) == 0) return std::string(name.substr(2));
    }
    return {};
}

}  // namespace spawnai::validate::checker
