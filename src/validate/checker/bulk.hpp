#pragma once

#include "../facts.hpp"
#include "scope.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::checker {

/// Data written out in a program - lists of numbers, tables, maps - costs a parser as much as code and says nothing about what
/// the program does. Gives `text` with every literal of more than 4 KB that holds nothing but plain values replaced by its first
/// element and blanks: it parses exactly when the original does, and every byte stays where it was. What was blanked out is
/// checked here to be well formed, and can hold no code: its strings are without escapes, brackets and back quotes. Strings of it
/// that a rule may want to see are added to `strings`.
[[nodiscard]] std::string without_bulk(std::string_view text, Language language, std::vector<Located>& strings);

}  // namespace spawnai::validate::checker
