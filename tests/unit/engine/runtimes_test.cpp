#include "engine/runtimes.hpp"

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

using spawnai::Environment;
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

TEST_CASE("an installation that the sandbox cannot reach gives way to another or is copied") {
    const spawnai::test::TempDir dir;
    const auto install = [&](const std::string& name) {
        std::filesystem::create_directories(dir.path() / name / "bin");
        std::filesystem::copy_file("/proc/self/exe", dir.path() / name / "bin" / "node");
        return dir.path() / name;
    };
    const auto closed = install("closed");
    const auto open = install("open");
    const auto inode = [](const spawnai::engine::RuntimeMount& mount) {
        struct stat status {};
        REQUIRE(::fstat(mount.directory.get(), &status) == 0);
        return status.st_ino;
    };
    const auto inode_of = [](const std::filesystem::path& path) {
        struct stat status {};
        REQUIRE(::stat(path.c_str(), &status) == 0);
        return status.st_ino;
    };
    const auto reachable = [&](const std::filesystem::path& prefix, const std::string&) {
        return prefix == closed ? std::optional<std::filesystem::path>() : prefix;
    };
    const auto with_path = [](const std::string& path) {
        return Environment(std::map<std::string, std::string>{{"PATH", path}});
    };
    const auto node_of = [](std::vector<RuntimeMount> mounts) {
        for (auto& mount : mounts)
            if (mount.inside == "/opt/node") return std::optional(std::move(mount));
        return std::optional<RuntimeMount>();
    };
    const auto other = node_of(find_runtimes(with_path((closed / "bin").string() + ":" + (open / "bin").string()), {},
                                             reachable, dir.path() / "copies"));
    REQUIRE(other.has_value());
    CHECK(inode(*other) == inode_of(open));
    CHECK_FALSE(std::filesystem::exists(dir.path() / "copies"));

    // Where the system has a node of its own, that is the other installation.
    if (std::filesystem::exists("/usr/bin/node") || std::filesystem::exists("/usr/local/bin/node")) return;
    const auto copied =
        node_of(find_runtimes(with_path((closed / "bin").string()), {}, reachable, dir.path() / "copies"));
    REQUIRE(copied.has_value());
    CHECK(inode(*copied) != inode_of(closed));
}

TEST_CASE("python keeps its path and node does not") {
    CHECK(place_inside("python3", "/home/u/.pyenv/versions/3.12.1") == "/home/u/.pyenv/versions/3.12.1");
    CHECK(place_inside("python3", "/home/user/.pyenv/versions/3.12.1") == "/opt/python");
    CHECK(place_inside("python3", "/tmp/python") == "/opt/python");
    CHECK(place_inside("python3", "/apps/python") == "/apps/python");
    CHECK(place_inside("node", "/home/u/.nvm/versions/node/v20") == "/opt/node");
}
