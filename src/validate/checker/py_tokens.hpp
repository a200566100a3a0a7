#pragma once

#include "tree.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::checker {

enum class PyToken : std::uint8_t { name, number, string, op, newline, indent, dedent, end };

struct PyTokenAt {
    PyToken kind = PyToken::end;
    std::uint32_t start = 0;
    std::uint32_t end = 0;
    std::string_view text;
};

struct PyError {
    std::string message;
    std::size_t at = 0;
};

/// Tokens with INDENT and DEDENT; comments go aside. @throws PyError
std::vector<PyTokenAt> python_tokens(std::string_view text, std::vector<Comment>& comments);

/// The parts of a string token.
struct PyString {
    std::string_view prefix;  ///< letters before the quote
    std::string_view body;
    std::uint32_t body_start = 0;
    [[nodiscard]] bool has(char letter) const;  ///< lower case
};
PyString python_string(const PyTokenAt& token);

}  // namespace spawnai::validate::checker
