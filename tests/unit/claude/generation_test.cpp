#include "support/manual_clock.hpp"
#include "support/scripted_model_server.hpp"

#include <spawnai/claude/claude_model.hpp>

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;
using namespace std::chrono_literals;
using spawnai::testing::ManualClock;
using spawnai::testing::message_stream;
using spawnai::testing::ModelAnswer;
using spawnai::testing::ScriptedModelServer;

namespace {

struct Recorder : GenerationObserver {
    void on_file(const GeneratedFile& file) override { files.push_back(file.path); }
    void on_progress(const Usage& usage, std::size_t reply_bytes) override {
        last_usage = usage;
        bytes = reply_bytes;
    }
    void on_cost(Money so_far) override { cost = so_far; }
    void on_restart() override { files.emplace_back("(restart)"); }
    void on_call(const ModelCall& call) override { calls.push_back(call); }
    void on_note(const ModelNote& note) override { notes.push_back(note); }

    [[nodiscard]] Money billed() const {
        Money sum;
        for (const ModelCall& call : calls) sum += call.cost.value_or(Money());
        return sum;
    }
    std::vector<std::string> files;
    std::vector<ModelCall> calls;
    std::vector<ModelNote> notes;
    Usage last_usage;
    std::size_t bytes = 0;
    Money cost;
};

/// A generation against a scripted server.
struct Run {
    explicit Run(ScriptedModelServer::Script script) : server(std::move(script)) {
        request.prompt = "a page";
        request.budget = Money::parse("0.50");
        settings.base_url = "http://127.0.0.1:1";
        settings.official = false;
        settings.api_version = "2023-06-01";
        settings.model = "claude-haiku-5-5";
        settings.credential = Credential{Secret("sk-ant-test-key-1234567890"), AuthStyle::both, "CLAUDE_API_KEY"};
    }
    std::variant<Generated, NotGenerated> go() {
        return make_claude_model(settings, server, clock, log)->generate(request, seen, stop.get_token());
    }
    GeneratedApp app() {
        auto outcome = go();
        if (const auto* failed = std::get_if<NotGenerated>(&outcome)) FAIL(failed->explanation);
        return std::get<Generated>(outcome).app;
    }
    NotGenerated failure() {
        auto outcome = go();
        REQUIRE(std::holds_alternative<NotGenerated>(outcome));
        return std::get<NotGenerated>(outcome);
    }
    Error error() {
        try {
            (void)go();
        } catch (const Error& error) {
            return error;
        }
        FAIL("no error");
        return Error(ErrorKind::internal, "");
    }

    ScriptedModelServer server;
    ManualClock clock;
    Log log;
    Recorder seen;
    GenerationRequest request;
    ModelSettings settings;
    std::stop_source stop;
};

std::string page(const std::string& nonce, const std::string& body = "<p>hi</p>") {
    return "<app-" + nonce + " type=\"webapp\" entry=\"index.html\" title=\"Hi\" files=\"index.html\"/>\n<file-" +
           nonce + " path=\"index.html\">\n<!doctype html>\n<html>\n" + body + "\n</html>\n</file-" + nonce + ">\n";
}

std::string lines(int count) {
    std::string text;
    for (int i = 0; i < count; ++i) text += "<p>this is line number " + std::to_string(i) + " of the page</p>\n";
    return text;
}

ModelAnswer stream(const std::string& body) {
    ModelAnswer answer;
    answer.body = body;
    return answer;
}

ModelAnswer refusal(int status, const std::string& type, std::vector<net::Header> headers = {}) {
    ModelAnswer answer;
    answer.status = status;
    answer.headers = std::move(headers);
    answer.headers.push_back({"content-type", "application/json"});
    answer.headers.push_back({"request-id", "req_77"});
    answer.body = Json{{"type", "error"}, {"error", {{"type", type}, {"message", "said the server"}}}}.dump();
    return answer;
}

ModelAnswer broken(net::TransportFault fault, const std::string& body = "") {
    ModelAnswer answer;
    answer.status = body.empty() ? 0 : 200;
    answer.body = body;
    answer.then = net::TransportError(fault, "the connection broke");
    return answer;
}

std::string last_text(const Json& body) {
    const Json& content = body["messages"].back()["content"];
    return content.is_string() ? content.get<std::string>() : content[0]["text"].get<std::string>();
}

}  // namespace

TEST_CASE("a reply becomes an app and its cost is exact") {
    Run run([](const Json& body, std::size_t) {
        return stream(message_stream(page(ScriptedModelServer::nonce_of(body)), "end_turn", 640));
    });
    const GeneratedApp app = run.app();
    CHECK(app.entry == "index.html");
    CHECK(app.title == "Hi");
    CHECK(app.start.empty());
    CHECK(app.files.at(0).content == "<!doctype html>\n<html>\n<p>hi</p>\n</html>\n");
    CHECK(run.seen.files == std::vector<std::string>{"index.html"});
    REQUIRE(run.seen.calls.size() == 1);
    CHECK(run.seen.calls[0].cost == Money::nano(1000 * 100 + 500 * 10 + 640 * 500));
    CHECK(run.seen.calls[0].usage.certainty == Usage::Certainty::exact);
    CHECK(run.seen.calls[0].request_id == "req_test");
    CHECK(run.seen.cost == *run.seen.calls[0].cost);
    CHECK(run.seen.bytes > 100);
}

TEST_CASE("the request is what the API documents and no more") {
    Run run([](const Json& body, std::size_t) {
        return stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
    });
    (void)run.app();
    const Json& body = run.server.bodies.at(0);
    CHECK(body["model"] == "claude-haiku-5-5");
    CHECK(body["stream"] == true);
    CHECK(body["max_tokens"] == 32000);
    CHECK(body["output_config"]["effort"] == "low");
    CHECK(body["system"][0]["cache_control"]["type"] == "ephemeral");
    CHECK(body["messages"].size() == 1);
    for (const char* const gone : {"temperature", "top_p", "top_k", "tools", "tool_choice", "thinking", "metadata"})
        CHECK_FALSE(body.contains(gone));
    const net::Request& request = run.server.requests.at(0);
    CHECK(request.url == "http://127.0.0.1:1/v1/messages");
    std::string headers;
    for (const net::Header& header : request.headers) headers += header.name + ": " + header.value + "\n";
    CHECK(headers.find("anthropic-version: 2023-06-01\n") != std::string::npos);
    CHECK(headers.find("x-api-key: sk-ant-test-key-1234567890\n") != std::string::npos);
    CHECK(headers.find("authorization: Bearer sk-ant-test-key-1234567890\n") != std::string::npos);
    CHECK(request.body.find("sk-ant") == std::string::npos);
    // The cached part is the same whatever is asked for.
    Run other([](const Json& each, std::size_t) {
        return stream(message_stream(page(ScriptedModelServer::nonce_of(each))));
    });
    other.request.prompt = "something else";
    (void)other.app();
    CHECK(other.server.bodies.at(0)["system"] == body["system"]);
    CHECK(ScriptedModelServer::nonce_of(other.server.bodies.at(0)) != ScriptedModelServer::nonce_of(body));
}

TEST_CASE("a foreign model gets the plain body and no price") {
    Run run([](const Json& body, std::size_t) {
        return stream(
            message_stream("<think>hm</think>\n" + page(ScriptedModelServer::nonce_of(body)), "stop", 0, "llama3.3"));
    });
    run.request.model = "llama3.3";
    auto outcome = run.go();
    REQUIRE(std::holds_alternative<Generated>(outcome));
    const Json& body = run.server.bodies.at(0);
    CHECK(body["system"].is_string());
    CHECK(body["messages"][0]["content"].is_string());
    CHECK(body["max_tokens"] == 8192);
    CHECK_FALSE(body.contains("output_config"));
    CHECK_FALSE(std::get<Generated>(outcome).cost);
    CHECK(run.seen.calls.at(0).charges.empty());
    CHECK(run.seen.calls.at(0).usage.certainty == Usage::Certainty::estimated);
    CHECK(run.seen.calls.at(0).usage.output > 0);
}

TEST_CASE("what a server refuses for now is asked again as it wishes") {
    struct Row {
        const char* name;
        ModelAnswer answer;
        std::chrono::milliseconds least;
        std::chrono::milliseconds most;
    };
    const std::vector<Row> rows{
        {"rate limit with a header", refusal(429, "rate_limit_error", {{"retry-after", "2"}}), 2000ms, 2000ms},
        {"milliseconds", refusal(429, "rate_limit_error", {{"retry-after-ms", "1500.5"}, {"retry-after", "9"}}), 1501ms,
         1501ms},
        {"rate limit without a header", refusal(429, "rate_limit_error"), 375ms, 500ms},
        {"zero is no wait", refusal(429, "rate_limit_error", {{"retry-after", "0"}}), 375ms, 500ms},
        {"a date in the past", refusal(503, "api_error", {{"retry-after", "Sun, 06 Nov 1994 08:49:37 GMT"}}), 375ms,
         500ms},
        {"overloaded", refusal(529, "overloaded_error"), 1500ms, 2000ms},
        {"server error", refusal(500, "api_error"), 375ms, 500ms},
        {"gateway time-out", refusal(504, ""), 375ms, 500ms},
        {"conflict", refusal(409, "conflict_error"), 375ms, 500ms},
        {"told to", refusal(418, "", {{"x-should-retry", "true"}}), 375ms, 500ms},
        {"connect", broken(net::TransportFault::connect), 375ms, 500ms},
        {"time-out", broken(net::TransportFault::timeout), 375ms, 500ms},
        {"cut before any text", broken(net::TransportFault::cut, "event: ping\ndata: {\"type\":\"ping\"}\n\n"), 375ms,
         500ms},
        {"overloaded in the stream",
         stream("event: error\ndata: "
                "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n"),
         1500ms, 2000ms},
        {"an empty stream", stream(""), 375ms, 500ms},
        {"noise", stream("\x01\x02 noise"), 375ms, 500ms},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        Run run([&](const Json& body, std::size_t number) {
            return number == 0 ? row.answer : stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
        });
        (void)run.app();
        CHECK(run.server.bodies.size() == 2);
        CHECK(run.server.bodies[0] == run.server.bodies[1]);
        REQUIRE(run.clock.sleeps().size() == 1);
        CHECK(run.clock.sleeps()[0] >= row.least);
        CHECK(run.clock.sleeps()[0] <= row.most);
        REQUIRE(run.seen.notes.size() == 1);
        CHECK(run.seen.notes[0].kind == ModelNote::Kind::retrying);
    }
}

TEST_CASE("three attempts are made and no more") {
    Run run([](const Json&, std::size_t) { return refusal(529, "overloaded_error"); });
    const Error error = run.error();
    CHECK(error.kind() == ErrorKind::unavailable);
    CHECK(std::string(error.what()).find("req_77") != std::string::npos);
    CHECK(run.server.bodies.size() == 3);
    CHECK(run.clock.sleeps().size() == 2);
    CHECK(run.seen.calls.empty());
}

TEST_CASE("what waiting does not mend is not asked again") {
    struct Row {
        const char* name;
        ModelAnswer answer;
        ErrorKind kind;
    };
    ModelAnswer spent = refusal(429, "rate_limit_error", {{"retry-after", "1"}});
    spent.body =
        R"({"type":"error","error":{"type":"rate_limit_error","message":"no","details":{"error_code":"enforced_spend_limit_reached"}}})";
    ModelAnswer page_of_html = refusal(404, "");
    page_of_html.body = "<!doctype html><title>Not \x1b[31mhere</title>";
    ModelAnswer html;
    html.headers = {{"content-type", "text/html; charset=utf-8"}};
    html.body = "<!doctype html><title>Welcome</title>";
    const std::vector<Row> rows{
        {"key", refusal(401, "authentication_error"), ErrorKind::auth},
        {"permission", refusal(403, "permission_error"), ErrorKind::auth},
        {"billing", refusal(402, "billing_error"), ErrorKind::limit},
        {"spent", spent, ErrorKind::limit},
        {"unknown model", refusal(404, "not_found_error"), ErrorKind::usage},
        {"no such API", page_of_html, ErrorKind::usage},
        {"too large", refusal(413, "request_too_large"), ErrorKind::usage},
        {"redirect", refusal(302, ""), ErrorKind::usage},
        {"not to be retried", refusal(500, "api_error", {{"x-should-retry", "false"}}), ErrorKind::unavailable},
        {"too long a wait", refusal(429, "rate_limit_error", {{"retry-after", "3600"}}), ErrorKind::unavailable},
        {"resolve", broken(net::TransportFault::resolve), ErrorKind::unavailable},
        {"TLS", broken(net::TransportFault::tls), ErrorKind::unavailable},
        {"a web page", html, ErrorKind::usage},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        Run run([&](const Json&, std::size_t) { return row.answer; });
        const Error error = run.error();
        CHECK(error.kind() == row.kind);
        CHECK(run.server.bodies.size() == 1);
        CHECK(std::string(error.what()).find('\x1b') == std::string::npos);
        CHECK((std::string(error.what()) + error.hint()).find("sk-ant-test") == std::string::npos);
        if (row.answer.status != 0) CHECK_FALSE(error.hint().empty());
    }
}

TEST_CASE("Anthropic itself gets one form of the key, and the other when that is refused") {
    Run run([](const Json& body, std::size_t number) {
        return number == 0 ? refusal(401, "authentication_error")
                           : stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
    });
    run.settings.official = true;
    run.settings.credential->style = AuthStyle::api_key;
    (void)run.app();
    const auto has = [&](std::size_t index, const std::string& name) {
        for (const net::Header& header : run.server.requests.at(index).headers)
            if (header.name == name) return true;
        return false;
    };
    CHECK(has(0, "x-api-key"));
    CHECK_FALSE(has(0, "authorization"));
    CHECK_FALSE(has(1, "x-api-key"));
    CHECK(has(1, "authorization"));
    CHECK(run.clock.sleeps().empty());
}

TEST_CASE("an option that a server refuses is left out and stays out") {
    Run run([](const Json& body, std::size_t) {
        if (body.contains("output_config")) return refusal(400, "invalid_request_error");
        return stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
    });
    const auto model = make_claude_model(run.settings, run.server, run.clock, run.log);
    CHECK(std::holds_alternative<Generated>(model->generate(run.request, run.seen, {})));
    CHECK(run.server.bodies.size() == 2);
    CHECK(std::holds_alternative<Generated>(model->generate(run.request, run.seen, {})));
    CHECK(run.server.bodies.size() == 3);
    Run stubborn([](const Json&, std::size_t) { return refusal(400, "invalid_request_error"); });
    CHECK(stubborn.error().kind() == ErrorKind::usage);
    CHECK(stubborn.server.bodies.size() == 2);
}

TEST_CASE("a reply that reaches the length limit is continued where it broke off") {
    const std::string body_lines = lines(40);
    for (std::size_t first = 300; first + 40 < page("abcdef", body_lines).size(); first += 23) {
        Run run([&](const Json& body, std::size_t number) {
            const std::string full = page(ScriptedModelServer::nonce_of(body), body_lines);
            if (number == 0) return stream(message_stream(full.substr(0, first), "max_tokens", 400));
            const std::string said = body["messages"][1]["content"][0]["text"];
            CHECK(full.starts_with(said));
            CHECK_FALSE(said.ends_with('\n'));
            return stream(message_stream(full.substr(said.size() + 1)));
        });
        const GeneratedApp app = run.app();
        CHECK(app.files.at(0).content == "<!doctype html>\n<html>\n" + body_lines + "\n</html>\n");
        REQUIRE(run.seen.calls.size() == 2);
        CHECK(run.seen.calls[1].purpose == CallPurpose::continuation);
        CHECK(run.server.bodies[1]["messages"].size() == 3);
        CHECK(last_text(run.server.bodies[1]).find("cut off") != std::string::npos);
    }
}

TEST_CASE("four cuts end after exactly three continuations") {
    int number_of_line = 0;
    const auto fresh = [&] {
        std::string text;
        for (int i = 0; i < 12; ++i) text += "<p>fresh line " + std::to_string(++number_of_line) + " of many</p>\n";
        return text;
    };
    Run run([&](const Json& body, std::size_t number) {
        const std::string start = number == 0 ? page(ScriptedModelServer::nonce_of(body)).substr(0, 100) : "";
        return stream(message_stream(start + "\n" + fresh(), "max_tokens", 100));
    });
    const NotGenerated failed = run.failure();
    CHECK(failed.reason == NoAppReason::truncated);
    CHECK(run.server.bodies.size() == 4);
    CHECK(failed.raw_reply.find("fresh line 40") != std::string::npos);
    CHECK(failed.usage.output == 400);
    CHECK(*failed.cost == run.seen.billed());
}

TEST_CASE("a continuation that adds nothing ends the loop") {
    Run run([&](const Json& body, std::size_t number) {
        if (number == 0)
            return stream(
                message_stream(page(ScriptedModelServer::nonce_of(body), lines(20)).substr(0, 600), "max_tokens", 100));
        return stream(message_stream("", "max_tokens", 100));
    });
    CHECK(run.failure().reason == NoAppReason::truncated);
    CHECK(run.server.bodies.size() == 2);
}

TEST_CASE("a full context window is continued only where the rest has room") {
    const auto answer = [](const Json& body, std::size_t number) {
        const std::string full = page(ScriptedModelServer::nonce_of(body), lines(40));
        if (number == 0) return stream(message_stream(full.substr(0, 900), "model_context_window_exceeded", 100));
        const Json& said = body["messages"][1]["content"];
        const std::size_t size = (said.is_string() ? said : said[0]["text"]).get<std::string>().size();
        return stream(message_stream(full.substr(size + 1)));
    };
    Run wide(answer);
    CHECK(wide.app().files.size() == 1);
    Run narrow(answer);
    const ModelPrices small = ModelPrices::parse(
        R"({"models":{"as_of":"x","list":[{"id":"claude-haiku-5-5","context":2000,"max_output":1000}]}})", "test");
    const auto outcome = make_claude_model(narrow.settings, narrow.server, narrow.clock, narrow.log, small)
                             ->generate(narrow.request, narrow.seen, {});
    REQUIRE(std::holds_alternative<NotGenerated>(outcome));
    CHECK(std::get<NotGenerated>(outcome).explanation.find("context") != std::string::npos);
    CHECK(narrow.server.bodies.size() == 1);
}

TEST_CASE("thoughts that took all the room are given more of it once") {
    Run run([&](const Json& body, std::size_t number) {
        if (number == 0) return stream(message_stream("", "max_tokens", 32000));
        return stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
    });
    (void)run.app();
    CHECK(run.server.bodies.at(1)["max_tokens"] == 64000);
    CHECK(run.server.bodies.at(1)["messages"].size() == 1);
    Run never([&](const Json&, std::size_t) { return stream(message_stream("", "max_tokens", 32000)); });
    CHECK(never.failure().reason == NoAppReason::truncated);
    CHECK(never.server.bodies.size() == 2);
}

TEST_CASE("a connection that breaks inside the reply leads to one continuation and never to a replay") {
    const std::string body_lines = lines(30);
    Run run([&](const Json& body, std::size_t number) {
        const std::string full = page(ScriptedModelServer::nonce_of(body), body_lines);
        if (number == 0) return broken(net::TransportFault::cut, message_stream(full.substr(0, 700), ""));
        const std::string said = body["messages"][1]["content"][0]["text"];
        return stream(message_stream(full.substr(said.size() + 1)));
    });
    CHECK(run.app().files.at(0).content.find(body_lines) != std::string::npos);
    CHECK(run.server.bodies.size() == 2);
    CHECK(run.seen.calls.at(0).usage.certainty == Usage::Certainty::estimated);
    CHECK(run.clock.sleeps().empty());

    Run again([&](const Json& body, std::size_t number) {
        const std::string full = page(ScriptedModelServer::nonce_of(body), body_lines);
        return broken(net::TransportFault::cut, message_stream(full.substr(number == 0 ? 0 : 700, 500), ""));
    });
    CHECK(again.error().kind() == ErrorKind::unavailable);
    CHECK(again.server.bodies.size() == 2);
    CHECK(again.seen.calls.size() == 2);
    CHECK(again.seen.billed() > Money());

    Run overloaded([&](const Json& body, std::size_t number) {
        const std::string full = page(ScriptedModelServer::nonce_of(body), body_lines);
        if (number == 0)
            return stream(message_stream(full.substr(0, 700), "") +
                          "event: error\ndata: "
                          "{\"type\":\"error\",\"error\":{\"type\":\"overloaded_error\",\"message\":\"x\"}}\n\n");
        const std::string said = body["messages"][1]["content"][0]["text"];
        return stream(message_stream(full.substr(said.size() + 1)));
    });
    (void)overloaded.app();
    CHECK(overloaded.server.bodies.size() == 2);
}

TEST_CASE("a stream that ends behind its last tag is accepted however it ends") {
    for (const auto& ending : {std::string(), std::string("data: [DONE]\n\n"),
                               std::string("event: message_stop\ndata: {\"type\":\"message_stop\"}\n\n")}) {
        Run run([&](const Json& body, std::size_t) {
            return stream(message_stream(page(ScriptedModelServer::nonce_of(body)), "") + ending);
        });
        (void)run.app();
        CHECK(run.server.bodies.size() == 1);
    }
}

TEST_CASE("a refusal deploys nothing and is not asked again") {
    for (const std::string& text : {std::string(), std::string("half")}) {
        Run run([&](const Json& body, std::size_t) {
            return stream(message_stream(text.empty() ? "" : page(ScriptedModelServer::nonce_of(body)), "refusal", 5));
        });
        const NotGenerated failed = run.failure();
        CHECK(failed.reason == NoAppReason::refusal);
        CHECK(run.server.bodies.size() == 1);
    }
}

TEST_CASE("a reply that cannot be used is asked for once more with the reason") {
    struct Row {
        const char* name;
        std::string reply;
        std::string reason;
    };
    const std::vector<Row> rows{
        {"words", "I would rather not use tags.", "none of the tags"},
        {"nothing", "", "empty"},
        {"no page", "<file-N path=\"a.js\">\n1\n</file-N>\n", "no index.html"},
        {"traversal", "<file-N path=\"../../etc/x\">\n1\n</file-N>\n", "cannot be used"},
        {"a file that is a folder", "<file-N path=\"a\">\n1\n</file-N>\n<file-N path=\"a/index.html\">\n1\n</file-N>\n",
         "both a file and a folder"},
        {"left out", "<file-N path=\"index.html\">\n<!-- ... rest of the code ... -->\n</file-N>\n", "leaves out code"},
    };
    for (const Row& row : rows) {
        CAPTURE(row.name);
        const auto with_nonce = [&row](const std::string& nonce) {
            std::string text = row.reply;
            for (std::size_t at = text.find("-N"); at != std::string::npos; at = text.find("-N", at))
                text.replace(at, 2, "-" + nonce);
            return text;
        };
        Run run([&](const Json& body, std::size_t number) {
            const std::string nonce = ScriptedModelServer::nonce_of(body);
            return stream(message_stream(number == 0 ? with_nonce(nonce) : page(nonce)));
        });
        CHECK(run.app().entry == "index.html");
        CHECK(run.server.bodies.size() == 2);
        CHECK(run.seen.calls.at(1).purpose == CallPurpose::reformat);
        CHECK(last_text(run.server.bodies.at(1)).find(row.reason) != std::string::npos);
        CHECK(run.seen.files.back() == "index.html");

        if (std::string(row.name) == "left out") continue;
        Run hopeless([&](const Json& body, std::size_t) {
            return stream(message_stream(with_nonce(ScriptedModelServer::nonce_of(body))));
        });
        const NotGenerated failed = hopeless.failure();
        CHECK(failed.reason == NoAppReason::unparsable);
        CHECK(hopeless.server.bodies.size() == 2);
        CHECK(failed.raw_reply.find(row.reply.substr(0, 6)) != std::string::npos);
    }
}

TEST_CASE("a hostile path ends the stream before the rest is paid for") {
    Run run([](const Json& body, std::size_t number) {
        const std::string nonce = ScriptedModelServer::nonce_of(body);
        if (number > 0) return stream(message_stream(page(nonce)));
        return stream(message_stream("<file-" + nonce + " path=\"/etc/passwd\">\n" + lines(5000), "end_turn", 50000));
    });
    (void)run.app();
    CHECK(run.seen.calls.at(0).usage.output < 200);
    CHECK(run.seen.files == std::vector<std::string>{"(restart)", "index.html"});
}

TEST_CASE("a mistaken nonce and a bare page are read without another request") {
    for (const char* const kind : {"wrong", "none", "bare", "fenced"}) {
        CAPTURE(kind);
        Run run([&](const Json&, std::size_t) {
            const std::string k(kind);
            std::string text = page("zzzz");
            if (k == "none")
                for (std::size_t at = text.find("-zzzz"); at != std::string::npos; at = text.find("-zzzz"))
                    text.erase(at, 5);
            if (k == "bare") text = "<!doctype html>\n<html>\n<p>hi</p>\n</html>\n";
            if (k == "fenced") text = "Here:\n```html\n<!doctype html>\n<html>\n<p>hi</p>\n</html>\n```\n";
            return stream(message_stream(text));
        });
        CHECK(run.app().files.at(0).content == "<!doctype html>\n<html>\n<p>hi</p>\n</html>\n");
        CHECK(run.server.bodies.size() == 1);
        CHECK(run.seen.files == std::vector<std::string>{"index.html"});
    }
}

TEST_CASE("announced files that did not come are asked for once") {
    Run run([](const Json& body, std::size_t number) {
        const std::string nonce = ScriptedModelServer::nonce_of(body);
        const auto file = [&](const std::string& path) {
            return "<file-" + nonce + " path=\"" + path + "\">\n{}\n</file-" + nonce + ">\n";
        };
        if (number == 0)
            return stream(message_stream("<app-" + nonce + " entry=\"server.js\" files=\"package.json server.js\"/>\n" +
                                         file("package.json")));
        CHECK(last_text(body).find("These are still to come: server.js.") != std::string::npos);
        return stream(message_stream(file("server.js")));
    });
    run.request.type = AppType::api;
    const GeneratedApp app = run.app();
    CHECK(app.files.size() == 2);
    CHECK(app.start == "node server.js");
    CHECK(run.seen.files == std::vector<std::string>{"package.json", "server.js"});
}

TEST_CASE("the stream is ended when the budget is used up") {
    Run run([](const Json& body, std::size_t) {
        ModelAnswer answer =
            stream(message_stream(page(ScriptedModelServer::nonce_of(body), lines(2000)), "end_turn", 60000));
        answer.piece = 512;
        return answer;
    });
    run.request.budget = Money::parse("0.002");
    const NotGenerated failed = run.failure();
    CHECK(failed.reason == NoAppReason::over_budget);
    CHECK(run.server.bodies.size() == 1);
    REQUIRE(run.seen.calls.size() == 1);
    CHECK(*run.seen.calls[0].cost <= run.request.budget);
    CHECK(*run.seen.calls[0].cost > Money::parse("0.0019"));
    CHECK(run.server.bodies[0]["max_tokens"] < 4000);

    Run poor([](const Json&, std::size_t) { return stream(""); });
    poor.request.budget = Money::parse("0.0001");
    CHECK(poor.failure().reason == NoAppReason::over_budget);
    CHECK(poor.server.bodies.empty());
}

TEST_CASE("a retired model is named before a call is spent") {
    Run run([](const Json&, std::size_t) { return stream(""); });
    run.request.model = "claude-3-sonnet-20240229";
    const Error error = run.error();
    CHECK(error.kind() == ErrorKind::usage);
    CHECK(std::string(error.what()).find("2025-07-21") != std::string::npos);
    CHECK(error.hint().find("claude-sonnet-5-5") != std::string::npos);
    CHECK(run.server.bodies.empty());
}

TEST_CASE("an interrupted call is billed before the interruption goes on") {
    Run run([](const Json& body, std::size_t) {
        ModelAnswer answer = stream(message_stream(page(ScriptedModelServer::nonce_of(body), lines(100))));
        answer.piece = 256;
        return answer;
    });
    struct Stopper : Recorder {
        void on_progress(const Usage& usage, std::size_t reply_bytes) override {
            Recorder::on_progress(usage, reply_bytes);
            if (reply_bytes > 500) stop->request_stop();
        }
        std::stop_source* stop = nullptr;
    } stopper;
    stopper.stop = &run.stop;
    const auto model = make_claude_model(run.settings, run.server, run.clock, run.log);
    CHECK_THROWS_AS((void)model->generate(run.request, stopper, run.stop.get_token()), Interrupted);
    REQUIRE(stopper.calls.size() == 1);
    CHECK(stopper.calls[0].usage.output > 100);
    CHECK(stopper.calls[0].usage.certainty == Usage::Certainty::estimated);
}

TEST_CASE("what an observer throws reaches the caller") {
    struct Thrower : Recorder {
        void on_file(const GeneratedFile&) override { throw Error(ErrorKind::limit, "disk full"); }
    } thrower;
    Run run([](const Json& body, std::size_t) {
        return stream(message_stream(page(ScriptedModelServer::nonce_of(body))));
    });
    const auto model = make_claude_model(run.settings, run.server, run.clock, run.log);
    CHECK_THROWS_AS((void)model->generate(run.request, thrower, {}), Error);
    CHECK(thrower.calls.size() == 1);
}

TEST_CASE("pings alone do not keep a user waiting") {
    ManualClock* clock = nullptr;
    Run run([&](const Json&, std::size_t) {
        clock->advance(std::chrono::minutes(20));
        return stream("event: ping\ndata: {\"type\":\"ping\"}\n\n");
    });
    clock = &run.clock;
    CHECK(run.error().kind() == ErrorKind::unavailable);
    CHECK(run.server.bodies.size() == 3);
}

TEST_CASE("a repair sends the evidence and keeps the files that it does not name") {
    Run run([](const Json& body, std::size_t) {
        const std::string nonce = ScriptedModelServer::nonce_of(body);
        CHECK(last_text(body).find("<current-" + nonce + " path=\"server.js\">\nbroken(\n") != std::string::npos);
        CHECK(last_text(body).find("SyntaxError: ouch") != std::string::npos);
        return stream(message_stream("<file-" + nonce + " path=\"server.js\">\nfixed()\n</file-" + nonce + ">\n"));
    });
    run.request.type = AppType::api;
    run.request.evidence = "SyntaxError: ouch";
    run.request.previous = {{"package.json", "{}\n", false}, {"server.js", "broken(\n", false}};
    const GeneratedApp app = run.app();
    CHECK(app.find("package.json")->content == "{}\n");
    CHECK(app.find("server.js")->content == "fixed()\n");
    CHECK(run.seen.files == std::vector<std::string>{"server.js"});
}

TEST_CASE("an edit changes lines of a large app and what does not fit is asked for again") {
    std::string content = "<!doctype html>\n<html>\n";
    for (int i = 0; i < 400; ++i) content += "<p class=\"blue\">line " + std::to_string(i) + "</p>\n";
    content += "</html>\n";
    const auto edit = [](const std::string& nonce, const std::string& before, const std::string& after) {
        return "<edit-" + nonce + " path=\"index.html\">\n<old-" + nonce + ">\n" + before + "\n</old-" + nonce +
               ">\n<new-" + nonce + ">\n" + after + "\n</new-" + nonce + ">\n</edit-" + nonce + ">\n";
    };
    Run run([&](const Json& body, std::size_t number) {
        const std::string nonce = ScriptedModelServer::nonce_of(body);
        if (number == 0) {
            CHECK(last_text(body).find("<old-" + nonce + ">") != std::string::npos);
            return stream(message_stream(edit(nonce, "<p class=\"blue\">line 7</p>", "<p>seven</p>") +
                                         edit(nonce, "<p>line 9</p>", "<p>nine</p>")));
        }
        CHECK(last_text(body).find("<p>line 9</p>") != std::string::npos);
        return stream(message_stream(edit(nonce, "<p class=\"blue\">line 9</p>", "<p>nine</p>")));
    });
    run.request.change = "make two lines bold";
    run.request.previous = {{"index.html", content, false}};
    const GeneratedApp app = run.app();
    CHECK(app.files.at(0).content.find("<p>seven</p>\n<p class=\"blue\">line 8</p>\n<p>nine</p>\n") !=
          std::string::npos);
    CHECK(run.seen.calls.at(1).purpose == CallPurpose::edit_repair);

    Run stubborn([&](const Json& body, std::size_t number) {
        const std::string nonce = ScriptedModelServer::nonce_of(body);
        if (number == 2) return stream(message_stream(page(nonce)));
        return stream(message_stream(edit(nonce, "<p>line 9</p>", "<p>nine</p>")));
    });
    stubborn.request = run.request;
    CHECK(stubborn.app().files.at(0).content.find("<p>hi</p>") != std::string::npos);
    CHECK(stubborn.seen.calls.at(2).purpose == CallPurpose::reformat);
}
