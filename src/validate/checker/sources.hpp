#pragma once

#include "evaluate.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace spawnai::validate::checker {

/// Taint of a name or, with "()" at the end, of what a call gives.
[[nodiscard]] std::uint32_t source_taint(std::string_view path, Language language);
/// Calls whose result says nothing about their arguments: tests, digests, timers.
[[nodiscard]] bool forgets_arguments(std::string_view path, Language language);
/// The same for the object a method is called on: "includes", "indexOf" ...
[[nodiscard]] bool forgets_receiver(std::string_view method);
/// What parameter number `parameter` of a function gets that is argument number `argument` of `call`.
[[nodiscard]] Known handed_over(Evaluator& evaluator, Node* call, int argument, int parameter, std::string_view name,
                                Language language);

}  // namespace spawnai::validate::checker
