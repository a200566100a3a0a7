#pragma once

#include "facts.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace spawnai::validate {

/// Has `text` parsed by the checker process; kinds as in checker::check. One process is kept warm and used again; each caller
/// has one for itself while it asks. A process that crashes, hangs (10 s) or cannot be started gives incomplete facts, never an
/// exception. `milliseconds` is the processor time that is left for this text and those after it. Safe from any thread.
[[nodiscard]] Facts ask_checker(char kind, std::string_view text, std::uint32_t& milliseconds);

/// Starts a process in the background, so that the first question does not wait for it.
void warm_up_checker();

/// Where the checker executable is: beside this program, or in libexec. Empty when it is nowhere.
[[nodiscard]] std::filesystem::path find_checker();

}  // namespace spawnai::validate
