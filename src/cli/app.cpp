#include "app.hpp"

#include <cstdio>
#include <string_view>

namespace spawnai::cli {

int run(int argc, char** argv) {
    if (argc == 2 && std::string_view(argv[1]) == "--version") {
        std::puts("spawnai " SPAWNAI_VERSION);
        return 0;
    }
    std::fputs("usage: spawnai --version\n", stderr);
    return 2;
}

}  // namespace spawnai::cli
