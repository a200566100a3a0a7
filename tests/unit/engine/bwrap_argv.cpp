#include "engine/bwrap_argv.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace {

using namespace spawnai::engine;
using Words = std::vector<std::string>;

HostView usual_host() {
    HostView host;
    host.top_level = {{"bin", "usr/bin"}, {"lib", "usr/lib"}};
    host.proc_files = {"kcore"};
    host.proc_directories = {"acpi"};
    host.etc_files = {"ld.so.cache"};
    host.etc_directories = {"alternatives"};
    return host;
}

BwrapPolicy usual_policy() {
    return {"/state/one", "/libexec/agent", {}, {}};
}

bool contains(const Words& words, const Words& part) {
    return std::search(words.begin(), words.end(), part.begin(), part.end()) != words.end();
}

std::size_t place(const Words& words, const Words& part) {
    return static_cast<std::size_t>(std::search(words.begin(), words.end(), part.begin(), part.end()) - words.begin());
}

}  // namespace

TEST_CASE("a sandbox has every namespace and no privilege") {
    const Words words = bwrap_arguments(usual_policy(), usual_host());
    for (const char* word : {"--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled",
                             "--new-session", "--clearenv", "--as-pid-1"}) {
        CHECK_MESSAGE(std::count(words.begin(), words.end(), word) == 1, word);
    }
    CHECK(contains(words, {"--cap-drop", "ALL"}));
    CHECK(contains(words, {"--uid", "1000", "--gid", "1000"}));
    // The network is never shared, and the sandbox outlives the thread that starts it.
    CHECK_FALSE(contains(words, {"--share-net"}));
    CHECK_FALSE(contains(words, {"--die-with-parent"}));
}

TEST_CASE("only four places and no tmpfs can be written") {
    const Words words = bwrap_arguments(usual_policy(), usual_host());
    Words writable;
    for (std::size_t index = 0; index + 2 < words.size(); ++index) {
        if (words[index] == "--bind") writable.push_back(words[index + 1] + " " + words[index + 2]);
    }
    CHECK(writable ==
          Words{"/state/one/shm /dev/shm", "/state/one/tmp /tmp", "/state/one/home /home/user", "/state/one/app /app"});
    for (std::size_t index = 0; index + 1 < words.size(); ++index) {
        if (words[index] != "--tmpfs") continue;
        const Words tail(words.begin() + static_cast<std::ptrdiff_t>(index), words.end());
        CHECK_MESSAGE(contains(tail, {"--remount-ro", words[index + 1]}), words[index + 1]);
    }
    CHECK(contains(words, {"--remount-ro", "/"}));
    CHECK(contains(words, {"--remount-ro", "/dev"}));
    // What is mounted over /dev comes before it is closed, and the root is closed last.
    CHECK(place(words, {"/state/one/shm", "/dev/shm"}) < place(words, {"--remount-ro", "/dev"}));
    CHECK(place(words, {"--symlink", "../tmp", "/var/tmp"}) < place(words, {"--remount-ro", "/"}));
    CHECK(contains(words, {"--ro-bind", "/proc/sys", "/proc/sys"}));
}

TEST_CASE("what a host has or lacks decides about its mounts") {
    HostView host = usual_host();
    SUBCASE("merged /usr") {
        CHECK(contains(bwrap_arguments(usual_policy(), host), {"--symlink", "usr/bin", "/bin"}));
    }
    SUBCASE("a /bin of its own") {
        host.top_level["bin"] = "";
        CHECK(contains(bwrap_arguments(usual_policy(), host), {"--ro-bind", "/bin", "/bin"}));
    }
    SUBCASE("masks") {
        const Words words = bwrap_arguments(usual_policy(), host);
        CHECK(contains(words, {"--ro-bind", "/dev/null", "/proc/kcore"}));
        CHECK(contains(words, {"--perms", "0555", "--tmpfs", "/proc/acpi", "--remount-ro", "/proc/acpi"}));
        CHECK_FALSE(contains(words, {"/proc/keys"}));
    }
    SUBCASE("no linker cache and no alternatives") {
        host.etc_files.clear();
        host.etc_directories.clear();
        const Words words = bwrap_arguments(usual_policy(), host);
        CHECK_FALSE(contains(words, {"/etc/ld.so.cache"}));
        CHECK_FALSE(contains(words, {"/etc/alternatives"}));
        CHECK(contains(words, {"--ro-bind", "/state/one/etc", "/etc"}));
    }
}

TEST_CASE("runtimes come by descriptor and first in the path") {
    BwrapPolicy policy = usual_policy();
    policy.runtimes = {{8, "/opt/node"}, {9, "/opt/python"}};
    policy.environment = {{"SSL_CERT_FILE", "/etc/ssl/certs/x.pem"}};
    const Words words = bwrap_arguments(policy, usual_host());
    CHECK(contains(words, {"--ro-bind-fd", "8", "/opt/node"}));
    CHECK(contains(words, {"--setenv", "PATH", "/opt/node/bin:/opt/python/bin:/usr/local/bin:/usr/bin:/bin"}));
    CHECK(contains(words, {"--setenv", "SSL_CERT_FILE", "/etc/ssl/certs/x.pem"}));
    CHECK(place(words, {"--ro-bind-fd"}) < place(words, {"--remount-ro", "/"}));
}

TEST_CASE("this host's view names what is there") {
    const HostView host = look_at_host();
    CHECK(host.top_level.count("bin") == 1);
    for (const std::string& name : host.proc_files) CHECK_MESSAGE(std::filesystem::exists("/proc/" + name), name);
    for (const std::string& name : host.etc_directories)
        CHECK_MESSAGE(std::filesystem::is_directory("/etc/" + name), name);
}

TEST_CASE("names are resolved inside only with internet") {
    CHECK(sandbox_etc(true).at("resolv.conf") == "nameserver 127.0.0.53\n");
    CHECK(sandbox_etc(false).at("resolv.conf").empty());
    CHECK(sandbox_etc(false).at("hosts").rfind("127.0.0.1 localhost", 0) == 0);
}
