#include "engine/agent/http_message.hpp"

#include <doctest/doctest.h>

#include <string>

namespace {

using namespace spawnai::engine::agent;
using State = HeadResult::State;

HeadResult parse(const std::string& text) {
    return parse_request_head(text);
}

/// Decodes `body` as it arrives in pieces of `piece` bytes. Empty optional: it failed or is not complete.
std::optional<std::string> decode(const std::string& headers, const std::string& body, std::size_t piece) {
    const HeadResult result = parse("POST / HTTP/1.1\r\n" + headers + "\r\n");
    REQUIRE(result.state == State::complete);
    BodyDecoder decoder(result.head);
    std::string pending;
    std::string decoded;
    for (std::size_t position = 0; position < body.size() && !decoder.complete(); position += piece) {
        pending += body.substr(position, piece);
        for (;;) {
            const BodyDecoder::Step step = decoder.next(pending);
            if (decoder.failed()) return std::nullopt;
            decoded += step.data;
            if (step.consumed == 0) break;
            pending.erase(0, step.consumed);
        }
    }
    if (!decoder.complete()) return std::nullopt;
    return decoded;
}

}  // namespace

TEST_CASE("a request head is taken apart") {
    const std::string text =
        "POST /files?path=%2Fapp%2Fa+b.txt&username=user&path=second HTTP/1.1\r\n"
        "Host: x\r\nContent-Type:  text/plain \r\nCONTENT-LENGTH: 5\r\nExpect: 100-Continue\r\n\r\nhello";
    const HeadResult result = parse(text);
    REQUIRE(result.state == State::complete);
    CHECK(text.substr(result.consumed) == "hello");
    const RequestHead& head = result.head;
    CHECK(head.method == "POST");
    CHECK(head.path == "/files");
    CHECK(head.query.at("path") == "/app/a b.txt");
    CHECK(head.query.at("username") == "user");
    CHECK(head.header("content-type") == "text/plain");
    CHECK(head.has_header("host"));
    CHECK_FALSE(head.has_header("x-access-token"));
    CHECK(head.content_length == 5);
    CHECK(head.keep_alive);
    CHECK(head.expects_continue);
    CHECK_FALSE(head.chunked);
}

TEST_CASE("a head is incomplete until its empty line") {
    const std::string text = "GET / HTTP/1.1\r\nHost: x\r\n\r\n";
    for (std::size_t size = 0; size < text.size(); ++size)
        CHECK(parse(text.substr(0, size)).state == State::incomplete);
    CHECK(parse(text).state == State::complete);
    CHECK(parse("\r\n" + text).state == State::complete);
}

TEST_CASE("connections are kept as the version and the client want") {
    CHECK(parse("GET / HTTP/1.1\r\n\r\n").head.keep_alive);
    CHECK_FALSE(parse("GET / HTTP/1.1\r\nConnection: foo, Close\r\n\r\n").head.keep_alive);
    CHECK_FALSE(parse("GET / HTTP/1.0\r\n\r\n").head.keep_alive);
    CHECK(parse("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n").head.keep_alive);
}

TEST_CASE("heads that could be read in two ways are refused") {
    struct Bad {
        const char* text;
        int status;
    };
    for (const Bad& bad : {Bad{"GET\r\n\r\n", 400},
                           {"GET /\r\n\r\n", 400},
                           {"GET / HTTP/2\r\n\r\n", 505},
                           {"G(T / HTTP/1.1\r\n\r\n", 400},
                           {"GET nowhere HTTP/1.1\r\n\r\n", 400},
                           {"GET /%zz HTTP/1.1\r\n\r\n", 400},
                           {"GET /a%00b HTTP/1.1\r\n\r\n", 400},
                           {"GET /?a=%f HTTP/1.1\r\n\r\n", 400},
                           {"GET / HTTP/1.1\r\nNo colon\r\n\r\n", 400},
                           {"GET / HTTP/1.1\r\nName : x\r\n\r\n", 400},
                           {"GET / HTTP/1.1\r\nA: 1\r\n folded\r\n\r\n", 400},
                           {"GET / HTTP/1.1\r\nA: 1\nB: 2\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: -1\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: +1\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: 1, 1\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", 501},
                           {"POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", 501},
                           {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", 400},
                           {"POST / HTTP/1.1\r\nExpect: a miracle\r\n\r\n", 417}}) {
        const HeadResult result = parse(bad.text);
        CHECK_MESSAGE(result.state == State::invalid, bad.text);
        CHECK_MESSAGE(result.error_status == bad.status, bad.text);
    }
}

TEST_CASE("the size of a head is limited") {
    CHECK(parse("GET /" + std::string(k_head_limit, 'a')).error_status == 431);
    CHECK(parse("GET / HTTP/1.1\r\nA: " + std::string(k_head_limit, 'a') + "\r\n\r\n").error_status == 431);
    std::string many = "GET / HTTP/1.1\r\n";
    for (std::size_t count = 0; count <= k_header_limit; ++count) many += "A: 1\r\n";
    CHECK(parse(many + "\r\n").error_status == 431);
}

TEST_CASE("the absolute form names the same path") {
    CHECK(parse("GET http://host:80/a?b=c HTTP/1.1\r\n\r\n").head.path == "/a");
    CHECK(parse("GET http://host HTTP/1.1\r\n\r\n").head.path == "/");
}

TEST_CASE("a body is the same however it is cut") {
    const std::string chunked = "5;ext=1\r\nhello\r\n1\r\n \r\nA\r\n0123456789\r\n0\r\nTrailer: x\r\n\r\n";
    for (std::size_t piece = 1; piece <= chunked.size(); ++piece) {
        CHECK(decode("Transfer-Encoding: chunked\r\n", chunked, piece) == "hello 0123456789");
        CHECK(decode("Content-Length: 12\r\n", "hello world!", piece) == "hello world!");
    }
    CHECK(decode("Content-Length: 0\r\n", "x", 1) == "");
}

TEST_CASE("a malformed chunked body is noticed") {
    for (const char* body :
         {"x\r\n", "5\r\nhelloX\r\n", "-1\r\n", "+5\r\nhello\r\n", "\r\n", "fffffffffffffffff\r\n"}) {
        CHECK_MESSAGE(decode("Transfer-Encoding: chunked\r\n", body, 1) == std::nullopt, body);
    }
    CHECK(decode("Transfer-Encoding: chunked\r\n", std::string(1000, '1'), 7) == std::nullopt);
    CHECK(decode("Transfer-Encoding: chunked\r\n", "0\r\n" + std::string(20000, 'a'), 7) == std::nullopt);
}

TEST_CASE("a body ends where its length says") {
    const HeadResult result = parse("POST / HTTP/1.1\r\nContent-Length: 3\r\n\r\n");
    BodyDecoder decoder(result.head);
    const BodyDecoder::Step step = decoder.next("abcGET / HTTP/1.1");
    CHECK(step.data == "abc");
    CHECK(step.consumed == 3);
    CHECK(decoder.complete());
    CHECK(decoder.next("GET").consumed == 0);
}

TEST_CASE("ranges are read as far as one range goes") {
    using Range = RangeResult::State;
    CHECK(parse_range("", 10).state == Range::none);
    CHECK(parse_range("bytes=0-1,3-4", 10).state == Range::none);
    CHECK(parse_range("lines=0-1", 10).state == Range::none);
    CHECK(parse_range("bytes=4-2", 10).state == Range::none);
    CHECK(parse_range("bytes=10-", 10).state == Range::unsatisfiable);
    CHECK(parse_range("bytes=-0", 10).state == Range::unsatisfiable);
    CHECK(parse_range("bytes=-5", 0).state == Range::unsatisfiable);
    const RangeResult middle = parse_range("bytes=2-4", 10);
    CHECK(middle.state == Range::satisfiable);
    CHECK(middle.range.first == 2);
    CHECK(middle.range.last == 4);
    CHECK(parse_range("bytes=8-99", 10).range.last == 9);
    CHECK(parse_range("bytes=-3", 10).range.first == 7);
    CHECK(parse_range("bytes=-30", 10).range.first == 0);
    CHECK(parse_range("bytes=5-", 10).range.last == 9);
}

TEST_CASE("parameters of a header value are read, quoted or not") {
    const ParameterizedValue value = parse_parameterized(R"(Form-Data; name="file"; filename="a \"b\"; c.txt" ; x=y)");
    CHECK(value.value == "form-data");
    CHECK(value.parameters.at("name") == "file");
    CHECK(value.parameters.at("filename") == R"(a "b"; c.txt)");
    CHECK(value.parameters.at("x") == "y");
    CHECK(parse_parameterized(R"(form-data; filename="C:\dir\file")").parameters.at("filename") == R"(C:\dir\file)");
    CHECK(parse_parameterized("text/plain").parameters.empty());
    CHECK(parse_parameterized("a; b=\"never closed").parameters.at("b") == "never closed");
}
