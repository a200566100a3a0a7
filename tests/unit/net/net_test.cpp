#include <spawnai/core/error.hpp>
#include <spawnai/net/connect.hpp>
#include <spawnai/net/url.hpp>

#include <doctest/doctest.h>

#include <vector>

using namespace spawnai;
using namespace spawnai::net;

TEST_CASE("envelopes survive any split") {
    const std::string bytes = encode_connect_frame("{\"a\":1}") + encode_connect_frame("") +
                              encode_connect_frame("{}", ConnectFrame::k_end_of_stream);
    for (std::size_t step = 1; step <= bytes.size(); ++step) {
        ConnectFrameDecoder decoder;
        std::vector<ConnectFrame> frames;
        for (std::size_t i = 0; i < bytes.size(); i += step) {
            decoder.feed(std::string_view(bytes).substr(i, step));
            while (auto frame = decoder.next()) frames.push_back(*frame);
        }
        REQUIRE(frames.size() == 3);
        CHECK(frames[0].payload == "{\"a\":1}");
        CHECK(frames[1].payload.empty());
        CHECK(frames[2].end_of_stream());
        CHECK_FALSE(decoder.mid_frame());
    }
}

TEST_CASE("a hostile envelope ends the stream") {
    ConnectFrameDecoder too_large(10);
    too_large.feed(encode_connect_frame("12345678901"));
    CHECK_FALSE(too_large.next().has_value());
    CHECK(too_large.failed());
    ConnectFrameDecoder compressed;
    compressed.feed(encode_connect_frame("x", ConnectFrame::k_compressed));
    CHECK_FALSE(compressed.next().has_value());
    CHECK(compressed.failed());
    ConnectFrameDecoder cut;
    cut.feed(encode_connect_frame("abc").substr(0, 6));
    CHECK_FALSE(cut.next().has_value());
    CHECK(cut.mid_frame());
    CHECK_FALSE(cut.failed());
}

TEST_CASE("URLs are taken apart strictly") {
    const Url url = Url::parse("HTTP://User:p@Example.COM:8080/a?b=c#frag");
    CHECK(url.scheme == "http");
    CHECK(url.host == "example.com");
    CHECK(url.port == 8080);
    CHECK(url.target == "/a?b=c");
    CHECK(url.str() == "http://example.com:8080/a?b=c");
    CHECK(Url::parse("https://[::1]/").authority() == "[::1]");
    CHECK(Url::parse("http://h?x").target == "/?x");
    for (const char* loopback :
         {"http://localhost:1", "http://3000-iabc.localhost:1/", "http://127.3.2.1", "http://[::1]:5"})
        CHECK(Url::parse(loopback).loopback());
    for (const char* other : {"http://127.evil.com", "http://localhost.evil.com", "http://10.0.0.1"})
        CHECK_FALSE(Url::parse(other).loopback());
    for (const char* bad : {"", "x", "ftp://h", "http://", "http://h:0", "http://h:99999", "http://h:x", "http://[::1",
                            "http://a b", "http://[::1]x"}) {
        CAPTURE(bad);
        CHECK_THROWS_AS((void)Url::parse(bad), Error);
    }
    CHECK(percent_encode("a b/\xC3\xA9~") == "a%20b%2F%C3%A9~");
    CHECK(percent_decode("a%20b%2f%zz+", false) == "a b/%zz+");
    CHECK(percent_decode("a+b", true) == "a b");
}
