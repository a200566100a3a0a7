#pragma once

#include "evaluate.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::checker {

/// Whether fold_call knows the function at `path`.
[[nodiscard]] bool folds(std::string_view path);
/// The value of a function that only computes, for arguments that are known; empty when it cannot be said.
[[nodiscard]] std::optional<Known> fold_call(std::string_view path, const std::vector<Known>& arguments);
/// The same for methods of strings and lists.
[[nodiscard]] std::optional<Known> fold_method(const Known& receiver, std::string_view name,
                                               const std::vector<Known>& arguments);
/// Whether a function turns numbers or characters into characters: c => String.fromCharCode(c - 1).
[[nodiscard]] bool makes_characters(const Node* function);

}  // namespace spawnai::validate::checker
