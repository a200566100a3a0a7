#pragma once

#include "../facts.hpp"
#include "../wire.hpp"
#include "js_tree.hpp"

#include <cstdint>
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

/// `kind`: 'P' page; 'J' JavaScript file (CommonJS, else module), 'M' module, 'C' CommonJS; 'Y' Python. Code that takes more than
/// `milliseconds` of work to parse, or is beyond another limit, is read on the surface instead; the rest is not affected.
void check(char kind, std::string_view text, JsParser& javascript, const Reports& reports,
           std::uint32_t milliseconds = k_file_milliseconds);

}  // namespace spawnai::validate::checker
