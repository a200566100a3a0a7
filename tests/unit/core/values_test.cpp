#include <spawnai/core/clock.hpp>
#include <spawnai/core/digest.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/id.hpp>
#include <spawnai/core/money.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace spawnai;

TEST_CASE("every error kind has one exit code of its own") {
    std::set<int> codes;
    for (const ExitCode& row : exit_codes()) {
        CHECK(codes.insert(row.code).second);
        CHECK(exit_code(row.kind).name == row.name);
    }
    CHECK(codes.size() == 10);
    CHECK(exit_code(ErrorKind::no_sandbox).code == 9);
    CHECK(exit_code(ErrorKind::auth).code == 4);
}

TEST_CASE("durations are exact and a bare number is refused") {
    using std::chrono::seconds;
    CHECK(parse_duration("90s") == seconds(90));
    CHECK(parse_duration("15m") == seconds(900));
    CHECK(parse_duration("1h30m") == seconds(5400));
    CHECK(parse_duration("1d") == seconds(86400));
    for (const char* bad :
         {"", "5", "0s", "-5m", "m", "5x", "5 m", "1m1h", "99999999999999999999h", "400d", "1.5h", "5mm"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)parse_duration(bad), Error);
    }
    for (const char* text : {"1s", "30m", "1h30m", "2d3h", "59s"})
        CHECK(format_duration(parse_duration(text)) == text);
    CHECK(format_duration(seconds(0)) == "0s");
}

TEST_CASE("money is exact and overflow is an error") {
    CHECK(Money::parse("0.50").nano() == 500'000'000);
    CHECK(Money::parse("$2").str() == "2.00");
    CHECK(Money::parse("0.000000001").nano() == 1);
    CHECK(Money::nano(3'020'000).str() == "0.00302");
    CHECK(Money::nano(-1).str() == "-0.000000001");
    CHECK(Money::nano(3'123'456).display() == "$0.0031");
    CHECK(Money::nano(0).display() == "$0.00");
    CHECK(Money::nano(12'345'000'000).display() == "$12.35");
    CHECK(Money::nano(INT64_MIN).str() == "-9223372036.854775808");
    for (const char* bad : {"", "$", ".", "-1", "1.2.3", "1e5", "0.0000000001", "99999999999"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)Money::parse(bad), Error);
    }
    CHECK_THROWS_AS((void)(Money::nano(INT64_MAX) + Money::nano(1)), Error);
    CHECK_THROWS_AS((void)(Money::nano(INT64_MAX) * 2), Error);
}

TEST_CASE("times survive a round trip through RFC 3339") {
    const WallTime time = parse_rfc3339("2026-01-02T03:04:05.678901Z");
    CHECK(format_rfc3339(time) == "2026-01-02T03:04:05.678Z");
    CHECK(parse_rfc3339("2026-01-02T05:04:05+02:00") == parse_rfc3339("2026-01-02T03:04:05Z"));
    CHECK(format_rfc3339(parse_rfc3339("2024-02-29T23:59:59Z")) == "2024-02-29T23:59:59Z");
    for (const char* bad : {"", "2026", "2026-02-30T00:00:00Z", "2026-01-02T03:04:05", "2026-01-02T25:04:05Z",
                            "2026-01-02T03:04:05.Z", "2026-01-02T03:04:05Zx", "2026-13-02T03:04:05Z"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)parse_rfc3339(bad), Error);
    }
}

TEST_CASE("ids are checked and new ones differ") {
    CHECK(new_session_id().str() != new_session_id().str());
    CHECK(SessionTag::valid(new_session_id().str()));
    CHECK(random_token(20).size() == 20);
    CHECK(random_hex(20).size() == 40);
    CHECK(SandboxTag::valid("iabc0123456789defghij"));
    CHECK(SandboxTag::valid("iabc-6532622b"));
    for (const char* bad : {"", "-", "a-", "../x", "A", "a.b", "a-b-c"}) {
        CAPTURE(bad);
        CHECK_FALSE(SandboxTag::valid(bad));
    }
    CHECK_THROWS_AS((void)SessionId::parse("not-a-uuid"), Error);
}

TEST_CASE("digests match published vectors") {
    CHECK(sha256_hex("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    CHECK(base64_encode("") == "");
    CHECK(base64_encode("f") == "Zg==");
    CHECK(base64_encode("fo", false) == "Zm8");
    CHECK(base64_encode("foobar") == "Zm9vYmFy");
    CHECK(equal_constant_time("abc", "abc"));
    CHECK_FALSE(equal_constant_time("abc", "abd"));
    CHECK_FALSE(equal_constant_time("abc", "abcd"));
}

TEST_CASE("paths of an app's files cannot leave its directory") {
    for (const char* good :
         {"index.html", "public/app.js", "a b.txt", "src/.eslintrc.json", "\xC3\xA9.txt", "..data/x"}) {
        CAPTURE(good);
        CHECK(check_relative_path(good).empty());
    }
    for (const char* bad :
         {"", "/etc/passwd", "../x", "a/../b", "a//b", "a/./b", "./a", "a\\b", "C:x", "a\nb", "a\x1b[2Jb",
          "node_modules/x.js", ".git/config", ".npmrc", "a/ b", "x\xFFy", "1/2/3/4/5/6/7/8/9/10/11"}) {
        CAPTURE(bad);
        CHECK_FALSE(check_relative_path(bad).empty());
    }
    CHECK_FALSE(check_relative_path(std::string(256, 'a')).empty());
}
