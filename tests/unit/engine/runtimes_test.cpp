#include "engine/runtimes.hpp"

#include <doctest/doctest.h>

using namespace spawnai::engine;

TEST_CASE("a runtime's prefix is the parent of its bin directory") {
    CHECK(runtime_prefix("/opt/node-v20/bin/node", {}) == "/opt/node-v20");
    CHECK(runtime_prefix("/home/u/.nvm/versions/node/v20.1.0/bin/node", {"/home/u"}) ==
          "/home/u/.nvm/versions/node/v20.1.0");
}

TEST_CASE("a prefix that would show more than a runtime is refused") {
    for (const char* real : {"/bin/node", "/opt/bin/node", "/home/bin/node", "/home/u/.local/bin/node", "/home/u/node",
                             "/home/u/bin/node"})
        CHECK_MESSAGE(!runtime_prefix(real, {"/home/u"}).has_value(), real);
    CHECK_FALSE(runtime_prefix("/srv/data/bin/node", {"/srv/data/spawnai/engine"}).has_value());
}
