#include "engine/agent/encoding.hpp"
#include "engine/agent/entry_info.hpp"
#include "engine/agent/memory_usage.hpp"
#include "engine/agent/user.hpp"

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <string>

using namespace spawnai::engine::agent;

TEST_CASE("base64 is written padded and read in every form") {
    struct Pair {
        std::string bytes;
        const char* text;
    };
    for (const Pair& pair : {Pair{"", ""},
                             {"f", "Zg=="},
                             {"fo", "Zm8="},
                             {"foo", "Zm9v"},
                             {"foob", "Zm9vYg=="},
                             {"\xff\xfe\xfd", "//79"}}) {
        CHECK(base64_encode(pair.bytes) == pair.text);
        CHECK(base64_decode(pair.text) == pair.bytes);
    }
    CHECK(base64_decode("Zg") == "f");
    CHECK(base64_decode("__79") == "\xff\xfe\xfd");
    CHECK_FALSE(base64_decode("Z").has_value());
    CHECK_FALSE(base64_decode("Zm 9").has_value());
    CHECK_FALSE(base64_decode("Zm9v!").has_value());
}

TEST_CASE("fields are found in either spelling and absent ones are zero") {
    const Json message =
        Json::parse(R"({"watcherId":"a","include_entry":true,"depth":"7","size":3.0,"gone":null,"data":"aGk="})");
    CHECK(string_field(message, "watcher_id") == "a");
    CHECK(bool_field(message, "include_entry"));
    CHECK(integer_field(message, "depth") == 7);
    CHECK(integer_field(message, "size") == 3);
    CHECK(integer_field(message, "gone", 5) == 5);
    CHECK(string_field(message, "nowhere").empty());
    CHECK(bytes_field(message, "data") == "hi");
    CHECK_FALSE(bytes_field(message, "nowhere").has_value());
}

TEST_CASE("fields of the wrong type are refused by name") {
    const Json message =
        Json::parse(R"({"path":1,"flag":"yes","count":1.5,"big":1e300,"huge":18446744073709551615,"data":"*"})");
    CHECK_THROWS_WITH_AS((void)string_field(message, "path"), "field path is not a string", RpcError);
    CHECK_THROWS_AS((void)bool_field(message, "flag"), RpcError);
    CHECK_THROWS_AS((void)integer_field(message, "count"), RpcError);
    CHECK_THROWS_AS((void)integer_field(message, "big"), RpcError);
    CHECK_THROWS_AS((void)integer_field(message, "huge"), RpcError);
    CHECK_THROWS_AS((void)bytes_field(message, "data"), RpcError);
}

TEST_CASE("paths start at home and never name another user's") {
    CHECK(resolve_path("") == "/home/user");
    CHECK(resolve_path("~") == "/home/user");
    CHECK(resolve_path("~/a") == "/home/user/a");
    CHECK(resolve_path("a/./b/../c") == "/home/user/a/c");
    CHECK(resolve_path("/app/") == "/app");
    CHECK(resolve_path("/") == "/");
    CHECK(resolve_path("/../..") == "/");
    CHECK_FALSE(resolve_path("~root").has_value());
    CHECK_FALSE(resolve_path(std::string("a\0b", 3)).has_value());
}

TEST_CASE("the user is the name of basic authorization") {
    const auto user = [](const std::string& value) {
        RequestHead head;
        head.headers = {{"authorization", value}};
        return basic_user(head);
    };
    CHECK(user("Basic " + base64_encode("user:")) == "user");
    CHECK(user("basic " + base64_encode("root:password")) == "root");
    CHECK_FALSE(user("Bearer x").has_value());
    CHECK_FALSE(user("Basic ***").has_value());
    CHECK_FALSE(basic_user({}).has_value());
    CHECK(is_known_user("user"));
    CHECK(is_known_user("root"));
    CHECK_FALSE(is_known_user("mallory"));
}

TEST_CASE("permissions are printed in Go's way") {
    CHECK(permissions_text(S_IFREG | 0644) == "-rw-r--r--");
    CHECK(permissions_text(S_IFDIR | 0755) == "drwxr-xr-x");
    CHECK(permissions_text(S_IFDIR | 01777) == "dtrwxrwxrwx");
    CHECK(permissions_text(S_IFLNK | 0777) == "Lrwxrwxrwx");
    CHECK(permissions_text(S_IFREG | 04755) == "urwxr-xr-x");
    CHECK(permissions_text(S_IFCHR | 0620) == "Dcrw--w----");
    CHECK(permissions_text(S_IFIFO | 0600) == "prw-------");
}

TEST_CASE("private and shared memory are added up without program text") {
    const std::string text =
        "00400000-7ffd [rollup]\nRss:            9000 kB\nPss:            5000 kB\nPss_Dirty:       10 kB\n"
        "Pss_Anon:       1000 kB\nPss_File:       3900 kB\nPss_Shmem:       100 kB\nSwap:              0 kB\nSwapPss:  "
        "        24 kB\n";
    CHECK(parse_smaps_rollup(text) == 1124 * 1024);
    CHECK(parse_smaps_rollup("") == -1);
}

TEST_CASE("only segments that nobody is attached to count by themselves") {
    const std::string text =
        "       key      shmid perms                  size  cpid  lpid nattch   uid   gid  cuid  cgid      atime      "
        "dtime      "
        "ctime                   rss                  swap\n"
        "         0          0   600               8388608     5     5      0  1000  1000  1000  1000  1795252222 "
        "1795252222 "
        "1795252222               8388608                     0\n"
        "         0          1   600               8388608     5     5      2  1000  1000  1000  1000  1795252222 "
        "1795252222 "
        "1795252222               4096                     0\n"
        "         0          2   600               8388608     5     5      0  1000  1000  1000  1000  1795252222 "
        "1795252222 "
        "1795252222               4096                     0\n";
    CHECK(parse_detached_segments(text) == 8388608 + 4096);
    CHECK(parse_detached_segments("") == 0);
}
