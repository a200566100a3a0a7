#pragma once

#include "deadline.hpp"
#include "evaluate.hpp"

#include <vector>

namespace spawnai::validate::checker {

/// What the trees of one program do, as events for the rules. Adds to `facts`. False when the deadline passed before the end: what
/// was found until then is there.
[[nodiscard]] bool analyse(Arena& arena, const std::vector<Tree>& trees, Language language, const PageContext& page,
                           const Deadline& deadline, CodeFacts& facts);

}  // namespace spawnai::validate::checker
