#include "flow.hpp"

#include "sinks.hpp"

#include <algorithm>
#include <cctype>
#include <map>

namespace spawnai::validate::checker {
namespace {

constexpr std::size_t k_max_events = 6000;
constexpr std::size_t k_max_strings = 6000;
constexpr std::size_t k_max_string = 4096;

std::string last_part(std::string_view path) {
    const std::size_t dot = path.rfind('.');
    return std::string(dot == std::string_view::npos ? path : path.substr(dot + 1));
}

bool truthy(const Node* test) {
    if (test == nullptr) return true;
    if (test->kind == Kind::literal) return test->text == "true" || test->text == "True";
    if (test->kind == Kind::number) return test->text != "0";
    if (test->kind == Kind::unary && test->text == "!" && test->a != nullptr && test->a->kind == Kind::number)
        return test->a->text == "0";
    return false;
}

/// A test that is written out as false.
bool never(const Node* test) {
    if (test == nullptr) return false;
    if (test->kind == Kind::literal) return test->text == "false" || test->text == "False" || test->text == "null";
    if (test->kind == Kind::number) return test->text == "0";
    if (test->kind == Kind::binary && (test->text == "&&" || test->text == "and"))
        return never(test->a) || never(test->b);
    return test->kind == Kind::unary && test->text == "!" && test->a != nullptr && test->a->kind == Kind::literal &&
           test->a->text == "true";
}

bool is_endless(const Node& node) {
    if (node.kind == Kind::while_) return truthy(node.a);
    return node.kind == Kind::for_ && truthy(node.b);
}

/// Calls that no rule asks about.
bool everyday(std::string_view path) {
    const std::string_view root = path.substr(0, path.find_first_of(".("));
    static constexpr std::string_view k_roots[] = {"Math",
                                                   "JSON",
                                                   "Object",
                                                   "Array",
                                                   "Date",
                                                   "Number",
                                                   "String",
                                                   "Promise",
                                                   "Symbol",
                                                   "Map",
                                                   "Set",
                                                   "parseInt",
                                                   "parseFloat",
                                                   "isNaN",
                                                   "document",
                                                   "localStorage",
                                                   "sessionStorage",
                                                   "console",
                                                   "requestAnimationFrame",
                                                   "clearInterval",
                                                   "clearTimeout",
                                                   "Error",
                                                   "Intl",
                                                   "path",
                                                   "len",
                                                   "range",
                                                   "str",
                                                   "int",
                                                   "float",
                                                   "list",
                                                   "dict",
                                                   "set",
                                                   "enumerate",
                                                   "sorted",
                                                   "zip",
                                                   "isinstance",
                                                   "sum",
                                                   "min",
                                                   "max",
                                                   "abs",
                                                   "round",
                                                   "json",
                                                   "re",
                                                   "math",
                                                   "random",
                                                   "datetime"};
    return std::find(std::begin(k_roots), std::end(k_roots), root) != std::end(k_roots);
}

class Flow {
 public:
    Flow(Arena& arena, Language language, const PageContext& page, const Deadline& deadline, CodeFacts& facts)
        : scopes_(arena, language),
          values_(scopes_, page, language),
          language_(language),
          deadline_(deadline),
          facts_(facts) {}

    /// False when the deadline passed before the end.
    bool run(const std::vector<Tree>& trees) {
        for (const Tree& tree : trees) scopes_.add(tree);
        scopes_.resolve();
        for (const Tree& tree : trees) values_.learn(tree);
        for (const Tree& tree : trees) collect(tree);
        for (const Tree& tree : trees) {
            tree_ = &tree;
            facts_.statements += tree.root->list.size();
            visit_all(tree.root);
            comments(tree);
            packed(tree);
            if (late_) return false;
        }
        names(trees);
        // Whoever looks whether anything came has another way.
        if (input_is_tested_)
            for (Event& event : facts_.events)
                if (event.act == Act::ask && event.name.find("stdin") != std::string::npos) event.guarded = true;
        return true;
    }

 private:
    struct Place {
        Loop loop = Loop::none;
        bool reached = true;
        bool at_load = true;
        bool guarded = false;
        bool in_try = false;
        std::string handler;
    };

    [[nodiscard]] std::size_t offset(const Node* node) const { return tree_->offset(node->start); }

    /// Functions, and requests whose address is given before what they send: xhr.open(..); xhr.send(..).
    void collect(const Tree& tree) {
        std::vector<Node*> stack{tree.root};
        while (!stack.empty()) {
            Node* node = stack.back();
            stack.pop_back();
            if (node->kind == Kind::function) functions_.push_back(node);
            if (node->kind == Kind::call && node->a != nullptr && node->a->kind == Kind::member &&
                node->a->b != nullptr && node->a->b->text == "open" && node->list.size() >= 2) {
                const std::string& method = values_.value(node->list[0]).text;
                if (method == "GET" || method == "POST" || method == "PUT" || method == "get" || method == "post" ||
                    method == "PATCH") {
                    Node* receiver = node->a->a;
                    const Symbol* symbol = receiver->kind == Kind::identifier ? receiver->symbol : nullptr;
                    opened_[symbol] = node->list[1];
                }
            }
            each_child(*node, [&](Node& child) { stack.push_back(&child); });
        }
    }

    void visit_all(Node* root) {
        // Document order, without recursion on the depth of the program.
        std::vector<Node*> stack{root};
        while (!stack.empty()) {
            Node* node = stack.back();
            stack.pop_back();
            visit(node);
            if (++visited_ % 256 == 0 && deadline_.passed()) {
                late_ = true;
                return;
            }
            const std::size_t first = stack.size();
            each_child(*node, [&](Node& child) { stack.push_back(&child); });
            std::reverse(stack.begin() + static_cast<std::ptrdiff_t>(first), stack.end());
        }
    }

    void visit(Node* node) {
        switch (node->kind) {
            case Kind::call:
            case Kind::new_:
                call(node);
                break;
            case Kind::import_call: {
                const Known& module = values_.value(node->a);
                if (module.exact) {
                    import(module.text, node, "dynamic");
                } else {
                    emit(node, Act::module, "import", module, {});
                }
                break;
            }
            case Kind::import_:
                if (node->d != nullptr) import(std::string(node->d->text), node, "import");
                break;
            case Kind::export_:
                facts_.has_exports = true;
                if (node->d != nullptr) import(std::string(node->d->text), node, "reexport");
                break;
            case Kind::assign:
                assignment(node);
                break;
            case Kind::string:
            case Kind::template_:
            case Kind::binary:
                if (node->text == "||" || node->text == "or" || node->text == "??") tests_input(node, node->a);
                string(node);
                break;
            case Kind::tagged: {
                // zx: $`command`
                const std::string path = values_.value(node->a).path;
                if (path == "zx.$" || path == "execa.$" || path == "bun.$")
                    emit(node, Act::shell, path, {}, values_.value(node->b));
                break;
            }
            case Kind::if_:
            case Kind::conditional:
                tests_input(node, node->a);
                break;
            case Kind::for_in:
                if (values_.value(node->b).path == "sys.stdin" || values_.value(node->b).path == "process.stdin")
                    emit(node, Act::ask, values_.value(node->b).path, {}, {});
                break;
            case Kind::function:
                stub(node);
                break;
            case Kind::for_:
            case Kind::while_:
                if (is_endless(*node)) endless(node);
                break;
            case Kind::property:
                // Event handlers given as properties: {onclick: ..} say nothing here.
                break;
            default:
                break;
        }
    }

    /// A test of what came from standard input, outside of what takes it in piece by piece.
    void tests_input(const Node* node, Node* test) {
        if (input_is_tested_ || test == nullptr) return;
        for (const Node* above = node->parent; above != nullptr; above = above->parent) {
            if (above->kind == Kind::for_in && (values_.value(above->b).taint & t_user) != 0) return;
            if (above->kind != Kind::function) continue;
            const std::string& moment = caller_of(const_cast<Node*>(above)).moment;
            if (moment == "data" || moment == "line" || moment == "readable") return;
        }
        std::vector<Node*> stack{test};
        for (int budget = 40; !stack.empty() && budget > 0 && !input_is_tested_; --budget) {
            Node* one = stack.back();
            stack.pop_back();
            if (one->kind == Kind::identifier || one->kind == Kind::member || one->kind == Kind::call)
                input_is_tested_ = (values_.value(one).taint & t_user) != 0;
            each_child(*one, [&](Node& child) { stack.push_back(&child); });
        }
    }

    void import(std::string module, Node* node, std::string kind) {
        const Place place = place_of(node);
        // require(..) behind a condition is for those who have the package.
        const bool guarded = place.in_try || (place.guarded && kind != "import" && kind != "reexport");
        facts_.imports.push_back({std::move(module), offset(node), std::move(kind), guarded});
    }

    void string(Node* node) {
        if (facts_.strings.size() >= k_max_strings) return;
        const Node* parent = node->parent;
        if (parent != nullptr && parent->kind == Kind::binary && (parent->text == "+" || parent->text == "%")) return;
        if (parent != nullptr && (parent->kind == Kind::template_ || parent->kind == Kind::import_)) return;
        if (node->kind == Kind::binary && node->text != "+" && node->text != "%") return;
        const Known& known = values_.value(node);
        if (known.text.size() < 3 || (known.number && known.exact)) return;
        if (known.text.find_first_not_of(k_hole) == std::string::npos) return;
        facts_.strings.push_back({known.text.substr(0, k_max_string), offset(node)});
    }

    void emit(Node* node, Act act, std::string name, Value target, Value data) {
        if (facts_.events.size() >= k_max_events) return;
        for (Value* value : {&target, &data})
            if (value->text.size() > k_max_string) {
                value->text.resize(k_max_string);
                value->exact = false;
            }
        const Place place = place_of(node);
        facts_.events.push_back({act, std::move(name), std::move(target), std::move(data), offset(node), place.loop,
                                 place.reached, place.at_load, place.guarded, place.handler});
    }

    /// An argument, with what an object given as options says about the address.
    Value address(Node* argument) {
        const Known& known = values_.value(argument);
        if (known.node != nullptr && known.node->kind == Kind::object) {
            Value made = known;
            made.text.clear();
            made.exact = true;
            for (const std::string_view name : {"url", "uri", "baseURL", "socketPath", "hostname", "host", "path"}) {
                const Known* part = property(known.node, name);
                if (part == nullptr) continue;
                if (name == "hostname" || name == "host") made.text += "https://";
                made.text += part->text;
                made.exact = made.exact && part->exact;
                if (name == "url" || name == "uri") break;
                if (name == "hostname" && property(known.node, "host") != nullptr) break;
            }
            return made;
        }
        return known;
    }

    const Known* property(Node* object, std::string_view name) {
        for (Node* part : object->list)
            if (part != nullptr && part->kind == Kind::property && part->a != nullptr && !part->has(f_computed) &&
                part->a->text == name)
                return &values_.value(part->b);
        return nullptr;
    }

    /// Keyword argument of a Python call.
    const Known* keyword(const std::vector<Node*>& given, std::string_view name) {
        for (Node* argument : given)
            if (argument != nullptr && argument->kind == Kind::property && argument->has(f_keyword) &&
                argument->a->text == name)
                return &values_.value(argument->b);
        return nullptr;
    }

    void call(Node* node) {
        std::string path = values_.callee_path(node);
        const std::vector<Node*> given = values_.arguments(node);
        const auto argument = [&](std::size_t index) -> Node* { return index < given.size() ? given[index] : nullptr; };
        if (path == "Reflect.apply" && !given.empty()) path = values_.value(given[0]).path;

        if (path == "require" || path == "__import__") {
            const Known& module = values_.value(argument(0));
            if (module.exact)
                import(module.text, node, "require");
            else if (!given.empty())
                emit(node, Act::module, path, module, {});
        }
        // Hidden text that was made readable is text like any other, and so is a path that was put together.
        const Known& result = values_.value(node);
        if (result.exact && (path == "path.join" || path == "path.resolve" || path == "os.path.join") &&
            facts_.strings.size() < k_max_strings)
            facts_.strings.push_back({result.text.substr(0, k_max_string), offset(node)});
        if (result.exact && (result.taint & t_decoded) != 0 && result.text.size() >= 4 &&
            facts_.strings.size() < k_max_strings)
            facts_.strings.push_back({result.text.substr(0, k_max_string), offset(node)});

        if (path.empty()) return;
        const std::string name = last_part(path);
        if (path == "Function") {
            if (given.empty()) return;
            emit(node, Act::code, path, {}, values_.value(given.back()));
            return;
        }
        if (path == "setTimeout" || path == "setInterval") {
            const Known& what = values_.value(argument(0));
            const bool is_text =
                argument(0) != nullptr && (argument(0)->kind == Kind::string || argument(0)->kind == Kind::template_ ||
                                           (what.exact && !what.text.empty() && what.node == nullptr) ||
                                           (what.taint & (t_network | t_decoded)) != 0);
            if (is_text && what.node == nullptr) emit(node, Act::code, path, {}, what);
            if (path == "setTimeout") return;
        }
        // socket.listen(5) is about a queue: the address was given to bind.
        const bool raw = language_ == Language::python && path.find("socket.") == 0;
        if ((name == "listen" && !raw) || path == "Deno.serve" || path == "Bun.serve" ||
            path == "@hono/node-server.serve") {
            listen(node, path, given);
            return;
        }
        // A socket server that brings its own HTTP server along.
        if (language_ == Language::javascript && (path == "WebSocket.WebSocketServer" || path == "WebSocket.Server") &&
            !given.empty() && values_.value(given[0]).node != nullptr &&
            values_.value(given[0]).node->kind == Kind::object &&
            property(values_.value(given[0]).node, "port") != nullptr) {
            listen(node, path, given);
            return;
        }
        if (name == "setAttribute" && given.size() >= 2 && language_ == Language::javascript) {
            const Known& attribute = values_.value(given[0]);
            if (attribute.exact && (attribute.text == "action" || attribute.text == "formaction")) {
                const Value element = node->a->kind == Kind::member ? Value(values_.value(node->a->a)) : Value{};
                emit(node, Act::assign, "?.action", element, values_.value(given[1]));
                return;
            }
        }
        if (language_ == Language::python && listen_python(node, path, name, given)) return;
        if (name == "start" && (path.rfind("@hapi/hapi.", 0) == 0 || path.rfind("hapi.", 0) == 0)) {
            listen(node, path, given);
            return;
        }
        if (path == "process.exit" && language_ == Language::javascript) {
            emit(node, Act::exit, path, {}, values_.value(argument(0)));
            return;
        }

        if (path == "process.stdin.on" || path == "process.stdin.once") {
            const std::string& moment = values_.value(argument(0)).text;
            if (moment == "data" || moment == "readable") emit(node, Act::ask, path, {}, {});
            return;
        }
        const Sink* sink = find_sink(path, language_);
        if (sink == nullptr) {
            if (name == "open" && given.size() >= 2 && language_ == Language::javascript) return;
            const Known receiver = node->a->kind == Kind::member ? values_.value(node->a->a) : Known{};
            // Only what has a name that a rule could know.
            if (path[0] != '?' && path[0] != '@' && !everyday(path))
                emit(node, Act::call, path, receiver, values_.value(argument(0)));
            return;
        }
        const auto pick = [&](int index) -> Value {
            if (index == -1) return {};
            if (index == -2) {
                if (node->a->kind != Kind::member) return {};
                const Known& receiver = values_.value(node->a->a);
                Value made = receiver;
                return made;
            }
            return values_.value(argument(static_cast<std::size_t>(index)));
        };
        Value target = pick(sink->target);
        Value data = pick(sink->data);
        switch (sink->act) {
            case Act::send:
                send(node, *sink, path, given, target, data);
                return;
            case Act::connect:
                connect(node, *sink, path, given);
                return;
            case Act::program:
                program(node, path, given);
                return;
            case Act::shell:
                if (keyword(given, "shell") != nullptr) data = values_.value(argument(0));
                emit(node, Act::shell, path, target, data);
                return;
            case Act::fork:
                if (name == "Worker") target = worker(given);
                emit(node, name == "Worker" && (target.taint & t_decoded) != 0 ? Act::code : Act::fork, path, target,
                     name == "Worker" ? target : data);
                return;
            case Act::read_file: {
                Act act = sink->act;
                if (path == "open" && language_ == Language::python) {
                    const Known* mode = keyword(given, "mode");
                    const std::string text = mode != nullptr ? mode->text : data.text;
                    if (text.find_first_of("wax+") != std::string::npos) act = Act::write_file;
                }
                emit(node, act, path, target, data);
                return;
            }
            case Act::lookup:
                lookup(node, path, target);
                return;
            case Act::ask:
                emit(node, Act::ask, path, {}, data);
                return;
            case Act::wallet:
                wallet(node, path, given, target, data);
                return;
            case Act::walk:
                if (node->a->kind == Kind::member && name == "rglob") target = values_.value(node->a->a);
                emit(node, Act::walk, path, target, data);
                return;
            case Act::window:
                // window.open(..), not some other function called open.
                if (path != "open") return;
                emit(node, Act::window, path, target, data);
                return;
            case Act::print:
                if (path == "print" && language_ == Language::javascript) break;
                if ((path == "fs.write") && (given.empty() || values_.value(given[0]).text != "1")) return;
                break;
            default:
                break;
        }
        emit(node, sink->act, path, target, data);
    }

    void send(Node* node, const Sink& sink, const std::string& path, const std::vector<Node*>& given, Value target,
              Value data) {
        if (sink.target >= 0 && static_cast<std::size_t>(sink.target) < given.size())
            target = address(given[static_cast<std::size_t>(sink.target)]);
        if (sink.target == -2) {
            Node* receiver = node->a->kind == Kind::member ? node->a->a : nullptr;
            target = where_to(receiver);
        }
        for (Node* argument : given) {
            // The address itself may carry data, and so do all options.
            const Known& one = values_.value(argument);
            if (one.node != nullptr && one.node->kind == Kind::function) continue;
            data.taint |= one.taint;
        }
        if (language_ == Language::python)
            for (const std::string_view name : {"url", "host"})
                if (const Known* known = keyword(given, name)) target = *known;
        emit(node, Act::send, path, target, data);
    }

    /// The address of an object that sends: the request, socket or connection it was made for.
    Value where_to(Node* receiver) {
        if (receiver == nullptr) return {};
        Value made = values_.value(receiver);
        made.text = std::string(1, k_hole);
        made.exact = false;
        Node* creation = receiver;
        for (int depth = 0;
             depth < 6 && creation != nullptr && creation->kind != Kind::call && creation->kind != Kind::new_;
             ++depth) {
            if (creation->kind == Kind::identifier && creation->symbol != nullptr &&
                !creation->symbol->definitions.empty())
                creation = creation->symbol->definitions.front().value;
            else if (creation->kind == Kind::member && creation->b != nullptr && !creation->has(f_computed)) {
                const auto& set = scopes_.property_values(creation->b->text);
                creation = set.empty() ? nullptr : set.front();
            } else if (creation->kind == Kind::await_) {
                creation = creation->a;
            } else {
                creation = nullptr;
            }
        }
        if (creation != nullptr && !creation->list.empty() && values_.callee_path(creation) != "XMLHttpRequest") {
            const Value found = address(creation->list[0]);
            made.text = found.text;
            made.exact = found.exact;
            if (found.exact && creation->list.size() > 1 && values_.value(creation->list[0]).number)
                made.text = values_.value(creation->list[1]).text;
        }
        const Symbol* symbol = receiver->kind == Kind::identifier ? receiver->symbol : nullptr;
        const auto opened = opened_.find(symbol);
        Node* url = opened != opened_.end() ? opened->second : nullptr;
        if (url == nullptr && values_.callee_path(receiver).empty() && opened_.size() == 1)
            url = opened_.begin()->second;
        if (url != nullptr && made.path.find("XMLHttpRequest") != std::string::npos) {
            const Known& known = values_.value(url);
            made.text = known.text;
            made.exact = known.exact;
            made.taint |= known.taint;
        }
        return made;
    }

    void connect(Node* node, const Sink& sink, const std::string& path, const std::vector<Node*>& given) {
        Value target;
        Value port;
        if (!given.empty()) {
            const Known& first = values_.value(given[0]);
            target = address(given[0]);
            if (sink.target == 1) {  // (port, host) or an options object
                if (first.node != nullptr && first.node->kind == Kind::object) {
                    if (const Known* known = property(first.node, "port")) port = *known;
                } else {
                    port = first;
                    target = given.size() > 1 ? Value(values_.value(given[1])) : Value{};
                }
            } else if (first.items != nullptr && !first.items->empty()) {  // Python's (host, port)
                target = (*first.items)[0];
                if (first.items->size() > 1) port = (*first.items)[1];
            }
        }
        emit(node, Act::connect, path, target, port);
    }

    void program(Node* node, const std::string& path, const std::vector<Node*>& given) {
        if (given.empty()) return;
        Value target = values_.value(given[0]);
        const Known& first = values_.value(given[0]);
        std::vector<Known> list;
        if (first.items != nullptr)
            list = *first.items;
        else
            list.push_back(first);
        bool shell = false;
        for (std::size_t index = 1; index < given.size(); ++index) {
            const Known& one = values_.value(given[index]);
            if (one.items != nullptr)
                list.insert(list.end(), one.items->begin(), one.items->end());
            else if (one.node != nullptr && one.node->kind == Kind::array)
                list.push_back(one);
            if (one.node != nullptr && one.node->kind == Kind::object)
                if (const Known* option = property(one.node, "shell")) shell = option->text != "false";
        }
        if (const Known* option = keyword(given, "shell")) shell = option->text == "True";
        if (const Known* option = keyword(given, "stdin"))
            if ((option->taint & t_network) != 0) emit(node, Act::pipe, path, *option, first);
        if (list.empty()) list.push_back(first);
        target = list[0];
        Value data;
        data.exact = true;
        for (std::size_t index = 1; index < list.size(); ++index) {
            if (!data.text.empty()) data.text += ' ';
            data.text += list[index].text;
            data.exact = data.exact && list[index].exact;
            data.taint |= list[index].taint;
        }
        const std::string base =
            target.text.substr(target.text.rfind('/') == std::string::npos ? 0 : target.text.rfind('/') + 1);
        const bool is_shell = base == "sh" || base == "bash" || base == "zsh" || base == "dash" || base == "cmd" ||
                              base == "cmd.exe" || base == "powershell" || base == "powershell.exe" || base == "pwsh";
        if (shell || (is_shell && !data.text.empty())) {
            Value text = data;
            text.text = target.text + (data.text.empty() ? "" : " " + data.text);
            text.exact = target.exact && data.exact;
            text.taint |= target.taint;
            text.path = path + "()";
            if (!target.exact && data.text.empty()) text.text = target.text;
            emit(node, Act::shell, path, {}, text);
            return;
        }
        emit(node, Act::program, path, target, data);
    }

    /// new Worker(URL.createObjectURL(new Blob([code]))): what the worker will run.
    Value worker(const std::vector<Node*>& given) { return given.empty() ? Value{} : Value(values_.value(given[0])); }

    void wallet(Node* node, const std::string& path, const std::vector<Node*>& given, Value target, Value data) {
        if (path == "ethereum.request" && !given.empty()) {
            const Known& first = values_.value(given[0]);
            if (first.node != nullptr && first.node->kind == Kind::object) {
                if (const Known* method = property(first.node, "method")) target = *method;
                if (const Known* parameters = property(first.node, "params")) data = *parameters;
            }
        }
        emit(node, Act::wallet, path, target, data);
    }

    void listen(Node* node, const std::string& path, const std::vector<Node*>& given) {
        Value port;
        Value host;
        if (!given.empty()) {
            const Known& first = values_.value(given[0]);
            port = first;
            Node* options = nullptr;
            for (Node* argument : given) {
                const Known& known = values_.value(argument);
                if (known.node != nullptr && known.node->kind == Kind::object) options = known.node;
            }
            if (options != nullptr) {
                if (const Known* known = property(options, "port")) port = *known;
                if (const Known* known = property(options, "host")) host = *known;
                if (const Known* known = property(options, "hostname")) host = *known;
            } else if (given.size() > 1) {
                const Known& second = values_.value(given[1]);
                if (second.node == nullptr || second.node->kind != Kind::function) host = second;
            }
        }
        mark_environment_port(given, port);
        emit(node, Act::listen, path, port, host);
    }

    /// Whether the port comes from the environment is told by its path, however the default is written.
    void mark_environment_port(const std::vector<Node*>& given, Value& port) {
        std::vector<Node*> stack(given.begin(), given.end());
        std::size_t budget = 200;
        while (!stack.empty() && budget-- > 0) {
            Node* node = stack.back();
            stack.pop_back();
            if (node == nullptr || node->kind == Kind::function) continue;
            const std::string& path = values_.value(node).path;
            if (node->kind == Kind::member &&
                (path == "process.env.PORT" || path == "os.environ.PORT" ||
                 (path.find("process.env.") == 0 && path.find("PORT") != std::string::npos)))
                port.path = "process.env.PORT";
            if (node->kind == Kind::call && (path == "os.environ.get()" || path == "os.getenv()"))
                port.path = "process.env.PORT";
            if (node->kind == Kind::identifier && node->symbol != nullptr)
                for (const Definition& definition : node->symbol->definitions) stack.push_back(definition.value);
            if (node->kind == Kind::member && node->b != nullptr && !node->has(f_computed))
                for (Node* value : scopes_.property_values(node->b->text)) stack.push_back(value);
            each_child(*node, [&](Node& child) { stack.push_back(&child); });
        }
    }

    /// Python's ways to start a server: where host and port stand among the positional arguments (-1: nowhere; -2: together, as a
    /// pair in any of them), and what they are when they are not given.
    struct Server {
        std::string_view path;  ///< with "?." in front: any path that ends so
        int host;
        int port;
        std::string_view usual_host;
        std::string_view usual_port;
    };

    static const Server* find_server(const std::string& path, const std::string& name) {
        static constexpr Server k_servers[] = {
            {"http.server.HTTPServer", -2, -2, "", ""},
            {"http.server.ThreadingHTTPServer", -2, -2, "", ""},
            {"socketserver.TCPServer", -2, -2, "", ""},
            {"socketserver.ThreadingTCPServer", -2, -2, "", ""},
            {"socketserver.UDPServer", -2, -2, "", ""},
            {"xmlrpc.server.SimpleXMLRPCServer", -2, -2, "", ""},
            {"?.HTTPServer", -2, -2, "", ""},
            {"?.ThreadingHTTPServer", -2, -2, "", ""},
            {"?.ThreadingTCPServer", -2, -2, "", ""},
            {"HTTPServer", -2, -2, "", ""},
            {"gevent.pywsgi.WSGIServer", -2, -2, "", ""},
            {"gevent.server.StreamServer", -2, -2, "", ""},
            {"?.WSGIServer", -2, -2, "", ""},
            {"eventlet.listen", -2, -2, "", ""},
            {"wsgiref.simple_server.make_server", 0, 1, "", ""},
            {"werkzeug.serving.run_simple", 0, 1, "", ""},
            {"flask_socketio.SocketIO().run", 1, 2, "127.0.0.1", "5000"},
            {"uvicorn.run", -1, -1, "127.0.0.1", "8000"},
            {"uvicorn.Config", -1, -1, "127.0.0.1", "8000"},
            {"waitress.serve", -1, -1, "", "8080"},
            {"waitress.create_server", -1, -1, "", "8080"},
            {"bottle.run", -1, -1, "127.0.0.1", "8080"},
            {"bottle.Bottle().run", -1, -1, "127.0.0.1", "8080"},
            {"flask.Flask().run", 0, 1, "127.0.0.1", "5000"},
            {"quart.Quart().run", 0, 1, "127.0.0.1", "5000"},
            {"sanic.Sanic().run", 0, 1, "127.0.0.1", "8000"},
            {"dash.Dash().run", 0, 1, "127.0.0.1", "8050"},
            {"dash.Dash().run_server", 0, 1, "127.0.0.1", "8050"},
            {"aiohttp.web.run_app", -1, -1, "", "8080"},
            {"aiohttp.web.TCPSite", 1, 2, "", "8080"},
            {"?.run_app", -1, -1, "", ""},
            {"?.TCPSite", 1, 2, "", ""},
            {"asyncio.start_server", 1, 2, "", ""},
            {"?.create_server", 1, 2, "", ""},
            {"?.create_unix_server", -1, -1, "", ""},
            {"websockets.serve", 1, 2, "", ""},
            {"websockets.server.serve", 1, 2, "", ""},
            {"websockets.asyncio.server.serve", 1, 2, "", ""},
            {"websockets.sync.server.serve", 1, 2, "", ""},
            {"hypercorn.run", -1, -1, "", ""},
            {"hypercorn.asyncio.serve", -1, -1, "", ""},
            {"hypercorn.trio.serve", -1, -1, "", ""},
            {"?.run_wsgi", -1, -1, "", ""},
            {"?.listenTCP", -1, 0, "", ""},
            {"?.listenSSL", -1, 0, "", ""},
            {"?.add_insecure_port", -1, -1, "", ""},
            {"?.add_secure_port", -1, -1, "", ""},
            {"cherrypy.quickstart", -1, -1, "", ""},
            {"cherrypy.engine.start", -1, -1, "", ""},
            {"nicegui.ui.run", -1, -1, "", "8080"},
            {"?.serve_forever", -1, -1, "", ""},
            {"?.execute_from_command_line", -1, -1, "", ""},
            {"socket.create_server", -2, -2, "", ""},
            {"socket.socket().bind", -2, -2, "", ""},
        };
        for (const Server& server : k_servers) {
            if (server.path == path) return &server;
            if (server.path.substr(0, 2) == "?." && server.path.substr(2) == name) return &server;
        }
        return nullptr;
    }

    bool listen_python(Node* node, const std::string& path, const std::string& name, const std::vector<Node*>& given) {
        const Server* server = find_server(path, name);
        // An application object of the program's own making: app.run(port=..).
        static constexpr Server k_unknown{"", -1, -1, "", ""};
        const bool by_keyword = keyword(given, "port") != nullptr &&
                                (name == "run" || name == "serve" || name == "start" || name == "run_server" ||
                                 name == "launch" || name == "run_async" || name == "serve_async");
        // socketio.run(app, ..), where socketio was made elsewhere.
        const bool app_object = name == "run" && node->a->kind == Kind::member && !given.empty() &&
                                path.find("subprocess") == std::string::npos &&
                                path.find("asyncio") == std::string::npos && keyword(given, "host") != nullptr;
        if (server == nullptr && (by_keyword || app_object)) server = &k_unknown;
        if (server == nullptr) {
            if (name != "run" || node->a->kind != Kind::member) return false;
            for (const std::string_view framework :
                 {"flask.", "Flask()", "Bottle()", "Sanic()", "FastAPI()", "Quart()"})
                if (path.find(framework) != std::string::npos) server = find_server("flask.Flask().run", name);
            if (server == nullptr) return false;
        }
        Value port;
        Value host;
        port.text = host.text = "";
        const auto positional = [&](int index) -> const Known* {
            if (index < 0 || static_cast<std::size_t>(index) >= given.size()) return nullptr;
            Node* argument = given[static_cast<std::size_t>(index)];
            return argument == nullptr || argument->has(f_keyword) ? nullptr : &values_.value(argument);
        };
        if (const Known* known = positional(server->host)) host = *known;
        if (const Known* known = positional(server->port)) port = *known;
        if (server->host == -2)
            for (Node* argument : given) {
                const Known& one = values_.value(argument);
                if (one.items != nullptr && one.items->size() == 2) {
                    host = (*one.items)[0];
                    port = (*one.items)[1];
                } else if (one.node != nullptr && one.node->kind == Kind::array && one.node->list.size() == 2) {
                    host = values_.value(one.node->list[0]);
                    port = values_.value(one.node->list[1]);
                }
            }
        bool has_host = positional(server->host) != nullptr || server->host == -2;
        bool has_port = positional(server->port) != nullptr || server->port == -2;
        for (const std::string_view word : {"host", "hostname", "address", "server_name"})
            if (const Known* known = keyword(given, word)) host = *known, has_host = true;
        for (const std::string_view word : {"port", "server_port"})
            if (const Known* known = keyword(given, word)) port = *known, has_port = true;
        // **options, listen="*:8080", bind="..", sock=.., fd=..: given in another way.
        for (Node* argument : given) {
            if (argument == nullptr) continue;
            const bool other =
                argument->kind == Kind::spread ||
                (argument->has(f_keyword) && argument->a != nullptr &&
                 (argument->a->text == "listen" || argument->a->text == "bind" || argument->a->text == "sock" ||
                  argument->a->text == "fd" || argument->a->text == "uds" || argument->a->text == "sockets"));
            if (other) has_host = has_port = true;
        }
        if (!has_host && !server->usual_host.empty()) {
            host.text = server->usual_host;
            host.exact = true;
        }
        if (!has_port && !server->usual_port.empty()) {
            port.text = server->usual_port;
            port.exact = true;
        }
        mark_environment_port(given, port);
        emit(node, Act::listen, path, port, host);
        return true;
    }

    static bool set_once(const Symbol& symbol) {
        return std::count_if(symbol.definitions.begin(), symbol.definitions.end(),
                             [](const Definition& definition) { return definition.how != Definition::How::part; }) == 1;
    }

    void lookup(Node* node, const std::string& path, const Value& target) {
        if (!target.exact || target.text.empty()) return;
        Value use;
        Node* where = node;
        const Node* parent = node->parent;
        const auto dereferenced = [](const Node* expression) {
            const Node* above = expression->parent;
            return above != nullptr && above->kind == Kind::member && above->a == expression && !above->has(f_optional);
        };
        if (dereferenced(node)) {
            use.text = "used";
        } else if (parent != nullptr && parent->kind == Kind::declarator && parent->a != nullptr &&
                   parent->a->kind == Kind::identifier && parent->a->symbol != nullptr &&
                   set_once(*parent->a->symbol)) {
            for (Node* reference : parent->a->symbol->references) {
                if (!dereferenced(reference)) continue;
                const Place place = place_of(reference);
                if (place.at_load && !place.guarded && place_of(node).at_load) {
                    use.text = "used";
                    break;
                }
            }
        }
        emit(where, Act::lookup, path, target, use);
    }

    void assignment(Node* node) {
        Node* left = node->a;
        if (left == nullptr) return;
        const Known& right = values_.value(node->b);
        if (left->kind == Kind::identifier) {
            if (left->symbol == nullptr && (left->text == "location" || left->text == "onbeforeunload")) {
                if (left->text == "location") emit(node, Act::navigate, "location", right, {});
            }
            if (left->text == "location") emit(node, Act::navigate, "location", right, {});
            return;
        }
        if (left->kind != Kind::member) return;
        const Known object = values_.value(left->a);
        std::string name;
        if (left->has(f_computed)) {
            const Known& key = values_.value(left->b);
            if (!key.exact) return;
            name = key.text;
        } else if (left->b != nullptr) {
            name = std::string(left->b->text);
        }
        const std::string path = canonical(object.path.empty() ? "?." + name : object.path + "." + name, language_);
        const bool script = object.path == "document.createElement()" && object.key == "script";
        if (name == "innerHTML" || name == "outerHTML" || name == "srcdoc") {
            emit(node, script ? Act::code : Act::markup, path, object, right);
            return;
        }
        if (script && (name == "text" || name == "textContent" || name == "innerText")) {
            emit(node, Act::code, path, {}, right);
            return;
        }
        if (name == "src") {
            if (script)
                emit(node, Act::module, "script.src", right, {});
            else
                emit(node, Act::send, path, right, right);
            return;
        }
        if (path == "location.href" || path == "location" || path == "document.location" ||
            path == "document.location.href") {
            emit(node, Act::navigate, path, right, {});
            return;
        }
        if (name == "cookie" || name == "onbeforeunload" || name == "download" || name == "href" || name == "action" ||
            path.rfind("process.", 0) == 0 || name == "domain" || (name.rfind("on", 0) == 0 && object.path.empty())) {
            emit(node, Act::assign, path, object, right);
        }
        if (path == "module.exports" || path.rfind("exports.", 0) == 0 || path.rfind("module.exports.", 0) == 0)
            facts_.has_exports = true;
        if (path.find('.') != std::string::npos && object.path == "window") facts_.globals.push_back(name);
    }

    void stub(Node* node) {
        if (node->b == nullptr || node->b->kind != Kind::block || !node->b->list.empty()) return;
        const std::size_t from = tree_->offset(node->b->start) - tree_->base;
        const std::size_t to = tree_->offset(node->b->end) - tree_->base;
        if (to <= from + 4) return;
        facts_.stubs.push_back(
            {std::string(tree_->source.substr(from, std::min<std::size_t>(to - from, 400))), offset(node)});
    }

    void endless(Node* loop) {
        EndlessLoop made;
        made.offset = offset(loop);
        made.language = language_ == Language::python ? "python" : "javascript";
        const Place place = place_of(loop);
        made.at_load = place.at_load;
        std::vector<Node*> stack;
        each_child(*loop, [&](Node& child) { stack.push_back(&child); });
        while (!stack.empty() && !made.leaves) {
            Node* node = stack.back();
            stack.pop_back();
            switch (node->kind) {
                case Kind::return_:
                case Kind::throw_:
                case Kind::await_:
                    made.leaves = true;
                    break;
                case Kind::jump:
                    made.leaves = node->text == "break" || node->a != nullptr;
                    break;
                case Kind::function:
                    continue;
                case Kind::call: {
                    const std::string path = values_.callee_path(node);
                    const Sink* sink = find_sink(path, language_);
                    if (sink != nullptr && (sink->act == Act::pause || sink->act == Act::exit || sink->act == Act::ask))
                        made.leaves = true;
                    // Whatever is called may wait or throw; only a body that calls nothing outside is certain. In Python, that includes
                    // every method, for most of them wait.
                    if (language_ == Language::python && (sink == nullptr || sink->act == Act::call))
                        made.leaves =
                            made.leaves || path.empty() || path[0] == '?' || path.find('.') != std::string::npos;
                    if (values_.function_of(node->a) != nullptr) made.leaves = true;
                    break;
                }
                default:
                    break;
            }
            each_child(*node, [&](Node& child) { stack.push_back(&child); });
        }
        facts_.loops.push_back(made);
    }

    void comments(const Tree& tree) {
        std::size_t budget = 4000;
        for (const Comment& comment : tree.comments) {
            if (budget-- == 0) return;
            const std::size_t from = tree.offset(comment.start) - tree.base;
            const std::size_t to = tree.offset(comment.end) - tree.base;
            facts_.comments.push_back(
                {std::string(tree.source.substr(from, std::min<std::size_t>(to - from, 600))), tree.base + from});
        }
    }

    /// Names such as _0x3f2a and programs of six characters are made by tools that hide what code does.
    void packed(const Tree& tree) {
        std::size_t renamed = 0;
        std::size_t symbols = 0;
        std::size_t visible = 0;
        std::size_t escapes = 0;
        const std::string_view source = tree.source;
        for (std::size_t at = 0; at < source.size(); ++at) {
            const char c = source[at];
            if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
            ++visible;
            if (std::string_view("[]()!+").find(c) != std::string_view::npos) ++symbols;
            if (c == '_' && source.substr(at, 3) == "_0x" && at + 6 < source.size() &&
                std::isxdigit(static_cast<unsigned char>(source[at + 5])) != 0)
                ++renamed;
            if (c == '\\' && at + 1 < source.size() && source[at + 1] == 'x') ++escapes;
        }
        if (source.find("function(p,a,c,k,e,") != std::string_view::npos)
            facts_.packed.push_back({"it is unpacked by a loader", tree.base + source.find("function(p,a,c,k,e,")});
        if (renamed >= 40) facts_.packed.push_back({"names like _0x3f2a1b throughout", tree.base});
        if (visible >= 500 && symbols * 10 >= visible * 9)
            facts_.packed.push_back({"a program made of brackets", tree.base});
        if (escapes >= 200 && escapes * 8 >= visible)
            facts_.packed.push_back({"text written as escapes throughout", tree.base});
    }

    void names(const std::vector<Tree>& trees) {
        for (const auto& [name, symbol] : scopes_.global().names) facts_.globals.emplace_back(name);
        for (const std::string_view name : scopes_.module_names()) facts_.module_names.emplace_back(name);
        std::map<std::string_view, std::size_t> seen;
        for (Node* node : scopes_.free_identifiers()) {
            if (node->text == "require" || node->text == "module" || node->text == "exports")
                facts_.uses_commonjs = true;
            if (++seen[node->text] > 3) continue;
            const Tree* tree = tree_of(node, trees);
            if (tree == nullptr) continue;
            tree_ = tree;
            const Node* parent = node->parent;
            FreeName made;
            made.name = std::string(node->text);
            made.offset = offset(node);
            made.called =
                parent != nullptr && (parent->kind == Kind::call || parent->kind == Kind::new_) && parent->a == node;
            const Place place = place_of(node);
            made.at_load = place.at_load;
            made.guarded = place.guarded ||
                           (parent != nullptr && parent->kind == Kind::unary && parent->text == "typeof") ||
                           !place.reached;
            made.in_module = tree->module;
            facts_.free_names.push_back(std::move(made));
        }
    }

    static const Tree* tree_of(const Node* node, const std::vector<Tree>& trees) {
        const Node* root = node;
        for (int depth = 0; root->parent != nullptr && depth < 10'000; ++depth) root = root->parent;
        for (const Tree& tree : trees)
            if (tree.root == root) return &tree;
        return nullptr;
    }

    [[nodiscard]] static bool immediately_called(const Node* function) {
        const Node* parent = function->parent;
        if (parent == nullptr) return false;
        if ((parent->kind == Kind::call || parent->kind == Kind::new_) && parent->a == function) return true;
        // (function () {}).call(this)
        return parent->kind == Kind::member && parent->a == function && parent->parent != nullptr &&
               parent->parent->kind == Kind::call && parent->b != nullptr &&
               (parent->b->text == "call" || parent->b->text == "apply");
    }

    bool at_load(const Node* function, int depth) {
        if (immediately_called(function)) return true;
        if (depth > 4) return false;
        // False while it is being found out: a function is not called at load by way of itself.
        const auto [slot, fresh] = at_load_.emplace(function, false);
        if (!fresh) return slot->second;
        const bool result = find_at_load(function, depth);
        at_load_[function] = result;
        return result;
    }

    bool find_at_load(const Node* function, int depth) {
        Node* key = const_cast<Node*>(function);
        for (Node* one : values_.calls_of(key))
            if (inside_at_load(one, depth + 1)) return true;
        for (const Evaluator::Use& use : values_.uses_of(key)) {
            const std::string name = last_part(values_.callee_path(use.call));
            if ((name == "forEach" || name == "map" || name == "filter" || name == "reduce" || name == "some" ||
                 name == "every") &&
                inside_at_load(use.call, depth + 1))
                return true;
        }
        return false;
    }

    bool inside_at_load(const Node* node, int depth) {
        for (const Node* above = node->parent; above != nullptr; above = above->parent) {
            if (above->kind == Kind::function && !at_load(above, depth)) return false;
            if (above->kind == Kind::program && above->has(f_attribute)) return false;
        }
        return true;
    }

    /// A named function is reached when something refers to it that is reached itself. The others count as reached: who
    /// hands them over is not followed.
    bool reached(const Node* function) {
        find_reached();
        const auto found = named_.find(function);
        return found == named_.end() || found->second;
    }

    struct Named {
        Named* outer = nullptr;     ///< the named function around it
        bool called = false;        ///< by something that is reached
        bool live = false;          ///< called, and so is everything around it
        std::vector<Named*> calls;  ///< what is referred to inside
        std::vector<Named*> inner;  ///< named functions directly inside
    };

    void find_reached() {
        if (named_known_) return;
        named_known_ = true;
        std::unordered_map<const Node*, Named> all;
        for (const Node* function : functions_)
            if (name_of(function) != nullptr) all.emplace(function, Named{});
        const auto around = [&](const Node* node) -> Named* {
            for (const Node* above = node->parent; above != nullptr; above = above->parent)
                if (const auto found = all.find(above); found != all.end()) return &found->second;
            return nullptr;
        };
        std::vector<Named*> begin;
        for (auto& [function, one] : all) {
            one.outer = around(function);
            if (one.outer != nullptr) one.outer->inner.push_back(&one);
            for (const Node* reference : name_of(function)->references) {
                if (Named* user = around(reference))
                    user->calls.push_back(&one);
                else
                    begin.push_back(&one);
            }
        }
        while (!begin.empty()) {
            Named* one = begin.back();
            begin.pop_back();
            one->called = true;
            if (one->live || (one->outer != nullptr && !one->outer->live)) continue;
            one->live = true;
            begin.insert(begin.end(), one->calls.begin(), one->calls.end());
            for (Named* inside : one->inner)
                if (inside->called) begin.push_back(inside);
        }
        for (const auto& [function, one] : all) named_.emplace(function, one.live);
    }

    /// The name by which alone a function can be called; null when it is exported or has none.
    [[nodiscard]] const Symbol* name_of(const Node* function) const {
        const Node* parent = function->parent;
        if (function->has(f_statement)) {
            if (parent != nullptr && parent->kind == Kind::export_) return nullptr;
            // In a class body (Python) it is a method.
            if (parent != nullptr && parent->kind == Kind::class_) return nullptr;
            return scopes_.symbol_of(function);
        }
        if (parent == nullptr || parent->kind != Kind::declarator || parent->a == nullptr ||
            parent->a->kind != Kind::identifier)
            return nullptr;
        if (parent->parent != nullptr && parent->parent->parent != nullptr &&
            parent->parent->parent->kind == Kind::export_)
            return nullptr;
        return parent->a->symbol;
    }

    Place place_of(const Node* node) {
        Place place;
        const Node* below = node;
        bool in_function = false;
        for (const Node* above = node->parent; above != nullptr; below = above, above = above->parent) {
            switch (above->kind) {
                case Kind::function: {
                    Node* key = const_cast<Node*>(above);
                    if (place.at_load && !at_load(above, 0)) place.at_load = false;
                    if (place.reached && !reached(above)) place.reached = false;
                    const Caller& caller = caller_of(key);
                    if (place.handler.empty()) place.handler = caller.moment;
                    if (place.loop == Loop::none && !in_function) place.loop = caller.loop;
                    in_function = true;
                    break;
                }
                case Kind::program:
                    if (above->has(f_attribute)) place.at_load = false;
                    break;
                case Kind::for_:
                case Kind::while_:
                case Kind::for_in:
                    if (!in_function && place.loop != Loop::endless)
                        place.loop = is_endless(*above) ? Loop::endless : Loop::bounded;
                    break;
                case Kind::try_:
                    if (above->a == below) place.in_try = place.guarded = true;
                    break;
                case Kind::if_:
                case Kind::conditional:
                    if (above->a != below) place.guarded = true;
                    // if (false) ..: never, and its else always.
                    if (above->b == below && never(above->a)) place.reached = false;
                    break;
                case Kind::binary:
                    if (above->b == below && (above->text == "&&" || above->text == "||" || above->text == "??"))
                        place.guarded = true;
                    break;
                default:
                    break;
            }
        }
        return place;
    }

    /// How a function comes to run. Asked for each event in it, so it is found out once.
    struct Caller {
        std::string moment;
        Loop loop = Loop::none;
    };
    const Caller& caller_of(Node* function) {
        const auto [slot, fresh] = callers_.try_emplace(function);
        if (!fresh) return slot->second;
        Caller made;
        made.moment = values_.moment_of(function);
        for (Node* one : values_.calls_of(function))
            if (const Loop outer = plain_loop(one); outer != Loop::none) made.loop = outer;
        return callers_[function] = std::move(made);
    }

    static Loop plain_loop(const Node* node) {
        Loop loop = Loop::none;
        for (const Node* above = node->parent; above != nullptr && above->kind != Kind::function; above = above->parent)
            if (above->kind == Kind::for_ || above->kind == Kind::while_ || above->kind == Kind::for_in)
                if (loop != Loop::endless) loop = is_endless(*above) ? Loop::endless : Loop::bounded;
        return loop;
    }

    Scopes scopes_;
    Evaluator values_;
    Language language_;
    const Deadline& deadline_;
    CodeFacts& facts_;
    std::size_t visited_ = 0;
    bool late_ = false;
    bool input_is_tested_ = false;
    const Tree* tree_ = nullptr;
    std::map<const Symbol*, Node*> opened_;
    std::vector<const Node*> functions_;
    std::unordered_map<const Node*, bool> named_;
    bool named_known_ = false;
    std::unordered_map<const Node*, bool> at_load_;
    std::unordered_map<const Node*, Caller> callers_;
};

}  // namespace

bool analyse(Arena& arena, const std::vector<Tree>& trees, Language language, const PageContext& page,
             const Deadline& deadline, CodeFacts& facts) {
    return trees.empty() || Flow(arena, language, page, deadline, facts).run(trees);
}

}  // namespace spawnai::validate::checker
