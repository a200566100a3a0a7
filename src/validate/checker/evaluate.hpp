#pragma once

#include "../facts.hpp"
#include "scope.hpp"

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace spawnai::validate::checker {

/// A Value and the tree node behind it.
struct Known : Value {
    Node* node = nullptr;  ///< the function, object, array or class that it is
    std::optional<double> number;
    std::shared_ptr<std::vector<Known>> items;  ///< elements, when each is known
    std::string key;       ///< the id, selector or name by which an element of the page was looked up
    bool endless = false;  ///< grows with each use: not comparable to its constant text
};

/// What is known about the page around the code.
struct PageContext {
    std::set<std::string, std::less<>> credential_keys;  ///< ids and names of password, card and phrase fields
};

/// Says of an expression what can be said without running it: constants are folded through operators, common string functions
/// and names that are set once; origins (Taint) follow values through calls, callbacks and properties. Bounded in depth and
/// in steps: beyond that a value is simply not known.
class Evaluator {
 public:
    Evaluator(const Scopes& scopes, const PageContext& page, Language language)
        : scopes_(scopes), page_(page), language_(language) {}

    /// Learns who calls whom; call once for each tree before the first value().
    void learn(const Tree& tree);

    const Known& value(Node* node);
    /// The function that an expression is, or null.
    Node* function_of(Node* expression, int depth = 0);
    /// Where a function is handed over: the call and the index of the argument.
    struct Use {
        Node* call = nullptr;
        int index = 0;
    };
    [[nodiscard]] const std::vector<Use>& uses_of(Node* function) const;
    [[nodiscard]] const std::vector<Node*>& calls_of(Node* function) const;
    /// The name of the event, message or moment at which a function handed over is called; empty when unknown.
    std::string moment_of(Node* function);
    /// Path of what is called, with "?." for an unknown receiver.
    std::string callee_path(Node* call);
    /// Arguments of a call, with .call, .apply and .bind seen through.
    std::vector<Node*> arguments(Node* call);

 private:
    Known compute(Node* node);
    Known identifier(Node* node);
    Known member(Node* node);
    Known call(Node* node);
    Known method(Node* node, const Known& receiver, std::string_view name, const std::vector<Node*>& arguments);
    Known binary(Node* node);
    Known parameter(const Symbol& symbol);
    Known returned(Node* function);
    Known merge(const std::vector<Known>& values);
    void add_result_taint(Known& result, const std::string& path, const std::vector<Node*>& arguments);
    std::optional<Known> fold_global(const std::string& path, const std::vector<Node*>& arguments);
    void note_call(Node* call);

    const Scopes& scopes_;
    const PageContext& page_;
    Language language_;
    std::unordered_map<const Node*, Known> memo_;
    std::set<const Node*> active_;
    std::unordered_map<const Node*, std::vector<Node*>> calls_;
    std::unordered_map<const Node*, std::vector<Use>> uses_;
    std::unordered_map<const Node*, std::vector<Node*>> returns_;
    std::unordered_map<const Node*, Known> results_;
    int depth_ = 0;
    std::size_t steps_ = 0;
    std::size_t text_bytes_ = 0;
    Known unknown_;
};

/// One name for the many ways to write the same thing: "window.eval" is "eval", "fs.promises.readFileSync" is "fs.readFile".
[[nodiscard]] std::string canonical(std::string path, Language language);
/// Whether a name, id or selector speaks of a password, a card or a recovery phrase.
[[nodiscard]] bool names_credential(std::string_view name);
/// Whether the name of an environment variable speaks of a secret.
[[nodiscard]] bool names_secret(std::string_view name);
/// Whether a path is where keys of the host are kept.
[[nodiscard]] bool is_host_secret_path(std::string_view path);

}  // namespace spawnai::validate::checker
