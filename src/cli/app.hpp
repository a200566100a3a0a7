#pragma once

#include "terminal.hpp"

#include <spawnai/core/environment.hpp>

#include <string>
#include <vector>

namespace spawnai::cli {

/// The whole program for one command line: parses, runs, and turns every exception into text and an exit code.
/// Never throws.
[[nodiscard]] int run(const std::vector<std::string>& arguments, const Streams& streams,
                      const Environment& environment);

/// As above for the process: its arguments, descriptors and environment. Called once, before any thread.
[[nodiscard]] int run(int argc, char** argv);

}  // namespace spawnai::cli
