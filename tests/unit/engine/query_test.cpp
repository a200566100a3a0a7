#include "engine/query.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::engine;

TEST_CASE("a target is split into path and decoded query") {
    const Target target = parse_target("/v2/sandboxes?limit=5&a=b%20c+d&limit=9&empty=&bare&=x#frag");
    CHECK(target.path == "/v2/sandboxes");
    CHECK(target.get("limit") == "5");
    CHECK(target.get("a") == "b c d");
    CHECK(target.get("empty") == "");
    CHECK(target.get("bare") == "");
    CHECK_FALSE(target.get("absent").has_value());
    CHECK(parse_target("/a%2Fb").path == "/a%2Fb");
}

TEST_CASE("metadata is decoded as often as the SDK encodes it") {
    // {k: "v 1"} goes over the wire as metadata=k%3Dv%2525201.
    const Target target = parse_target("/sandboxes?metadata=k%3Dv%2525201");
    const auto filter = parse_metadata_filter(*target.get("metadata"));
    CHECK(filter == std::map<std::string, std::string>{{"k", "v 1"}});
    const Target hard = parse_target("/?metadata=a%252526b%3D1%25253D2%26c%3Dd");
    CHECK(parse_metadata_filter(*hard.get("metadata")) ==
          std::map<std::string, std::string>{{"a&b", "1=2"}, {"c", "d"}});
    CHECK(parse_metadata_filter("").empty());
}

TEST_CASE("a metadata filter wants every pair") {
    const std::map<std::string, std::string> metadata{{"a", "1"}, {"b", "2"}};
    CHECK(metadata_matches(metadata, {}));
    CHECK(metadata_matches(metadata, {{"a", "1"}}));
    CHECK_FALSE(metadata_matches(metadata, {{"a", "2"}}));
    CHECK_FALSE(metadata_matches(metadata, {{"a", "1"}, {"c", "3"}}));
}

TEST_CASE("a cursor reads back and nothing else does") {
    const PageCursor cursor{WallTime(std::chrono::milliseconds(1750000000123)), "iabc"};
    CHECK(decode_cursor(encode_cursor(cursor)) == cursor);
    for (const char* bad : {"", "_", "1", "x_iabc", "1_", "1_../a", "1_A", "1_a-b", "99999999999999999999_a"})
        CHECK_MESSAGE(!decode_cursor(bad).has_value(), bad);
}
