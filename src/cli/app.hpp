#pragma once

namespace spawnai::cli {

/// Runs one command line. The one place where an exception becomes text and an exit code. @return the process
/// exit code
[[nodiscard]] int run(int argc, char** argv);

}  // namespace spawnai::cli
