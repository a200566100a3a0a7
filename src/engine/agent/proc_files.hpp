#pragma once

#include <string>
#include <vector>

namespace spawnai::engine::agent {

/// The beginning of a file of /proc; empty when it is gone.
[[nodiscard]] std::string read_proc(const std::string& path);
/// The entries of a directory of /proc whose names are numbers.
[[nodiscard]] std::vector<std::string> numbers_in(const std::string& path);

}  // namespace spawnai::engine::agent
