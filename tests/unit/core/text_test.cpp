#include <spawnai/core/json.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>

#include <doctest/doctest.h>

using namespace spawnai;

TEST_CASE("nothing from outside can drive the terminal") {
    CHECK(sanitize_for_terminal("plain \xC3\xA9\n\ttext") == "plain \xC3\xA9\n\ttext");
    CHECK(sanitize_for_terminal("a\x1b[31mred\x1b[0m") == "ared");
    CHECK(sanitize_for_terminal("a\x1b]0;title\x07z") == "az");
    CHECK(sanitize_for_terminal("a\x1b]8;;http://x\x1b\\link") == "alink");
    CHECK(sanitize_for_terminal("a\x1b") == "a");
    CHECK(sanitize_for_terminal("a\x1b[") == "a");
    CHECK(sanitize_for_terminal("x\ry") == "x\\x0dy");
    CHECK(sanitize_for_terminal("x\r\ny") == "x\ny");
    CHECK(sanitize_for_terminal("\xC2\x9B"
                                "31m") == "31m");
    CHECK(sanitize_for_terminal("a\xE2\x80\xAE"
                                "b") == "ab");
    CHECK(sanitize_for_terminal("\xFF\xC0\xAF") == "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");
    CHECK(one_line("one\ntwo", 20) == "one two");
    CHECK(one_line("abcdef", 4) == "abc\xE2\x80\xA6");
}

TEST_CASE("UTF-8 is judged as the standard has it") {
    CHECK(is_valid_utf8("\xF0\x9F\x98\x80"));
    for (const char* bad :
         {"\x80", "\xC0\x80", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80", "\xF0\x9F\x98"})
        CHECK_FALSE(is_valid_utf8(bad));
    CHECK(complete_utf8_prefix("ab\xF0\x9F\x98") == 2);
    CHECK(complete_utf8_prefix("ab\xF0\x9F\x98\x80") == 6);
    CHECK(complete_utf8_prefix("\xC3") == 0);
    CHECK(utf8_length("a\xC3\xA9") == 2);
}

TEST_CASE("lines and words") {
    CHECK(last_lines("a\nb\nc\n", 2) == "b\nc\n");
    CHECK(last_lines("a\nb\nc", 2) == "b\nc");
    CHECK(last_lines("a", 5) == "a");
    CHECK(split_lines("a\r\n\nb").size() == 3);
    CHECK(split_lines("a\r\n\nb")[0] == "a");
    CHECK(trim(" \t a b \n") == "a b");
    CHECK(edit_distance("spwan", "spawn") == 2);
    CHECK(edit_distance("", "abc") == 3);
}

TEST_CASE("keys do not survive in a log line") {
    for (const char* text : {"key sk-ant-api03-AbCdEf123456", "e2b_0123456789abcdef0123456789abcdef01234567",
                             "Authorization: Bearer abc.def.ghi"}) {
        CAPTURE(text);
        CHECK(redact(text).find("[redacted]") != std::string::npos);
        CHECK(redact(text).find("AbCdEf") == std::string::npos);
        CHECK(redact(text).find("0123456789abcdef") == std::string::npos);
        CHECK(redact(text).find("abc.def") == std::string::npos);
    }
    CHECK(redact("http://user:pass@host/path") == "http://[redacted]@host/path");
    CHECK(redact("task-list is fine") == "task-list is fine");
}

TEST_CASE("JSON from outside is refused with the place of the fault") {
    const auto reason = [](const char* text) -> std::string {
        try {
            (void)parse_json(text, "input", ErrorKind::usage);
        } catch (const Error& error) {
            return error.what();
        }
        return {};
    };
    CHECK(reason("{\"a\":}").find("input is not valid JSON") == 0);
    CHECK(reason(("" + std::string(300, '[')).c_str()).find("nested too deeply") != std::string::npos);
    const Json value = parse_json(R"({"n": 3, "s": "x", "big": 18446744073709551615, "o": {"p": 1.5}})",
                                  "input", ErrorKind::usage);
    const JsonReader reader(value, "input", ErrorKind::usage);
    CHECK(reader.integer("n") == 3);
    CHECK(reader.string_or("none", "d") == "d");
    CHECK_THROWS_WITH_AS((void)reader.integer("big"), "input.big: is out of range", Error);
    CHECK_THROWS_WITH_AS((void)reader.at("o").integer("p"), "input.o.p: is not a whole number", Error);
    CHECK_THROWS_WITH_AS((void)reader.string("none"), "input: 'none' is missing", Error);
    CHECK(dump_json(Json{{"x", "\xFF"}}) == "{\"x\":\"\xEF\xBF\xBD\"}");
}
