#pragma once

#include "../facts.hpp"
#include "deadline.hpp"
#include "js_tree.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::checker {

/// A piece of JavaScript in a page.
struct ScriptText {
    std::string text;
    std::size_t offset = 0;  ///< bytes in the file
    Goal goal = Goal::script;
    bool in_place = true;  ///< false: `offset` is where it begins, but entities were decoded
};

/// Parses `text` (valid UTF-8) with gumbo and gathers what the rules ask about; adds the scripts and event attributes. Facts that are
/// not parsed and no scripts when the deadline passes before gumbo is through.
PageFacts read_page(std::string_view text, const Deadline& deadline, std::vector<ScriptText>& scripts);

}  // namespace spawnai::validate::checker
