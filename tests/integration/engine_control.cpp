#include "engine/file_signature.hpp"
#include "support/engine_fixture.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/net/url.hpp>

#include <fmt/format.h>

#include <atomic>

using namespace spawnai;
using namespace spawnai::test;

TEST_CASE("the control API asks for the key and refuses what it does not understand") {
    EngineFixture engine;
    if (!engine.start()) return;
    CHECK(engine.exchange("GET", "/health", "Host: localhost\r\n", "").status == 204);
    CHECK(engine.exchange("GET", "/sandboxes", "Host: localhost\r\n", "").status == 401);
    CHECK(engine.exchange("GET", "/sandboxes", "Host: localhost\r\nX-API-Key: e2b_0\r\n", "").status == 401);
    // A control call under an app's host name goes to that app, never to the API.
    CHECK(engine.exchange("GET", "/sandboxes", "Host: 3000-iabc.localhost\r\nX-API-Key: " + engine.key + "\r\n", "")
              .status == 502);
    CHECK(engine.api("GET", "/sandboxes").body == "[]");

    const std::tuple<const char*, const char*, const char*, int> table[] = {
        {"POST", "/sandboxes", "", 400},
        {"POST", "/sandboxes", "nonsense", 400},
        {"POST", "/sandboxes", "[]", 400},
        {"POST", "/sandboxes", "{}", 400},
        {"POST", "/sandboxes", R"({"templateID":5})", 400},
        {"POST", "/sandboxes", R"({"templateID":"other"})", 404},
        {"POST", "/sandboxes", R"({"templateID":"base","timeout":0})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","timeout":-1})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","timeout":"60"})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","timeout":99999999999})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","timeout":86401})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","metadata":{"a":1}})", 400},
        {"POST", "/sandboxes", R"({"templateID":"base","envVars":{"A=B":"x"}})", 400},
        {"POST", "/v2/sandboxes", R"({"templateID":"base","network":{"allowOut":["1.1.1.1"]}})", 400},
        {"POST", "/v2/sandboxes", R"({"templateID":"base","autoPause":true,"autoPauseMemory":false})", 400},
        {"POST", "/v2/sandboxes", R"({"templateID":"base","autoResume":true})", 400},
        {"POST", "/v2/sandboxes", R"({"templateID":"base","autoResume":{}})", 400},
        {"GET", "/v2/sandboxes?limit=0", "", 400},
        {"GET", "/v2/sandboxes?limit=101", "", 400},
        {"GET", "/v2/sandboxes?state=dead", "", 400},
        {"GET", "/v2/sandboxes?nextToken=x", "", 400},
        {"GET", "/v2/sandboxes?startedAfter=yesterday", "", 400},
        {"GET", "/sandboxes/inone", "", 404},
        {"GET", "/sandboxes/..%2f..", "", 400},
        {"DELETE", "/sandboxes/inone", "", 404},
        {"POST", "/sandboxes/inone/timeout", R"({"timeout":5})", 404},
        {"POST", "/sandboxes/inone/timeout", "{}", 400},
        {"POST", "/sandboxes/inone/connect", R"({"timeout":5})", 404},
        {"POST", "/v2/sandboxes/inone/connect", "", 404},
        {"POST", "/sandboxes/inone/pause", "", 404},
        {"POST", "/sandboxes/inone/pause", R"({"memory":1})", 400},
        {"POST", "/sandboxes/inone/resume", "", 404},
        {"POST", "/sandboxes/inone/resume", R"({"timeout":86401})", 400},
        {"POST", "/sandboxes/inone/snapshots", "{}", 501},
        {"PUT", "/sandboxes", "{}", 405},
        {"GET", "/no/such/thing", "", 404},
        {"GET", "/templates/aliases/other", "", 404},
    };
    for (const auto& [method, target, body, status] : table) {
        const std::string call = fmt::format("{} {} {}", method, target, body);
        const HttpAnswer answer = engine.api(method, target, body);
        CHECK_MESSAGE(answer.status == status, call << ": " << answer.body);
        CHECK_MESSAGE(Json::parse(answer.body).at("code") == status, answer.body);
        CHECK(answer.header("access-control-allow-origin").empty());
    }
    CHECK(engine.status().live_sandboxes == 0);
}

TEST_CASE("a sandbox is created and shown and extended and killed") {
    EngineFixture engine;
    if (!engine.start()) return;
    const HttpAnswer created = engine.api("POST", "/sandboxes", R"({"templateID":"base","metadata":{"k":"v 1"}})");
    REQUIRE(created.status == 201);
    const Json access = Json::parse(created.body);
    const std::string id = access.at("sandboxID");
    CHECK(id.size() == 21);
    CHECK(id.front() == 'i');
    CHECK(access.at("envdAccessToken").get<std::string>().size() == 64);
    CHECK(access.at("domain") == "localhost:" + std::to_string(engine.port));
    CHECK(engine.alive(id));

    const auto lifetime = [&] {
        const Json detail = Json::parse(engine.api("GET", "/sandboxes/" + id).body);
        return parse_rfc3339(detail.at("endAt").get<std::string>()) -
               parse_rfc3339(detail.at("startedAt").get<std::string>());
    };
    CHECK(lifetime() == std::chrono::seconds(15));
    CHECK(engine.api("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":1000})").status == 204);
    CHECK(lifetime() >= std::chrono::seconds(1000));
    CHECK(engine.api("POST", "/sandboxes/" + id + "/connect", R"({"timeout":10})").status == 200);
    CHECK(lifetime() >= std::chrono::seconds(1000));
    CHECK(engine.api("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":100})").status == 204);
    CHECK(lifetime() < std::chrono::seconds(200));
    CHECK(engine.api("POST", "/sandboxes/" + id + "/refreshes", "").status == 204);
    CHECK(lifetime() >= std::chrono::seconds(100));
    CHECK(engine.api("POST", "/sandboxes/" + id + "/timeout", R"({"timeout":2000000})").status == 204);
    CHECK(lifetime() == std::chrono::hours(24));
    CHECK(engine.api("GET", "/sandboxes/" + id + "-clientid").status == 200);

    const Json metrics = Json::parse(engine.api("GET", "/sandboxes/" + id + "/metrics").body);
    REQUIRE(metrics.size() == 1);
    CHECK(metrics[0].at("memTotal").get<std::int64_t>() > 0);
    CHECK(
        Json::parse(engine.api("GET", "/sandboxes/metrics?sandbox_ids=" + id + ",inone").body).at("sandboxes").size() ==
        1);

    CHECK(engine.api("DELETE", "/sandboxes/" + id).status == 204);
    CHECK_FALSE(engine.alive(id));
    CHECK(engine.api("DELETE", "/sandboxes/" + id).status == 404);
    CHECK(engine.api("GET", "/sandboxes/" + id).status == 404);
    CHECK(engine.app(id, 3000, "GET", "/").status == 502);
    CHECK_FALSE(std::filesystem::exists(engine.options.location.state_dir / "sandboxes" / id));
}

TEST_CASE("lists are filtered and paged") {
    EngineFixture engine;
    if (!engine.start()) return;
    std::vector<std::string> ids;
    for (int i = 0; i < 5; ++i)
        ids.push_back(engine
                          .create(R"("allow_internet_access":false,"metadata":{"n":")" + std::to_string(i) +
                                  R"(","all":"a&b=c"})")
                          .id);
    const auto list = [&](const std::string& query, std::string* next = nullptr) {
        const HttpAnswer answer = engine.api("GET", "/v2/sandboxes?" + query);
        REQUIRE_MESSAGE(answer.status == 200, answer.body);
        if (next != nullptr) *next = answer.header("x-next-token");
        std::vector<std::string> found;
        for (const Json& item : Json::parse(answer.body)) found.push_back(item.at("sandboxID"));
        return found;
    };
    CHECK(list("order=asc") == ids);
    CHECK(list("") == std::vector<std::string>(ids.rbegin(), ids.rend()));
    CHECK(list("metadata=n%3D3") == std::vector<std::string>{ids[3]});
    // {"all":"a&b=c"} as the SDK encodes it.
    CHECK(list("metadata=all%3Da%252526b%25253Dc").size() == 5);
    CHECK(list("state=paused").empty());
    CHECK(list("template=other").empty());
    std::string token;
    std::vector<std::string> walked = list("order=asc&limit=2", &token);
    while (!token.empty()) {
        const auto page = list("order=asc&limit=2&nextToken=" + token, &token);
        walked.insert(walked.end(), page.begin(), page.end());
        REQUIRE(walked.size() <= 5);
    }
    CHECK(walked == ids);
    CHECK(Json::parse(engine.api("GET", "/sandboxes?metadata=n%3D1").body).size() == 1);
}

TEST_CASE("no more sandboxes than allowed and a freed place can be taken") {
    EngineFixture engine;
    engine.options.max_sandboxes = 3;
    if (!engine.start()) return;
    std::atomic<int> made{0};
    std::atomic<int> refused{0};
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i)
            threads.emplace_back([&] {
                const HttpAnswer answer =
                    engine.api("POST", "/v2/sandboxes", R"({"templateID":"base","allow_internet_access":false})");
                if (answer.status == 201) ++made;
                if (answer.status == 429 && answer.header("retry-after").empty() &&
                    answer.body.find("maximum number of concurrent") != std::string::npos)
                    ++refused;
            });
    }
    CHECK(made == 3);
    CHECK(refused == 5);
    const Json all = Json::parse(engine.api("GET", "/sandboxes").body);
    REQUIRE(all.size() == 3);
    CHECK(engine.api("DELETE", "/sandboxes/" + all[0].at("sandboxID").get<std::string>()).status == 204);
    CHECK(engine.create().id.size() == 21);
}

TEST_CASE("two sandboxes have a port 3000 each") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox one = engine.create();
    const MadeSandbox two = engine.create();
    for (const auto& [sandbox, text] : {std::pair(one, "one"), std::pair(two, "two")}) {
        engine.write(sandbox, "/app/index.html", text);
        engine.run_on(sandbox, "cd /app && exec python3 -m http.server 3000 --bind localhost");
    }
    REQUIRE(engine.wait_for_port(one.id, 3000));
    REQUIRE(engine.wait_for_port(two.id, 3000));
    CHECK(engine.app(one.id, 3000, "GET", "/").body == "one");
    CHECK(engine.app(two.id, 3000, "GET", "/").body == "two");
}

TEST_CASE("a signed file URL works under the sandbox's name and under the engine's") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    const MadeSandbox other = engine.create();
    engine.write(sandbox, "/app/a b.txt", "signed");
    engine::SignedFile file{"/app/a b.txt", false, "", "", {}};
    const auto target = [&](const std::string& token) {
        return "/files?path=" + net::percent_encode(file.path) +
               "&signature=" + net::percent_encode(sign_file(file, token)) +
               (file.expiration ? "&signature_expiration=" + *file.expiration : "");
    };
    CHECK(engine.app(sandbox.id, 49983, "GET", target(sandbox.token)).body == "signed");
    CHECK(engine.exchange("GET", target(sandbox.token), "Host: 127.0.0.1\r\n", "").body == "signed");
    CHECK(engine.app(other.id, 49983, "GET", target(sandbox.token)).status == 401);
    CHECK(engine.exchange("GET", target("nobody's token"), "Host: 127.0.0.1\r\n", "").status == 401);
    file.expiration = "1000";
    CHECK(engine.exchange("GET", target(sandbox.token), "Host: 127.0.0.1\r\n", "").status == 401);
}

TEST_CASE("private traffic needs the sandbox's traffic token") {
    EngineFixture engine;
    if (!engine.start()) return;
    const HttpAnswer created =
        engine.api("POST", "/v2/sandboxes",
                   R"({"templateID":"base","allow_internet_access":false,"network":{"allowPublicTraffic":false}})");
    REQUIRE(created.status == 201);
    const Json access = Json::parse(created.body);
    const std::string id = access.at("sandboxID");
    const std::string token = access.at("trafficAccessToken");
    CHECK(engine.app(id, 3000, "GET", "/").status == 403);
    CHECK(engine.app(id, 3000, "GET", "/", "e2b-traffic-access-token: " + token + "\r\n").status == 502);
    CHECK(engine.app(id, 49983, "GET", "/health").status == 204);
}

TEST_CASE("an app's log is served while it lives and kept when it is gone") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    const MadeSandbox sly = engine.create();
    int code = 0;
    engine.run(sandbox, "printf 'first\\nsecond \\377\\n' > /home/user/app.log", code);
    REQUIRE(code == 0);
    // An app cannot make the engine read a file of the host in its place.
    engine.run(sly, "ln -s /etc/hostname /home/user/app.log", code);
    REQUIRE(code == 0);
    const auto lines = [&](const std::string& id) {
        const HttpAnswer answer = engine.api("GET", "/sandboxes/" + id + "/logs");
        std::vector<std::string> messages;
        if (answer.status != 200) return std::vector<std::string>{"status " + std::to_string(answer.status)};
        const Json parsed = Json::parse(answer.body);
        for (const Json& item : parsed.at("logs")) {
            const Json line = Json::parse(item.at("line").get<std::string>());
            CHECK(line.at("level").is_string());
            CHECK(line.at("logger") == "app");
            messages.push_back(line.at("message"));
        }
        return messages;
    };
    const std::vector<std::string> expected{"first", "second \xef\xbf\xbd"};
    CHECK(lines(sandbox.id) == expected);
    CHECK(lines(sly.id).empty());
    CHECK(Json::parse(engine.api("GET", "/v2/sandboxes/" + sandbox.id + "/logs?search=first").body).at("logs").size() ==
          1);
    CHECK(Json::parse(engine.api("GET", "/v2/sandboxes/" + sandbox.id + "/logs?level=warn").body).at("logs").empty());
    CHECK(engine.api("DELETE", "/sandboxes/" + sandbox.id).status == 204);
    CHECK(engine.api("DELETE", "/sandboxes/" + sly.id).status == 204);
    CHECK(lines(sandbox.id) == expected);
    CHECK(lines(sly.id) == std::vector<std::string>{"status 404"});
    CHECK(lines("inone") == std::vector<std::string>{"status 404"});
}
