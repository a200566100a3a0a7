#include "globals.hpp"

#include "arguments.hpp"

namespace spawnai::cli {

void configure(Arguments& arguments, Globals& globals) {
    arguments.begin_globals();
    arguments.flag("-q,--quiet", globals.quiet, "no progress and no remarks on stderr; errors are still shown");
    arguments.flag("-v,--verbose", globals.verbose, "say more");
    arguments.flag("--debug", globals.debug, "write a diagnostic log as JSON lines, keys redacted");
    arguments.flag("--no-color", globals.no_color, "no colours");
    arguments.flag("-h,--help", globals.help, "show this help");
}

}  // namespace spawnai::cli
