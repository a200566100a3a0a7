#pragma once

#include <string>

namespace spawnai::cli {

/// The manual page spawnai(1) in roff, made from the command table, the arguments and the help topics.
[[nodiscard]] std::string manual_page();

}  // namespace spawnai::cli
