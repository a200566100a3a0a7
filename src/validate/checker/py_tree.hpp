#pragma once

#include "js_tree.hpp"

#include <string_view>

namespace spawnai::validate::checker {

/// Python 3 (up to 3.13) read into the same tree as JavaScript: attributes are members, keyword arguments are properties with
/// f_keyword, `with` holds target, body and context in a, b and c. Judges structure (indentation, brackets, strings, statement
/// forms), not meaning. `text` must outlive the result and be valid UTF-8.
Parsed parse_python(std::string_view text, Arena& arena);

}  // namespace spawnai::validate::checker
