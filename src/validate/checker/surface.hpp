#pragma once

#include "../facts.hpp"
#include "scope.hpp"

#include <cstddef>
#include <string_view>

namespace spawnai::validate::checker {

/// What can be said of a program without its tree, for texts that no parser gets through: too large, too deep, too slow. One pass
/// over the tokens finds the calls that matter and what stands between their brackets; names that are set once carry what they
/// were set to. Coarser than the tree (no scopes, no functions, no reachability), but nothing that a file holds can keep it from
/// looking. Adds events, strings, comments and imports to `facts`. Linear in the size of `text`; `base` is added to all offsets.
void read_surface(std::string_view text, std::size_t base, Language language, CodeFacts& facts);

}  // namespace spawnai::validate::checker
