#pragma once

#include "../facts.hpp"
#include "js_tree.hpp"

#include <functional>
#include <string>
#include <string_view>

namespace spawnai::validate::checker {

/// Receives what is known so far, so that a text that stops the checker does not take everything with it.
struct Reports {
    std::function<void(const PageFacts&)> page;
    std::function<void(const CodeFacts&)> syntax;  ///< one Syntax
    std::function<void(const CodeFacts&)> code;    ///< everything but syntax
};

/// `kind`: 'P' page; 'J' JavaScript file (CommonJS, else module), 'M' module, 'C' CommonJS; 'Y' Python.
void check(char kind, std::string_view text, JsParser& javascript, const Reports& reports);

}  // namespace spawnai::validate::checker
