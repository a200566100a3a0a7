#include <spawnai/engine/engine.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::engine;

namespace {

StateLocation locate(std::map<std::string, std::string> variables, uid_t euid) {
    const Environment environment(std::move(variables));
    return state_location(Paths::resolve(environment), environment, euid);
}

}  // namespace

TEST_CASE("a user's engine lives in the data directory") {
    const StateLocation location = locate({{"HOME", "/home/u"}, {"XDG_RUNTIME_DIR", "/run/user/1000"}}, 1000);
    CHECK(location.state_dir == "/home/u/.local/share/spawnai/engine");
    CHECK(location.runtime_dir == location.state_dir / "run");
    CHECK_FALSE(location.drops_privileges);
}

TEST_CASE("sockets move to the runtime directory when their paths would be too long") {
    const std::string home = "/home/" + std::string(90, 'x');
    const StateLocation moved = locate({{"HOME", home}, {"XDG_RUNTIME_DIR", "/run/user/1000"}}, 1000);
    CHECK(moved.runtime_dir.parent_path() == "/run/user/1000/spawnai");
    const StateLocation stuck = locate({{"HOME", home}}, 1000);
    CHECK(stuck.runtime_dir == stuck.state_dir / "run");
}

TEST_CASE("root's engine lives where its unprivileged account can be") {
    const StateLocation one = locate({{"HOME", "/root"}, {"XDG_RUNTIME_DIR", "/run/user/0"}}, 0);
    CHECK(one.drops_privileges);
    CHECK(one.state_dir.parent_path() == "/var/lib/spawnai");
    CHECK(one.runtime_dir == one.state_dir / "run");
    const StateLocation other = locate({{"HOME", "/tmp/other"}}, 0);
    CHECK(other.state_dir.parent_path() == "/var/lib/spawnai");
    CHECK(other.state_dir != one.state_dir);
    CHECK(locate({{"HOME", "/root"}}, 0).state_dir == one.state_dir);
}

TEST_CASE("SPAWNAI_HOME replaces both") {
    CHECK(locate({{"SPAWNAI_HOME", "/srv/s"}, {"HOME", "/root"}}, 0).state_dir == "/srv/s/engine");
    CHECK(locate({{"SPAWNAI_HOME", "/srv/s"}, {"HOME", "/home/u"}}, 1000).state_dir == "/srv/s/engine");
}
