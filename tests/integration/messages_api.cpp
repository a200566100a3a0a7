#include "support/messages_server.hpp"

#include <spawnai/claude/claude_model.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>

#include <doctest/doctest.h>

#include <chrono>
#include <optional>
#include <string>
#include <thread>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;
using spawnai::testing::MessagesServer;

namespace {

struct Recorder : GenerationObserver {
    void on_file(const GeneratedFile& file) override {
        files.push_back(file.path);
        if (first_file == SteadyTime{}) first_file = std::chrono::steady_clock::now();
    }
    void on_progress(const Usage&, std::size_t) override {
        if (stop_at_once) stop_at_once->request_stop();
    }
    void on_call(const ModelCall& call) override { calls.push_back(call); }
    std::vector<std::string> files;
    std::vector<ModelCall> calls;
    SteadyTime first_file{};
    std::stop_source* stop_at_once = nullptr;
};

struct Ended {
    std::optional<GeneratedApp> app;
    std::optional<NoAppReason> reason;
    std::optional<ErrorKind> error;
    std::string text;
    std::size_t requests = 0;
    Recorder seen;
};

Ended generate(const std::string& play, AppType type = AppType::webapp, std::map<std::string, std::string> more = {},
               std::vector<std::string> options = {}) {
    const MessagesServer server(play, std::move(options));
    more.insert({{"ANTHROPIC_BASE_URL", server.url()}, {"CLAUDE_API_KEY", "sk-ant-integration-test"}});
    const Environment environment(more);
    const auto transport = net::make_curl_transport(environment);
    const Log log;
    const auto model =
        make_claude_model(resolve_model_settings(environment, Keys(), {}), *transport, system_clock(), log);
    GenerationRequest request;
    request.prompt = "todo app";
    request.type = type;
    request.budget = Money::parse("0.50");
    Ended ended;
    try {
        auto outcome = model->generate(request, ended.seen, {});
        if (auto* generated = std::get_if<Generated>(&outcome)) {
            ended.app = std::move(generated->app);
        } else {
            ended.reason = std::get<NotGenerated>(outcome).reason;
            ended.text = std::get<NotGenerated>(outcome).explanation;
        }
    } catch (const Error& error) {
        ended.error = error.kind();
        ended.text = std::string(error.what()) + " | " + error.hint();
    }
    net::Request journal;
    journal.url = server.url() + "/journal";
    ended.requests = Json::parse(transport->send(journal, {}).body).size();
    return ended;
}

}  // namespace

TEST_CASE("streams in every dialect become the same app over a real connection") {
    const Ended plain = generate("normal");
    REQUIRE(plain.app);
    REQUIRE(plain.app->files.size() == 1);
    const std::string page = plain.app->files[0].content;
    CHECK(page.find("h\xC3\xA9 \xF0\x9F\x98\x80") != std::string::npos);
    CHECK(page.find("&lt;escaped&gt;") != std::string::npos);
    for (const char* const play :
         {"crlf", "cr", "bom", "ping", "split_utf8", "thinking", "nameless", "no_message_stop", "no_usage",
          "whole_json", "openai_reasons", "think_text", "commentary", "no_tags", "wrong_nonce", "no_nonce", "fenced"}) {
        CAPTURE(play);
        const Ended ended = generate(play);
        CAPTURE(ended.text);
        REQUIRE(ended.app);
        CHECK(ended.app->files.at(0).path == "index.html");
        CHECK(ended.app->files.at(0).content == page);
        CHECK(ended.requests == 1);
    }
    const Ended inside = generate("tags_inside");
    REQUIRE(inside.app);
    CHECK(inside.app->files.size() == 1);
    CHECK(inside.app->files[0].content.find("<file path=\"evil.js\">") != std::string::npos);
}

TEST_CASE("the three types come with what starts them") {
    const Ended api = generate("normal", AppType::api);
    REQUIRE(api.app);
    CHECK(api.app->files.size() == 3);
    CHECK(api.app->start == "node server.js");
    CHECK(api.seen.files == std::vector<std::string>{"package.json", "server.js", "routes.js"});
    const Ended script = generate("normal", AppType::script);
    REQUIRE(script.app);
    CHECK(script.app->entry == "index.js");
}

TEST_CASE("a file is handed on while the rest is still being written") {
    const Ended api = generate("slow", AppType::api, {}, {"--delay-ms", "15", "--chunk", "60"});
    REQUIRE(api.app);
    const auto behind = std::chrono::steady_clock::now() - api.seen.first_file;
    // Three quarters of the reply follow the first file; it came before half of the call was over.
    CHECK(behind > api.seen.calls.at(0).duration / 2);
}

TEST_CASE("cut replies are continued over a real connection") {
    for (const auto& row : std::vector<std::pair<std::string, std::size_t>>{{"truncated", 3},
                                                                            {"truncated_repeating", 2},
                                                                            {"cut", 2},
                                                                            {"error_event", 2},
                                                                            {"cut_at_once,normal", 2},
                                                                            {"error_event_first,normal", 2},
                                                                            {"429,normal", 2}}) {
        const std::string play = row.first;
        CAPTURE(play);
        const Ended ended = generate(play);
        CAPTURE(ended.text);
        REQUIRE(ended.app);
        CHECK(ended.app->files.at(0).content.ends_with("</body>\n</html>\n"));
        CHECK(ended.app->files.at(0).content.find("Continuing") == std::string::npos);
        CHECK(ended.app->files.at(0).content == generate("normal").app->files.at(0).content);
        CHECK(ended.requests >= row.second);
        CHECK(ended.requests <= 4);
    }
    const Ended endless = generate("endless");
    CHECK(endless.reason == NoAppReason::truncated);
    CHECK(endless.requests == 4);
    const Ended always = generate("cut_always");
    CHECK(always.error == ErrorKind::unavailable);
    CHECK(always.requests == 2);
}

TEST_CASE("refusals of every kind end as they should") {
    struct Row {
        const char* play;
        std::optional<NoAppReason> reason;
        std::optional<ErrorKind> error;
        std::size_t requests;
    };
    const std::vector<Row> rows{
        {"refusal", NoAppReason::refusal, {}, 1},
        {"refusal_midway", NoAppReason::refusal, {}, 1},
        {"garbage", NoAppReason::unparsable, {}, 2},
        {"empty", NoAppReason::unparsable, {}, 2},
        {"traversal", NoAppReason::unparsable, {}, 2},
        {"absolute", NoAppReason::unparsable, {}, 2},
        {"many_files", NoAppReason::unparsable, {}, 2},
        {"huge_file", NoAppReason::unparsable, {}, 2},
        {"401", {}, ErrorKind::auth, 1},
        {"402", {}, ErrorKind::limit, 1},
        {"403", {}, ErrorKind::auth, 1},
        {"404", {}, ErrorKind::usage, 1},
        {"404_page", {}, ErrorKind::usage, 1},
        {"413", {}, ErrorKind::usage, 1},
        {"429_long", {}, ErrorKind::unavailable, 1},
        {"429_spent", {}, ErrorKind::limit, 1},
        {"page", {}, ErrorKind::usage, 1},
        {"redirect", {}, ErrorKind::usage, 1},
        {"400", {}, ErrorKind::usage, 2},
        {"noise", {}, ErrorKind::unavailable, 3},
        {"500", {}, ErrorKind::unavailable, 3},
    };
    for (const Row& row : rows) {
        CAPTURE(row.play);
        const Ended ended = generate(row.play);
        CAPTURE(ended.text);
        CHECK(ended.reason == row.reason);
        CHECK(ended.error == row.error);
        CHECK(ended.requests == row.requests);
        CHECK(ended.text.find("sk-ant-integration") == std::string::npos);
        CHECK(ended.text.find('\x1b') == std::string::npos);
    }
}

TEST_CASE("a server that falls silent is given up after the idle limit") {
    const Ended ended = generate("silent", AppType::webapp, {{"CLAUDE_STREAM_IDLE_TIMEOUT_MS", "300"}});
    CHECK(ended.error == ErrorKind::unavailable);
    CHECK(ended.requests == 2);
}

TEST_CASE("a call that takes longer than it may is ended") {
    const Ended ended =
        generate("slow", AppType::webapp, {{"API_TIMEOUT_MS", "400"}}, {"--delay-ms", "50", "--chunk", "10"});
    CHECK(ended.error == ErrorKind::unavailable);
    CHECK(ended.requests == 2);
}

TEST_CASE("an interruption ends a running stream") {
    const MessagesServer server("slow", {"--delay-ms", "50", "--chunk", "10"});
    const Environment environment(std::map<std::string, std::string>{{"ANTHROPIC_BASE_URL", server.url()}});
    const auto transport = net::make_curl_transport(environment);
    const Log log;
    const auto model =
        make_claude_model(resolve_model_settings(environment, Keys(), {}), *transport, system_clock(), log);
    GenerationRequest request;
    request.prompt = "todo app";
    request.budget = Money::parse("0.50");
    std::stop_source stop;
    Recorder seen;
    seen.stop_at_once = &stop;
    CHECK_THROWS_AS((void)model->generate(request, seen, stop.get_token()), Interrupted);
    CHECK(seen.calls.size() == 1);
}

TEST_CASE("a key that the server knows is accepted and another is not") {
    CHECK(generate("normal", AppType::webapp, {}, {"--key", "sk-ant-integration-test"}).app);
    CHECK(generate("normal", AppType::webapp, {{"CLAUDE_API_KEY", ""}, {"ANTHROPIC_AUTH_TOKEN", "token"}},
                   {"--key", "token"})
              .app);
    const Ended wrong = generate("normal", AppType::webapp, {}, {"--key", "another"});
    CHECK(wrong.error == ErrorKind::auth);
    CHECK(wrong.text.find("CLAUDE_API_KEY") != std::string::npos);
}

TEST_CASE("a server that is not there is named") {
    const Environment environment(std::map<std::string, std::string>{{"ANTHROPIC_BASE_URL", "http://127.0.0.1:9"}});
    const auto transport = net::make_curl_transport(environment);
    const Log log;
    const auto model =
        make_claude_model(resolve_model_settings(environment, Keys(), {}), *transport, system_clock(), log);
    GenerationRequest request;
    request.prompt = "todo app";
    request.budget = Money::parse("0.50");
    Recorder seen;
    try {
        (void)model->generate(request, seen, {});
        FAIL("nothing listens there");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::unavailable);
        CHECK(std::string(error.what()).find("127.0.0.1:9") != std::string::npos);
    }
}
