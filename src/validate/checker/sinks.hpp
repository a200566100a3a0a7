#pragma once

#include "../facts.hpp"
#include "scope.hpp"

#include <string_view>

namespace spawnai::validate::checker {

/// How the arguments of a known function make an event. Argument numbers from 0; -1 none, -2 the object it is called on.
struct Sink {
    std::string_view path;  ///< canonical; "?.x" also stands for any other object's method x
    Act act;
    int target;
    int data;
};

/// The sink for a callee, or null.
[[nodiscard]] const Sink* find_sink(std::string_view path, Language language);

}  // namespace spawnai::validate::checker
