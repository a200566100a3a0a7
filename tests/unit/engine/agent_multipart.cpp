#include "engine/agent/multipart.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

namespace {

using namespace spawnai::engine::agent;

struct Part {
    std::string name;
    std::string filename;
    bool has_filename = false;
    std::string content;
    bool ended = false;
};

class Collector : public MultipartParser::Sink {
 public:
    void part_begin(const std::string& name, const std::string& filename, bool has_filename) override {
        parts.push_back({name, filename, has_filename, {}, false});
    }
    void part_data(std::string_view bytes) override { parts.back().content += bytes; }
    void part_end() override { parts.back().ended = true; }
    std::vector<Part> parts;
};

struct Parsed {
    std::vector<Part> parts;
    bool complete = false;
    bool failed = false;
};

Parsed parse(const std::string& body, std::size_t piece = 1 << 20) {
    Collector collector;
    MultipartParser parser("frontier", collector);
    for (std::size_t position = 0; position < body.size(); position += piece) parser.feed(body.substr(position, piece));
    return {collector.parts, parser.complete(), parser.failed()};
}

}  // namespace

TEST_CASE("a form with several files is the same however it is cut") {
    const std::string body =
        "preamble\r\n--frontier\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename=\"/app/a.txt\"\r\nContent-Type: "
        "text/plain\r\n\r\nfirst"
        "\r\n--frontier  \r\n"
        "content-disposition: form-data; name=\"note\"\r\n\r\n"
        "\r\n--frontier\r\n"
        "Content-Disposition: form-data; name=\"file\"; filename*=UTF-8''%c3%a4.txt\r\n\r\n" +
        std::string("line\r\n--frontie\r\n--fronti") + "\r\r\n-" + "\r\n--frontier--\r\nepilogue";
    for (std::size_t piece = 1; piece <= body.size(); ++piece) {
        const Parsed parsed = parse(body, piece);
        REQUIRE(parsed.parts.size() == 3);
        CHECK(parsed.complete);
        CHECK_FALSE(parsed.failed);
        CHECK(parsed.parts[0].filename == "/app/a.txt");
        CHECK(parsed.parts[0].content == "first");
        CHECK(parsed.parts[1].name == "note");
        CHECK_FALSE(parsed.parts[1].has_filename);
        CHECK(parsed.parts[1].content.empty());
        CHECK(parsed.parts[1].ended);
        CHECK(parsed.parts[2].filename == "\xc3\xa4.txt");
        CHECK(parsed.parts[2].content == "line\r\n--frontie\r\n--fronti\r\r\n-");
    }
}

TEST_CASE("the first delimiter may be the very first bytes") {
    const Parsed parsed = parse("--frontier\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nx\r\n--frontier--");
    REQUIRE(parsed.parts.size() == 1);
    CHECK(parsed.parts[0].content == "x");
    CHECK(parsed.complete);
}

TEST_CASE("binary content is kept to the byte") {
    std::string content;
    for (int byte = 0; byte < 256; ++byte) content += static_cast<char>(byte);
    content += content + "\r\n\r\n--";
    const Parsed parsed = parse(
        "--frontier\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\n" + content + "\r\n--frontier--\r\n", 3);
    REQUIRE(parsed.parts.size() == 1);
    CHECK(parsed.parts[0].content == content);
}

TEST_CASE("a cut form is not complete") {
    const Parsed parsed = parse("--frontier\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf of it");
    CHECK_FALSE(parsed.complete);
    CHECK_FALSE(parsed.failed);
    REQUIRE(parsed.parts.size() == 1);
    CHECK_FALSE(parsed.parts[0].ended);
    CHECK_FALSE(parse("").complete);
}

TEST_CASE("an empty form has no parts") {
    const Parsed parsed = parse("--frontier--\r\n");
    CHECK(parsed.complete);
    CHECK(parsed.parts.empty());
}

TEST_CASE("malformed forms are noticed") {
    CHECK(parse("--frontierX\r\n\r\n").failed);
    CHECK(parse("--frontier\r\nno colon here\r\n\r\n").failed);
    CHECK(parse("--frontier\r\nA: " + std::string(MultipartParser::k_part_head_limit, 'a'), 100).failed);
    Collector collector;
    CHECK(MultipartParser("", collector).failed());
}
