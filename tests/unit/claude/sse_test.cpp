#include "claude/sse.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spawnai::claude;

namespace {

struct Seen {
    std::string name;
    std::string data;
    bool complete;
    bool operator==(const Seen&) const = default;
};

std::vector<Seen> read(std::string_view bytes, std::size_t first_cut, std::size_t second_cut) {
    std::vector<Seen> events;
    SseReader reader([&](const SseEvent& event) {
        events.push_back({std::string(event.name), std::string(event.data), event.complete});
        return true;
    });
    reader.feed(bytes.substr(0, first_cut));
    reader.feed(bytes.substr(first_cut, second_cut - first_cut));
    reader.feed(bytes.substr(second_cut));
    reader.finish();
    return events;
}

std::vector<Seen> read(std::string_view bytes) {
    return read(bytes, bytes.size(), bytes.size());
}

}  // namespace

TEST_CASE("an event stream is read by the rules of the standard") {
    struct Row {
        const char* name;
        std::string bytes;
        std::vector<Seen> events;
    };
    const std::vector<Row> rows{
        {"plain", "event: a\ndata: 1\n\n", {{"a", "1", true}}},
        {"carriage returns and line feeds",
         "event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n",
         {{"a", "1", true}, {"", "2", true}}},
        {"lone carriage returns", "event: a\rdata: 1\r\rdata: 2\r\r", {{"a", "1", true}, {"", "2", true}}},
        {"byte order mark",
         "\xEF\xBB\xBF"
         "data: 1\n\n",
         {{"", "1", true}}},
        {"byte order mark only at the start",
         "data: 1\n\n\xEF\xBB\xBF"
         "data: 2\n\n",
         {{"", "1", true}}},
        {"half a byte order mark is text",
         "\xEF\xBB"
         "data: 1\n\ndata: 2\n\n",
         {{"", "2", true}}},
        {"no space after the colon", "event:a\ndata:1\n\n", {{"a", "1", true}}},
        {"one space only is dropped", "data:  1\n\n", {{"", " 1", true}}},
        {"comments", ": hello\n:\ndata: 1\n: between\ndata: 2\n\n", {{"", "1\n2", true}}},
        {"a field without a colon", "data\ndata: x\n\n", {{"", "\nx", true}}},
        {"the last name wins", "event: a\nevent: b\ndata: 1\n\n", {{"b", "1", true}}},
        {"unknown fields", "id: 7\nretry: 10\nfoo: bar\ndata: 1\n\n", {{"", "1", true}}},
        {"empty lines alone", "\n\n\r\n\n", {}},
        {"a name without data", "event: ping\n\n", {{"ping", "", true}}},
        {"no blank line at the end", "data: 1\n", {{"", "1", false}}},
        {"no line end at the end", "data: 1\n\ndata: {\"a\"", {{"", "1", true}, {"", "{\"a\"", false}}},
        {"split characters", "data: h\xC3\xA9 \xF0\x9F\x98\x80\n\n", {{"", "h\xC3\xA9 \xF0\x9F\x98\x80", true}}},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        CHECK(read(row.bytes) == row.events);
        // However the bytes are split, the events are the same.
        for (std::size_t first = 0; first <= row.bytes.size(); ++first)
            for (std::size_t second = first; second <= row.bytes.size(); ++second)
                CHECK(read(row.bytes, first, second) == row.events);
    }
}

TEST_CASE("an event that grows beyond the limit ends the reading") {
    std::size_t events = 0;
    SseReader reader(
        [&](const SseEvent&) {
            ++events;
            return true;
        },
        100);
    CHECK(reader.feed("data: small\n\n"));
    CHECK_FALSE(reader.feed("data: " + std::string(200, 'x')));
    CHECK(reader.overflowed());
    CHECK_FALSE(reader.feed("\n\ndata: after\n\n"));
    reader.finish();
    CHECK(events == 1);

    SseReader lines([](const SseEvent&) { return true; }, 100);
    bool more = true;
    for (int i = 0; i < 60 && more; ++i) more = lines.feed("data: ab\n");
    CHECK_FALSE(more);
    CHECK(lines.overflowed());
}

TEST_CASE("the sink can end the reading") {
    int events = 0;
    SseReader reader([&](const SseEvent&) { return ++events < 2; });
    CHECK_FALSE(reader.feed("data: 1\n\ndata: 2\n\ndata: 3\n\n"));
    reader.finish();
    CHECK(events == 2);
}
