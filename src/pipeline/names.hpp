#pragma once

#include <string>
#include <string_view>

namespace spawnai::pipeline {

/// A name for people out of a prompt: its first telling words, and a random end: "todo-app-k3f9".
[[nodiscard]] std::string make_name(std::string_view prompt);
/// Why `name` cannot be a session's name, or empty when it can.
[[nodiscard]] std::string check_name(std::string_view name);

}  // namespace spawnai::pipeline
