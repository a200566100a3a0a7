#pragma once

#include "evaluate.hpp"

#include <vector>

namespace spawnai::validate::checker {

/// What the trees of one program do, as events for the rules. Adds to `facts`.
void analyse(Arena& arena, const std::vector<Tree>& trees, Language language, const PageContext& page,
             CodeFacts& facts);

}  // namespace spawnai::validate::checker
