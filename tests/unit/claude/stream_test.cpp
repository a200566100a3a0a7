#include "claude/message.hpp"
#include "claude/reply_parser.hpp"
#include "claude/sse.hpp"

#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

struct Read {
    std::vector<std::pair<std::string, std::string>> files;
    std::string stop_reason;
    Usage usage;
    bool operator==(const Read&) const = default;
};

/// The whole way from bytes to files, with the bytes in three pieces.
Read read(std::string_view bytes, std::size_t first, std::size_t second) {
    Read result;
    ReplyParser parser("q8x1", [&](const GeneratedFile& file) { result.files.emplace_back(file.path, file.content); });
    MessageFolder folder([&](std::string_view text) { parser.feed(text); });
    SseReader reader([&](const SseEvent& event) { return folder.fold(event); });
    reader.feed(bytes.substr(0, first));
    reader.feed(bytes.substr(first, second - first));
    reader.feed(bytes.substr(second));
    reader.finish();
    parser.finish();
    result.stop_reason = folder.message().stop_reason;
    result.usage = folder.message().usage;
    return result;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
    for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + with.size()))
        text.replace(at, what.size(), with);
    return text;
}

}  // namespace

TEST_CASE("a recorded stream gives the same files in every dialect and every split") {
    const std::string recorded = read_file(SPAWNAI_TEST_DATA "/claude/small.sse", 1U << 16U);
    Read expected;
    expected.files = {{"index.html",
                       "<h1>Gr\xC3\xBC\xC3\x9F"
                       "e \xF0\x9F\x8C\xB1 &amp; co</h1>\n<file path=\"no\">\n"},
                      {"notes.md", "```\nx \xE2\x88\x91 \xE6\xBC\xA2\n```\n"}};
    expected.stop_reason = "end_turn";
    expected.usage.input = 310;
    expected.usage.cache_read = 1204;
    expected.usage.output = 97;

    const std::string no_names = [&] {
        std::string text;
        std::string_view rest = recorded;
        while (!rest.empty()) {
            const std::size_t end = rest.find('\n');
            if (!rest.starts_with("event:")) text += rest.substr(0, end + 1);
            rest.remove_prefix(end + 1);
        }
        return text;
    }();
    const std::vector<std::string> dialects{
        recorded,
        replaced(recorded, "\n", "\r\n"),
        replaced(recorded, "\n", "\r"),
        "\xEF\xBB\xBF" + recorded,
        no_names,
        replaced(recorded, "data: ", "data:"),
        recorded.substr(0, recorded.size() - 2),
        recorded + "data: [DONE]\n\n",
        ": keep-alive\n\n" + replaced(recorded, "\n\n", "\n\n: still here\n\n"),
    };
    for (std::size_t dialect = 0; dialect < dialects.size(); ++dialect) {
        CAPTURE(dialect);
        const std::string& bytes = dialects[dialect];
        for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
            const bool same = read(bytes, cut, std::min(bytes.size(), cut + 7)) == expected;
            if (!same) CAPTURE(cut);
            REQUIRE(same);
        }
    }
}

TEST_CASE("a stream that is cut anywhere never gives a file that did not end") {
    const std::string recorded = read_file(SPAWNAI_TEST_DATA "/claude/small.sse", 1U << 16U);
    const Read whole = read(recorded, recorded.size(), recorded.size());
    for (std::size_t end = 0; end < recorded.size(); ++end) {
        const Read cut = read(std::string_view(recorded).substr(0, end), end, end);
        REQUIRE(cut.files.size() <= whole.files.size());
        for (std::size_t i = 0; i < cut.files.size(); ++i) REQUIRE(cut.files[i] == whole.files[i]);
    }
}
