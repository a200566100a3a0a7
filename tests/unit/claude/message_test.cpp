#include "claude/message.hpp"

#include "claude/think_filter.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

struct Folded {
    std::string text;
    Message message;
};

Folded fold(const std::vector<std::string>& payloads) {
    Folded folded;
    MessageFolder folder([&](std::string_view text) { folded.text += text; });
    for (const std::string& payload : payloads)
        if (!folder.fold(SseEvent{"", payload, true})) break;
    folded.message = folder.message();
    return folded;
}

constexpr const char* k_start =
    R"({"type":"message_start","message":{"id":"msg_01A","model":"claude-sonnet-5-5","content":[],"usage":
       {"input_tokens":212,"cache_creation_input_tokens":0,"cache_read_input_tokens":1488,"output_tokens":1}}})";

std::string delta(const std::string& text) {
    return Json{{"type", "content_block_delta"}, {"index", 0}, {"delta", {{"type", "text_delta"}, {"text", text}}}}
        .dump();
}

}  // namespace

TEST_CASE("a message is folded from its events") {
    const Folded result = fold(
        {k_start,
         R"({"type":"content_block_start","index":0,"content_block":{"type":"thinking","thinking":"","signature":""}})",
         R"({"type":"ping"})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"thinking_delta","thinking":"hmm"}})",
         R"({"type":"content_block_delta","index":0,"delta":{"type":"signature_delta","signature":"RXg="}})",
         R"({"type":"content_block_stop","index":0})",
         R"({"type":"content_block_start","index":1,"content_block":{"type":"text","text":"a"}})", delta("b"),
         R"({"type":"content_block_stop","index":1})",
         R"({"type":"content_block_start","index":2,"content_block":{"type":"redacted_thinking","data":"x"}})",
         R"({"type":"content_block_start","index":3,"content_block":{"type":"text","text":""}})",
         R"({"type":"content_block_delta","index":3,"delta":{"type":"text_delta","text":"c"}})",
         R"({"type":"novelty","index":3})",
         R"({"type":"message_delta","delta":{"stop_reason":"end_turn","stop_sequence":null},"usage":{"output_tokens":64,"input_tokens":null}})",
         R"({"type":"message_stop"})"});
    CHECK(result.text == "abc");
    CHECK(result.message.stop_reason == "end_turn");
    CHECK(result.message.ended);
    CHECK(result.message.output_final);
    CHECK(result.message.usage.input == 212);
    CHECK(result.message.usage.cache_read == 1488);
    CHECK(result.message.usage.output == 64);
    CHECK(result.message.usage.total_input() == 1700);
    CHECK_FALSE(result.message.fault);
}

TEST_CASE("counts replace earlier counts and are never added") {
    const Folded result = fold(
        {k_start, R"({"type":"message_delta","delta":{},"usage":{"output_tokens":10}})",
         R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":30,"cache_creation_input_tokens":5,
                                   "cache_creation":{"ephemeral_1h_input_tokens":4}}})"});
    CHECK(result.message.usage.output == 30);
    CHECK(result.message.usage.cache_write == 5);
    CHECK(result.message.usage.cache_write_1h == 4);
}

TEST_CASE("nonsense in the counts cannot become money") {
    const Folded result = fold(
        {R"({"type":"message_start","message":{"usage":{"input_tokens":-5,"output_tokens":"many"}}})",
         R"({"type":"message_delta","delta":{},"usage":{"output_tokens":99999999999999999999,"cache_read_input_tokens":18446744073709551615,
                                   "cache_creation_input_tokens":1,"cache_creation":{"ephemeral_1h_input_tokens":50}}})"});
    CHECK(result.message.usage.input == 0);
    CHECK(result.message.usage.output <= 1'000'000'000);
    CHECK(result.message.usage.cache_read == 1'000'000'000);
    CHECK(result.message.usage.cache_write_1h == 1);
}

TEST_CASE("stop reasons of other servers mean the same") {
    for (const auto& [foreign, own] : std::vector<std::pair<std::string, std::string>>{{"stop", "end_turn"},
                                                                                       {"length", "max_tokens"},
                                                                                       {"content_filter", "refusal"},
                                                                                       {"tool_calls", "tool_use"},
                                                                                       {"novelty", "novelty"}})
        CHECK(fold({R"({"type":"message_delta","delta":{"stop_reason":")" + foreign + R"("}})"}).message.stop_reason ==
              own);
}

TEST_CASE("an error event ends the message whatever its shape") {
    for (const std::string payload :
         {R"({"type":"error","error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_9"})",
          R"({"error":{"type":"overloaded_error","message":"Overloaded"},"request_id":"req_9"})"}) {
        const Folded result = fold({k_start, delta("x"), payload, delta("never")});
        CHECK(result.text == "x");
        REQUIRE(result.message.fault);
        CHECK(result.message.fault->type == "overloaded_error");
        CHECK(result.message.fault->message == "Overloaded");
        CHECK(result.message.fault->request_id == "req_9");
    }
    CHECK(fold({R"({"error":"boom"})"}).message.fault->message == "boom");
    CHECK(read_fault(Json::parse(R"({"detail":[{"msg":"bad"}]})")).message == R"([{"msg":"bad"}])");
    CHECK(read_fault(Json::parse(R"({"message":"plain"})")).message == "plain");
    CHECK(read_fault(Json::parse("[1]")).message.empty());
}

TEST_CASE("deviations of compatible servers are tolerated") {
    MessageFolder named([](std::string_view) {});
    named.fold(SseEvent{"message_stop", "{}", true});
    CHECK(named.message().ended);
    CHECK(fold({R"({"type":"content_block_delta","index":-1,"delta":{"type":"text_delta","text":"x"}})"}).text == "x");
    CHECK(fold({"[DONE]"}).message.ended);
    const Folded broken = fold({delta("a"), "{\"type\":", delta("b"), "[]", "7", "null", R"({"type":7})",
                                R"({"type":"content_block_delta"})"});
    CHECK(broken.text == "ab");
    CHECK(broken.message.broken_events == 1);
    const Folded whole = fold(
        {R"({"type":"message","model":"m","content":[{"type":"text","text":"a"},{"type":"text","text":"b"}],"stop_reason":"length"})"});
    CHECK(whole.text == "ab");
    CHECK(whole.message.stop_reason == "max_tokens");
    MessageFolder cut([](std::string_view) {});
    cut.fold(SseEvent{"", "{\"type\":\"cont", false});
    CHECK(cut.message().broken_events == 0);
}

TEST_CASE("an emoji that a server cut in two is put together again") {
    const auto half = [](const std::string& escaped) {
        return R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":")" + escaped + "\"}}";
    };
    CHECK(fold({half("a\\ud83d"), half("\\udc0db")}).text ==
          "a\xF0\x9F\x90\x8D"
          "b");
    CHECK(fold({half("\\uD83D"), R"({"type":"ping"})", half("\\uDC0D \\ud83d"), half("\\udc0d")}).text ==
          "\xF0\x9F\x90\x8D \xF0\x9F\x90\x8D");
    CHECK(fold({half("a\\ud83d"), half("b")}).text ==
          "a\xEF\xBF\xBD"
          "b");
    CHECK(fold({half("\\udc0d\\ud83d\\ud83d\\udc0d")}).text == "\xEF\xBF\xBD\xEF\xBF\xBD\xF0\x9F\x90\x8D");
    CHECK(fold({half("\\\\ud83d \\ud83d\\udc0d")}).text == "\\ud83d \xF0\x9F\x90\x8D");
    const Folded broken = fold({half("\\ud83"), half("\\ud83d"), half("\\uzzzz")});
    CHECK(broken.message.broken_events == 2);
}

TEST_CASE("bytes that are no text become replacement characters") {
    CHECK(fold({"{\"type\":\"content_block_delta\",\"delta\":{\"type\":\"text_delta\",\"text\":\"a\xFF"
                "b\xC3\"}}"})
              .text ==
          "a\xEF\xBF\xBD"
          "b\xEF\xBF\xBD");
}

TEST_CASE("thoughts at the very beginning of an answer are dropped in any split") {
    struct Row {
        std::string text;
        std::string kept;
    };
    const std::vector<Row> rows{
        {"<think>plan</think>answer", "answer"},
        {"\n <think>\nplan <b> </thin \n</think>\nanswer <think>kept</think>", "\nanswer <think>kept</think>"},
        {"answer <think>kept</think>", "answer <think>kept</think>"},
        {"<thinker>kept", "<thinker>kept"},
        {"<thin", "<thin"},
        {"<think>never closed", ""},
        {"", ""},
        {"  ", "  "},
    };
    for (const Row& row : rows)
        for (std::size_t first = 0; first <= row.text.size(); ++first)
            for (std::size_t second = first; second <= row.text.size(); ++second) {
                std::string kept;
                ThinkFilter filter([&](std::string_view text) { kept += text; });
                const std::string_view all = row.text;
                filter.feed(all.substr(0, first));
                filter.feed(all.substr(first, second - first));
                filter.feed(all.substr(second));
                filter.finish();
                CHECK(kept == row.kept);
            }
}
