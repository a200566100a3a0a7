#pragma once

namespace spawnai::cli {

class Arguments;

/// Flags that every command understands.
struct Globals {
    bool help = false;
    bool quiet = false;
    bool verbose = false;
    bool debug = false;
    bool no_color = false;
};

/// A name that the command has taken for itself is left out.
void configure(Arguments& arguments, Globals& globals);

}  // namespace spawnai::cli
