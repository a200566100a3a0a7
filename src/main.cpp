#include "cli/app.hpp"

int main(int argc, char** argv) {
    return spawnai::cli::run(argc, argv);
}
