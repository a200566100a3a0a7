#include "support/manual_clock.hpp"
#include "support/provider_contract.hpp"
#include "support/scripted_cloud.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>
#include <spawnai/sandbox/examine.hpp>

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <atomic>
#include <csignal>
#include <latch>
#include <map>
#include <thread>

using namespace spawnai;
using namespace spawnai::sandbox;
using namespace std::chrono_literals;
using testing::data_frame;
using testing::end_frame;
using testing::kind_thrown;
using testing::ScriptedCloud;
using testing::ServedConnection;
using testing::ServedRequest;

namespace {

const std::string k_created = R"({"templateID":"base","sandboxID":"iabc","clientID":"c","envdVersion":"0.6.13",)"
                              R"("envdAccessToken":"envd-token","domain":"localhost:4000"})";
const std::string k_unknown =
    R"({"code":404,"message":"Sandbox \"iabc\" doesn't exist or you don't have access to it"})";
const std::string k_gone = R"({"sandboxId":"iabc","message":"The sandbox was not found","code":502})";
const std::string k_started = R"({"event":{"start":{"pid":1234}}})";
const std::string k_hi = R"({"event":{"data":{"stdout":"aGkK"}}})";
const std::string k_ended = R"({"event":{"end":{"exited":true,"status":"exit status 0"}}})";

std::string detail(const std::string& id, const std::string& more = "") {
    return R"({"templateID":"base","sandboxID":")" + id +
           R"(","clientID":"c","startedAt":"2026-01-02T03:04:05Z","endAt":"2026-01-02T03:09:05Z","state":"running",)"
           R"("cpuCount":2,"memoryMB":512,"diskSizeMB":1024,"envdVersion":"0.6.13")" +
           more + "}";
}

/// A client of a scripted server.
struct Client {
    ScriptedCloud cloud;
    testing::ManualClock clock;
    std::unique_ptr<net::Transport> transport = net::make_curl_transport(Environment());
    std::unique_ptr<Provider> provider = make(cloud.url());

    std::unique_ptr<Provider> make(const std::string& api_url,
                                   std::chrono::milliseconds patience = std::chrono::seconds(60)) {
        E2bOptions options;
        options.request_timeout = patience;
        options.api_url = api_url;
        options.api_key = Secret("e2b_0123secret");
        return make_e2b_provider(options, *transport, clock);
    }
    std::unique_ptr<Sandbox> box() {
        cloud.on("POST /v2/sandboxes", 201, k_created);
        return provider->create({}, {});
    }
};

struct Said {
    ErrorKind kind = ErrorKind::internal;
    std::string text{};
    std::string hint{};
};

template <class Act>
Said said_by(Act act) {
    try {
        act();
    } catch (const Error& error) {
        CHECK(std::string(error.what()).find("secret") == std::string::npos);
        return {error.kind(), error.what(), error.hint()};
    }
    FAIL("nothing was thrown");
    return {};
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

Command command(const std::string& shell) {
    Command made;
    made.shell = shell;
    return made;
}

/// Remembers where requests went; answers none of them.
class Recorder : public net::Transport {
 public:
    net::Response send(const net::Request& request, std::stop_token /*stop*/) override {
        urls.push_back(request.url);
        return {status, {}, body};
    }
    net::Response stream(const net::Request& request, const net::HeadSink&, const net::BodySink&,
                         std::stop_token stop) override {
        return send(request, stop);
    }
    int status = 201;
    std::string body{};
    std::vector<std::string> urls{};
};

}  // namespace

TEST_SUITE("control plane") {
    TEST_CASE("a sandbox is created with the key and reached on loopback by headers") {
        Client client;
        const auto box = client.box();
        CHECK(box->id().str() == "iabc");
        CHECK(box->url(3000) == "http://3000-iabc.localhost:4000");
        const auto asked = client.cloud.requests("POST /v2/sandboxes");
        REQUIRE(asked.size() == 1);
        CHECK(asked[0].header("x-api-key") == "e2b_0123secret");
        CHECK(asked[0].header("content-type") == "application/json");
        CHECK(Json::parse(asked[0].body)["templateID"] == "base");
        client.cloud.on("GET /health", 204);
        CHECK(box->alive({}));
        const auto health = client.cloud.requests("GET /health");
        REQUIRE(health.size() == 1);
        CHECK(health[0].header("e2b-sandbox-id") == "iabc");
        CHECK(health[0].header("e2b-sandbox-port") == "49983");
        CHECK(health[0].header("x-access-token") == "envd-token");
        CHECK(health[0].header("x-api-key").empty());
    }

    TEST_CASE("hosts follow the domain of the answer") {
        struct Row {
            const char* domain;
            const char* envd;
            const char* app;
        };
        const std::vector<Row> rows = {
            {"null", "https://sandbox.e2b.app/health", "https://3000-iabc.e2b.app"},
            {"\"e2b.dev\"", "https://sandbox.e2b.dev/health", "https://3000-iabc.e2b.dev"},
            {"\"cluster.example\"", "https://49983-iabc.cluster.example/health", "https://3000-iabc.cluster.example"},
        };
        const testing::ManualClock clock;
        for (const Row& row : rows) {
            CAPTURE(row.domain);
            Recorder recorder;
            recorder.body =
                std::string(R"({"sandboxID":"iabc","envdVersion":"0.6.13","envdAccessToken":"t","domain":)") +
                row.domain + "}";
            const auto provider = make_e2b_provider(e2b_options(Environment(), Secret("k")), recorder, clock);
            const auto box = provider->create({}, {});
            recorder.status = 204;
            CHECK(box->alive({}));
            CHECK(recorder.urls == std::vector<std::string>{"https://api.e2b.app/v2/sandboxes", row.envd});
            CHECK(box->url(3000) == row.app);
        }
        const E2bOptions own = e2b_options(
            Environment(std::map<std::string, std::string>{{"E2B_DOMAIN", "Cluster.Example"}}), Secret("k"));
        CHECK(own.api_url == "https://api.cluster.example");
        const E2bOptions all = e2b_options(
            Environment({{"E2B_API_URL", "https://a.example/path/"}, {"E2B_SANDBOX_URL", "https://s.example/"}}),
            Secret("k"));
        CHECK(all.api_url == "https://a.example/path");
        CHECK(all.sandbox_url == "https://s.example");
        Recorder recorder;
        recorder.body = R"({"sandboxID":"iabc","envdVersion":"0.6.13","envdAccessToken":"t"})";
        const auto box = make_e2b_provider(all, recorder, clock)->create({}, {});
        recorder.status = 204;
        CHECK(box->alive({}));
        CHECK(recorder.urls ==
              std::vector<std::string>{"https://a.example/path/v2/sandboxes", "https://s.example/health"});
        for (const char* bad : {"ftp://x", "not a url", ""}) {
            E2bOptions options;
            options.api_url = bad;
            CHECK(kind_thrown([&] { (void)make_e2b_provider(options, recorder, clock); }) == ErrorKind::usage);
        }
    }

    TEST_CASE("an older server is spoken to by its older paths from then on") {
        for (const int status : {404, 405}) {
            CAPTURE(status);
            Client client;
            client.cloud.on("POST /v2/sandboxes", status, status == 404 ? R"({"code":404,"message":"no route"})" : "");
            client.cloud.on("POST /sandboxes", 201, k_created);
            CHECK(client.provider->create({}, {})->id().str() == "iabc");
            CHECK(client.provider->create({}, {})->id().str() == "iabc");
            CHECK(client.cloud.count("POST /v2/sandboxes") == 1);
            const auto asked = client.cloud.requests("POST /sandboxes");
            REQUIRE(asked.size() == 2);
            CHECK(Json::parse(asked[0].body)["secure"] == true);
        }
    }

    TEST_CASE("a missing template is no reason to try older paths") {
        Client client;
        client.cloud.on("POST /v2/sandboxes", 404, R"({"code":404,"message":"template 'nope' not found"})");
        const Said said = said_by([&] { (void)client.provider->create({}, {}); });
        CHECK(said.kind == ErrorKind::not_found);
        CHECK(mentions(said.text, "template 'nope' not found"));
        CHECK(client.cloud.count("POST /sandboxes") == 0);
    }

    TEST_CASE("a server that is no E2B server is called that") {
        Client client;
        CHECK(said_by([&] { (void)client.provider->create({}, {}); }).kind == ErrorKind::unavailable);
        CHECK(
            mentions(said_by([&] { (void)client.provider->kill(SandboxId::parse("iabc"), {}); }).hint, "E2B_API_URL"));
        CHECK(said_by([&] { (void)client.provider->get(SandboxId::parse("iabc"), {}); }).kind ==
              ErrorKind::unavailable);
        CHECK(said_by([&] { (void)client.provider->list({}, {}); }).kind == ErrorKind::unavailable);
        client.cloud.on("POST /v2/sandboxes", 200, "<html>please log in</html>");
        CHECK(said_by([&] { (void)client.provider->create({}, {}); }).kind == ErrorKind::unavailable);
        client.cloud.on("POST /v2/sandboxes", 301, "", {"Location: https://elsewhere.example/"});
        CHECK(mentions(said_by([&] { (void)client.provider->create({}, {}); }).hint, "E2B_API_URL"));
    }

    TEST_CASE("a sandbox that is not secured or too old is ended again") {
        for (const std::string answer : {R"({"sandboxID":"iabc","envdVersion":"0.6.13"})",
                                         R"({"sandboxID":"iabc","envdVersion":"0.0.9","envdAccessToken":"t"})"}) {
            CAPTURE(answer);
            Client client;
            client.cloud.on("POST /v2/sandboxes", 201, answer);
            client.cloud.on("DELETE /sandboxes/iabc", 204);
            CHECK(said_by([&] { (void)client.provider->create({}, {}); }).kind == ErrorKind::unavailable);
            CHECK(client.cloud.count("DELETE /sandboxes/iabc") == 1);
        }
    }

    TEST_CASE("creation is repeated only when surely nothing was created") {
        struct Row {
            int status;
            const char* body;
            std::vector<std::string> headers;
            std::size_t asked;
            ErrorKind kind;
        };
        const std::vector<Row> rows = {
            {429, R"({"code":429,"message":"Rate limit exceeded"})", {"Retry-After: 2"}, 3, ErrorKind::limit},
            {429,
             R"({"code":429,"message":"maximum number of concurrent E2B sandboxes (20)."})",
             {},
             1,
             ErrorKind::limit},
            {503,
             R"({"code":503,"message":"no capacity","error_code":"sandbox_capacity_unavailable"})",
             {},
             3,
             ErrorKind::unavailable},
            {503, "upstream reset", {}, 1, ErrorKind::unavailable},
            {502, "", {}, 1, ErrorKind::unavailable},
            {504, R"({"code":504,"message":"placement"})", {}, 1, ErrorKind::unavailable},
            {500, R"({"code":500,"message":"oops"})", {}, 1, ErrorKind::unavailable},
            {401, R"({"code":401,"message":"Invalid API key"})", {}, 1, ErrorKind::auth},
        };
        for (const Row& row : rows) {
            CAPTURE(row.status);
            CAPTURE(row.body);
            Client client;
            client.cloud.on("POST /v2/sandboxes", row.status, row.body, row.headers);
            CHECK(said_by([&] { (void)client.provider->create({}, {}); }).kind == row.kind);
            CHECK(client.cloud.count("POST /v2/sandboxes") == row.asked);
        }
        Client client;
        client.cloud.on("POST /v2/sandboxes",
                        [](ServedConnection& connection, const ServedRequest&) { connection.cut(); });
        CHECK(said_by([&] { (void)client.provider->create({}, {}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("a create call that a kept connection swallows is not sent again") {
        Client client;
        client.cloud.on("GET /v2/sandboxes", 200, "[]");
        client.cloud.on("POST /v2/sandboxes",
                        [](ServedConnection& connection, const ServedRequest&) { connection.cut(); });
        (void)client.provider->list({}, {});
        CHECK(said_by([&] { (void)client.provider->create({}, {}); }).text.find("without an answer") !=
              std::string::npos);
        CHECK(client.cloud.count("POST /v2/sandboxes") == 1);
    }

    TEST_CASE("a refusal says that nothing was made and a silence does not") {
        const auto surely_nothing = [](Provider& provider) {
            try {
                (void)provider.create({}, {});
            } catch (const sandbox::NotCreated&) {
                return true;
            } catch (const Error&) {
                return false;
            }
            return false;
        };
        const std::map<int, bool> table{{301, true},  {400, true}, {401, true},  {404, true},
                                        {408, false}, {429, true}, {500, false}, {502, false}};
        for (const auto& row : table) {
            const int status = row.first;
            CAPTURE(status);
            Client client;
            client.cloud.on("POST /v2/sandboxes", status, fmt::format(R"({{"code":{},"message":"template"}})", status));
            CHECK(surely_nothing(*client.provider) == row.second);
        }
        Client client;
        client.cloud.on("POST /v2/sandboxes", 201, "{}");
        CHECK_FALSE(surely_nothing(*client.provider));
        const auto nobody = client.make("http://127.0.0.1:1");
        CHECK(surely_nothing(*nobody));
    }

    TEST_CASE("a daemon that answers a byte at a time is not waited for without end") {
        Client client;
        const auto drip = [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200, {"Content-Type: application/json"});
            while (connection.chunk(" ")) std::this_thread::sleep_for(std::chrono::milliseconds(20));
        };
        client.cloud.on("POST /v2/sandboxes", 201, k_created);
        client.cloud.on("GET /health", 204);
        for (const char* route : {"POST /files", "POST /filesystem.Filesystem/Move", "GET /files"})
            client.cloud.on(route, drip);
        const auto hasty = client.make(client.cloud.url(), std::chrono::milliseconds(300));
        const auto box = hasty->create({}, {});
        const sandbox::FileUpload file{"/app/a", "x"};
        CHECK(said_by([&] { box->write_files({&file, 1}, {}); }).text.find("took longer") != std::string::npos);
        CHECK(said_by([&] { box->move("/a", "/b", {}); }).text.find("took longer") != std::string::npos);
        CHECK(said_by([&] { (void)box->read_file("/a", 1000, {}); }).text.find("took longer") != std::string::npos);
    }

    TEST_CASE("an older create does not make the list an older one") {
        Client client;
        client.cloud.on("POST /sandboxes", 201, k_created);
        client.cloud.on("GET /v2/sandboxes", 200, "[]");
        (void)client.provider->create({}, {});
        CHECK(client.provider->list({}, {}).empty());
        CHECK(client.cloud.count("GET /sandboxes") == 0);
        (void)client.provider->create({}, {});
        CHECK(client.cloud.count("POST /v2/sandboxes") == 1);
    }

    TEST_CASE("a cloud is examined without making anything") {
        Client client;
        sandbox::E2bOptions options;
        options.api_url = client.cloud.url();
        options.domain = fmt::format("localhost:{}", client.cloud.port());
        options.api_key = Secret("e2b_0123secret");
        client.cloud.on("GET /v2/sandboxes", 200, "[]", {"Date: Fri, 15 Jan 2027 07:59:00 GMT"});
        client.cloud.on("GET /health", 502, k_gone);
        client.cloud.on("GET /", 502, k_gone);
        const auto found = sandbox::examine_cloud(options, *client.transport, client.clock, {});
        REQUIRE(found.addresses.size() == 3);
        for (const auto& look : found.addresses) CHECK_MESSAGE(!look.fault, look.message);
        CHECK(found.clock_ahead == std::chrono::seconds(60));
        client.cloud.on("GET /v2/sandboxes", 401, R"({"code":401,"message":"Invalid API key"})");
        client.cloud.on("GET /health", 403, "<html></html>", {"Content-Type: text/html"});
        const auto refused = sandbox::examine_cloud(options, *client.transport, client.clock, {});
        REQUIRE(refused.addresses[0].fault);
        CHECK(refused.addresses[0].fault->kind() == ErrorKind::auth);
        CHECK(refused.addresses[1].fault);
        CHECK_FALSE(refused.addresses[2].fault);
    }

    TEST_CASE("a call that may run twice is repeated after a bad moment") {
        Client client;
        std::atomic<int> calls{0};
        client.cloud.on("GET /sandboxes/iabc", [&](ServedConnection& connection, const ServedRequest&) {
            if (++calls < 3)
                connection.respond(503, "");
            else
                connection.respond(200, detail("iabc"));
        });
        CHECK(client.provider->get(SandboxId::parse("iabc"), {}));
        CHECK(calls == 3);
        CHECK(client.clock.sleeps().size() == 2);
    }

    TEST_CASE("lists follow their pages and end even if the server's do not") {
        Client client;
        client.cloud.on("GET /v2/sandboxes", [&](ServedConnection& connection, const ServedRequest& request) {
            if (request.target.find("nextToken=t%2F2") != std::string::npos)
                connection.respond(200, "[" + detail("ithree") + "]");
            else
                connection.respond(200, "[" + detail("ione") + "," + detail("itwo") + "]", {"X-Next-Token: t/2"});
        });
        CHECK(client.provider->list({{"k", "v 1"}}, {}).size() == 3);
        CHECK(mentions(client.cloud.requests("GET /v2/sandboxes")[1].target, "metadata=k%3Dv%2525201"));

        std::atomic<int> page{0};
        client.cloud.on("GET /v2/sandboxes", [&](ServedConnection& connection, const ServedRequest&) {
            connection.respond(200, "[]", {"X-Next-Token: " + std::to_string(++page)});
        });
        CHECK(said_by([&] { (void)client.provider->list({}, {}); }).kind == ErrorKind::unavailable);
        client.cloud.on("GET /v2/sandboxes", 200, "[]", {"X-Next-Token: same"});
        CHECK(client.provider->list({}, {}).empty());
    }

    TEST_CASE("a server that is older in one thing may be newer in another") {
        Client client;
        client.cloud.on("POST /sandboxes", 201, k_created);
        client.cloud.on("GET /v2/sandboxes", 200, "[" + detail("ipaused") + "]");
        (void)client.provider->create({}, {});
        CHECK(client.provider->list({}, {}).size() == 1);
        CHECK(client.cloud.count("GET /sandboxes") == 0);

        // The older list knows neither pages nor their size.
        Client older;
        older.cloud.on("GET /sandboxes", 200, "[" + detail("ione") + "]");
        CHECK(older.provider->list({}, {}).size() == 1);
        CHECK(older.provider->list({{"k", "v 1"}}, {}).size() == 1);
        CHECK(older.cloud.count("GET /v2/sandboxes") == 1);
        const auto asked = older.cloud.requests("GET /sandboxes");
        REQUIRE(asked.size() == 2);
        CHECK(asked[0].target == "/sandboxes");
        CHECK(asked[1].target == "/sandboxes?metadata=k%3Dv%2525201");
        older.cloud.on("POST /v2/sandboxes", 201, k_created);
        CHECK(older.provider->create({}, {})->id().str() == "iabc");
    }

    TEST_CASE("unknown is told apart from success and from nonsense") {
        Client client;
        const SandboxId id = SandboxId::parse("iabc");
        client.cloud.on("DELETE /sandboxes/iabc", 204);
        client.cloud.on("POST /sandboxes/iabc/timeout", 204);
        client.cloud.on("POST /sandboxes/iabc/pause", 204);
        client.cloud.on("POST /v2/sandboxes/iabc/connect", 200, k_created);
        CHECK(client.provider->kill(id, {}));
        CHECK(client.provider->set_timeout(id, 90s, {}));
        CHECK(Json::parse(client.cloud.requests("POST /sandboxes/iabc/timeout")[0].body)["timeout"] == 90);
        CHECK(client.provider->pause(id, {}));
        CHECK(client.provider->resume(id, 60s, {}));
        for (const char* route : {"DELETE /sandboxes/iabc", "POST /sandboxes/iabc/timeout",
                                  "POST /sandboxes/iabc/pause", "POST /v2/sandboxes/iabc/connect",
                                  "GET /sandboxes/iabc", "GET /sandboxes/iabc/metrics", "GET /sandboxes/iabc/logs"})
            client.cloud.on(route, 404, k_unknown);
        CHECK_FALSE(client.provider->kill(id, {}));
        CHECK_FALSE(client.provider->set_timeout(id, 90s, {}));
        CHECK_FALSE(client.provider->pause(id, {}));
        CHECK_FALSE(client.provider->resume(id, 60s, {}));
        CHECK_FALSE(client.provider->get(id, {}));
        CHECK_FALSE(client.provider->attach(id, {}));
        CHECK(client.provider->retained_log(id, {}).empty());
        CHECK(said_by([&] { (void)client.provider->metrics(id, {}); }).kind == ErrorKind::not_found);
        CHECK(client.cloud.count("POST /sandboxes/iabc/connect") == 0);
    }

    TEST_CASE("pausing twice is fine and a provider that cannot pause says so") {
        Client client;
        const SandboxId id = SandboxId::parse("iabc");
        client.cloud.on("POST /sandboxes/iabc/pause", 409, R"({"code":409,"message":"already paused"})");
        client.cloud.on("GET /sandboxes/iabc", 200, detail("iabc", R"(,"state":"paused")"));
        CHECK(client.provider->pause(id, {}));
        CHECK(said_by([&] { (void)client.provider->attach(id, {}); }).kind == ErrorKind::usage);
        client.cloud.on("GET /sandboxes/iabc", 200, detail("iabc"));
        CHECK(said_by([&] { (void)client.provider->pause(id, {}); }).kind == ErrorKind::unavailable);
        client.cloud.on("POST /sandboxes/iabc/pause", 501, R"({"code":501,"message":"not supported"})");
        CHECK(said_by([&] { (void)client.provider->pause(id, {}); }).kind == ErrorKind::usage);
    }

    TEST_CASE("attaching uses the token of the answer or asks for it without touching the lifetime") {
        Client client;
        const SandboxId id = SandboxId::parse("iabc");
        client.cloud.on("GET /health", 204);
        client.cloud.on("GET /sandboxes/iabc", 200, detail("iabc", R"(,"envdAccessToken":"from-get")"));
        CHECK(client.provider->attach(id, {})->alive({}));
        CHECK(client.cloud.requests("GET /health")[0].header("x-access-token") == "from-get");
        client.cloud.on("GET /sandboxes/iabc", 200, detail("iabc"));
        client.cloud.on("POST /sandboxes/iabc/connect", 200, k_created);
        CHECK(client.provider->attach(id, {})->alive({}));
        CHECK(client.cloud.requests("GET /health")[1].header("x-access-token") == "envd-token");
        CHECK(Json::parse(client.cloud.requests("POST /sandboxes/iabc/connect")[0].body)["timeout"] == 1);
        client.cloud.on("POST /sandboxes/iabc/connect", 200, R"({"sandboxID":"iabc","envdVersion":"0.6.13"})");
        CHECK(said_by([&] { (void)client.provider->attach(id, {}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("a stop ends a call that the server does not answer") {
        Client client;
        client.cloud.on("POST /v2/sandboxes",
                        [](ServedConnection& connection, const ServedRequest&) { connection.hold(); });
        std::stop_source stop;
        std::jthread stopper([&] {
            CHECK(client.cloud.wait_for("POST /v2/sandboxes", 10s));
            stop.request_stop();
        });
        CHECK_THROWS_AS((void)client.provider->create({}, stop.get_token()), Interrupted);
    }
}

TEST_SUITE("envd files") {
    TEST_CASE("many files go up in one request with their length") {
        Client client;
        const auto box = client.box();
        client.cloud.on("POST /files", 200, "[]");
        const std::vector<FileUpload> files = {{"/app/a", "old"},
                                               {"/app/b \xc3\xbc", std::string("\0\r\n--x", 6)},
                                               {"/app/a", "new"},
                                               {"/app/q\"q", "quoted"}};
        box->write_files(files, {});
        const auto asked = client.cloud.requests("POST /files");
        REQUIRE(asked.size() == 2);
        CHECK(asked[0].target == "/files?path=%2Fapp%2Fq%22q");
        CHECK(mentions(asked[0].body, "quoted"));
        CHECK(asked[1].target == "/files");
        CHECK_FALSE(asked[1].chunked);
        CHECK(asked[1].header("content-type").starts_with("multipart/form-data; boundary="));
        CHECK(asked[1].header("x-access-token") == "envd-token");
        CHECK(mentions(asked[1].body, "filename=\"/app/b \xc3\xbc\""));
        CHECK(mentions(asked[1].body, "new"));
        CHECK_FALSE(mentions(asked[1].body, "old"));
        box->write_files({}, {});
        CHECK(client.cloud.count("POST /files") == 2);
    }

    TEST_CASE("a full disk is a limit and an upload that broke is sent once more") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /health", 204);
        const std::vector<FileUpload> files = {{"/app/a", std::string(1U << 20U, 'x')}};
        client.cloud.on("POST /files", 507, R"({"code":507,"message":"not enough disk space available"})");
        CHECK(said_by([&] { box->write_files(files, {}); }).kind == ErrorKind::limit);
        std::atomic<int> calls{0};
        client.cloud.on("POST /files", [&](ServedConnection& connection, const ServedRequest&) {
            if (++calls == 1)
                connection.cut();
            else
                connection.respond(200, "[]");
        });
        CHECK_NOTHROW(box->write_files(files, {}));
        CHECK(calls == 2);
    }

    TEST_CASE("a sandbox that is gone is said to be gone") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /files", 502, k_gone);
        CHECK(said_by([&] { (void)box->read_file("/x", 10, {}); }).kind == ErrorKind::not_found);
        client.cloud.on("GET /health", 502, k_gone);
        CHECK_FALSE(box->alive({}));
        // The connection breaks first, and the health call tells why.
        client.cloud.on("GET /files", [](ServedConnection& connection, const ServedRequest&) { connection.cut(); });
        CHECK(said_by([&] { (void)box->read_file("/x", 10, {}); }).kind == ErrorKind::not_found);
        client.cloud.on("GET /health", 502, "<html>Bad Gateway</html>", {"Content-Type: text/html"});
        CHECK(said_by([&] { (void)box->alive({}); }).kind == ErrorKind::unavailable);
        client.cloud.on("GET /health", 502,
                        R"({"sandboxId":"iabc","message":"port is not open","port":49983,"code":502})");
        CHECK(said_by([&] { (void)box->alive({}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("reading keeps to its limit whatever the server sends") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /files", 200, "content");
        CHECK(box->read_file("/a b", 7, {}) == "content");
        CHECK(client.cloud.requests("GET /files")[0].target == "/files?path=%2Fa%20b");
        CHECK(said_by([&] { (void)box->read_file("/a", 6, {}); }).kind == ErrorKind::limit);
        client.cloud.on("GET /files", [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            const std::string block(1U << 20U, 'x');
            while (connection.chunk(block)) {
            }
        });
        CHECK(said_by([&] { (void)box->read_file("/dev/zero", 100'000, {}); }).kind == ErrorKind::limit);
        client.cloud.on("GET /files", 404, R"({"code":404,"message":"path '/x' does not exist"})");
        CHECK(said_by([&] { (void)box->read_file("/x", 6, {}); }).kind == ErrorKind::not_found);
        client.cloud.on("GET /files", 400, R"({"code":400,"message":"path '/x' is a directory"})");
        CHECK(said_by([&] { (void)box->read_file("/x", 6, {}); }).kind == ErrorKind::usage);
        client.cloud.on("GET /files", 401, R"({"code":401,"message":"unauthorized access"})");
        CHECK(said_by([&] { (void)box->read_file("/x", 6, {}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("file calls speak Connect and read its codes") {
        Client client;
        const auto box = client.box();
        client.cloud.on("POST /filesystem.Filesystem/ListDir", 200,
                        R"({"entries":[{"name":"a","type":"FILE_TYPE_FILE","path":"/app/a","size":"3"}]})");
        CHECK(box->list("/app", 2, {}).at(0).path == "/app/a");
        const auto asked = client.cloud.requests("POST /filesystem.Filesystem/ListDir");
        CHECK(Json::parse(asked[0].body) == Json{{"path", "/app"}, {"depth", 2}});
        CHECK(asked[0].header("connect-protocol-version") == "1");
        CHECK(asked[0].header("content-type") == "application/json");
        client.cloud.on("POST /filesystem.Filesystem/Move", 404, R"({"code":"not_found","message":"file not found"})");
        CHECK(said_by([&] { box->move("/a", "/b", {}); }).kind == ErrorKind::not_found);
        client.cloud.on("POST /filesystem.Filesystem/Remove", 200, "{}");
        CHECK_NOTHROW(box->remove("/a", {}));
        client.cloud.on("POST /filesystem.Filesystem/Remove", 404, "not found");
        CHECK(said_by([&] { box->remove("/a", {}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("a watch hands on what it is told and ends when it is told") {
        Client client;
        const auto box = client.box();
        const std::string route = "POST /filesystem.Filesystem/WatchDir";
        const auto event = [](const std::string& name, const std::string& type) {
            return data_frame(R"({"filesystem":{"name":")" + name + R"(","type":)" + type + "}}");
        };
        client.cloud.on(route, [&](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200, {"Content-Type: application/connect+json"});
            for (const std::string& frame :
                 {data_frame(R"({"start":{}})"), event("a", "\"EVENT_TYPE_CREATE\""), data_frame(R"({"keepalive":{}})"),
                  event("a", "2"), event("a", "\"EVENT_TYPE_OF_THE_FUTURE\""), event("b/c", "\"EVENT_TYPE_CHMOD\""),
                  event("a", "\"EVENT_TYPE_RENAME\""), event("a", "\"EVENT_TYPE_REMOVE\"")})
                connection.chunk(frame);
            connection.hold();
        });
        int begun = 0;
        std::vector<std::pair<std::string, ChangeType>> seen;
        box->watch(
            "/app", true, [&] { ++begun; },
            [&](const FileChange& change) {
                seen.emplace_back(change.name, change.type);
                return change.type != ChangeType::renamed;
            },
            {});
        CHECK(begun == 1);
        CHECK(seen == std::vector<std::pair<std::string, ChangeType>>{{"a", ChangeType::created},
                                                                      {"a", ChangeType::written},
                                                                      {"b/c", ChangeType::mode_changed},
                                                                      {"a", ChangeType::renamed}});
        const auto asked = client.cloud.requests(route);
        REQUIRE(asked.size() == 1);
        CHECK(asked[0].header("content-type") == "application/connect+json");
        CHECK(asked[0].header("connect-timeout-ms").empty());
        CHECK(asked[0].header("keepalive-ping-interval") == "50");
        CHECK(Json::parse(asked[0].body.substr(5)) == Json{{"path", "/app"}, {"recursive", true}});
    }

    TEST_CASE("a watch that ends by itself is an error with its reason") {
        Client client;
        const auto box = client.box();
        const auto watch = [&] {
            return said_by([&] { box->watch("/app", false, {}, [](const FileChange&) { return true; }, {}); });
        };
        const std::string route = "POST /filesystem.Filesystem/WatchDir";
        const std::string start = data_frame(R"({"start":{}})");
        client.cloud.on("GET /health", 204);
        client.cloud.on_stream(route, {end_frame(R"({"error":{"code":"not_found","message":"no /app"}})")});
        CHECK(watch().kind == ErrorKind::not_found);
        client.cloud.on_stream(route, {end_frame(R"({"error":{"code":"invalid_argument","message":"a file"}})")});
        CHECK(watch().kind == ErrorKind::usage);
        client.cloud.on_stream(route, {start, end_frame()});
        CHECK(watch().kind == ErrorKind::unavailable);
        client.cloud.on_stream(route, {start, data_frame("not json")});
        CHECK(watch().kind == ErrorKind::unavailable);
        client.cloud.on(route, [&](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(start);
            connection.cut();
        });
        CHECK(watch().kind == ErrorKind::unavailable);
        client.cloud.on("GET /health", 502, k_gone);
        CHECK(watch().kind == ErrorKind::not_found);
        client.cloud.on(route, 502, k_gone);
        CHECK(watch().kind == ErrorKind::not_found);
    }
}

TEST_SUITE("envd processes") {
    TEST_CASE("a command is followed whatever the split of its frames") {
        Client client;
        const auto box = client.box();
        const std::string all =
            data_frame(k_started) + data_frame(R"({"event":{"keepalive":{}}})") + data_frame(k_hi) +
            data_frame(R"({"event":{"data":{"stderr":"b2ggbm8K"}}})") +
            data_frame(R"({"event":{"end":{"exitCode":3,"exited":true,"status":"exit status 3"}}})") + end_frame();
        for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{50}, all.size()}) {
            CAPTURE(step);
            std::vector<std::string> pieces;
            for (std::size_t at = 0; at < all.size(); at += step) pieces.push_back(all.substr(at, step));
            client.cloud.on_stream("POST /process.Process/Start", pieces);
            const testing::Ran ran = testing::run_in(*box, "x");
            CHECK(ran.status.code == 3);
            CHECK(ran.status.text == "exit status 3");
            CHECK(ran.output == "hi\n");
            CHECK(ran.error_output == "oh no\n");
        }
    }

    TEST_CASE("the request is one frame with the limits of the command") {
        Client client;
        const auto box = client.box();
        client.cloud.on_stream("POST /process.Process/Start",
                               {data_frame(k_started), data_frame(k_ended), end_frame()});
        Command limited = command("noexit");
        limited.timeout = 2500ms;
        CHECK(testing::run_in(*box, limited).status.success());
        limited.timeout = 0ms;
        CHECK(testing::run_in(*box, limited).status.success());
        const auto asked = client.cloud.requests("POST /process.Process/Start");
        REQUIRE(asked.size() == 2);
        CHECK(asked[0].header("content-type") == "application/connect+json");
        CHECK(asked[0].header("connect-protocol-version") == "1");
        CHECK(asked[0].header("keepalive-ping-interval") == "50");
        CHECK(asked[0].header("connect-timeout-ms") == "2500");
        CHECK(asked[1].header("connect-timeout-ms").empty());
        CHECK(asked[0].header("authorization").empty());
        CHECK(asked[0].body.substr(0, 5) == std::string("\0\0\0\0\x49", 5));
        CHECK(Json::parse(asked[0].body.substr(5)) ==
              Json::parse(R"({"process":{"cmd":"/bin/bash","args":["-l","-c","noexit"]},"stdin":false})"));
    }

    TEST_CASE("old daemons are told the user") {
        Client client;
        client.cloud.on("POST /v2/sandboxes", 201,
                        R"({"sandboxID":"iabc","envdVersion":"0.3.0","envdAccessToken":"t","domain":"localhost:1"})");
        const auto box = client.provider->create({}, {});
        client.cloud.on_stream("POST /process.Process/Start",
                               {data_frame(k_started), data_frame(k_ended), end_frame()});
        CHECK(testing::run_in(*box, "x").status.success());
        CHECK(client.cloud.requests("POST /process.Process/Start")[0].header("authorization") == "Basic dXNlcjo=");
    }

    TEST_CASE("a command whose time was over is a value") {
        Client client;
        const auto box = client.box();
        client.cloud.on_stream(
            "POST /process.Process/Start",
            {data_frame(k_started), end_frame(R"({"error":{"code":"deadline_exceeded","message":"x"}})")});
        CHECK(testing::run_in(*box, "x").status.code == -1);
        // Without a limit asked for, nobody may end it like that.
        Command unlimited = command("x");
        unlimited.timeout = 0ms;
        CHECK(said_by([&] { (void)testing::run_in(*box, unlimited); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("errors at the start come out with their kind") {
        Client client;
        const auto box = client.box();
        client.cloud.on_stream(
            "POST /process.Process/Start",
            {end_frame(R"({"error":{"code":"invalid_argument","message":"cwd '/nope' does not exist"}})")});
        const Said said = said_by([&] { (void)testing::run_in(*box, "x"); });
        CHECK(said.kind == ErrorKind::usage);
        CHECK(mentions(said.text, "cwd '/nope' does not exist"));
        client.cloud.on("POST /process.Process/Start", 502, k_gone);
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::not_found);
        CHECK(said_by([&] { (void)box->start(command("x"), {}); }).kind == ErrorKind::not_found);
        client.cloud.on("POST /process.Process/Start", 401, R"({"code":401,"message":"unauthorized access"})");
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::unavailable);
        client.cloud.on("POST /process.Process/Start", 500, "<html>");
        CHECK(said_by([&] { (void)box->start(command("x"), {}); }).kind == ErrorKind::unavailable);
    }

    TEST_CASE("a broken stream is taken up again while the sandbox lives") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /health", 204);
        client.cloud.on("POST /process.Process/Start", [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started) + data_frame(k_hi));
            connection.cut();
        });
        client.cloud.on_stream("POST /process.Process/Connect",
                               {data_frame(k_started), data_frame(k_hi), data_frame(k_ended), end_frame()});
        const testing::Ran ran = testing::run_in(*box, "x");
        CHECK(ran.status.success());
        CHECK(ran.output == "hi\nhi\n");
        const auto asked = client.cloud.requests("POST /process.Process/Connect");
        REQUIRE(asked.size() == 1);
        CHECK(Json::parse(asked[0].body.substr(5)) == Json::parse(R"({"process":{"pid":1234}})"));
        CHECK(client.cloud.count("GET /health") == 1);
        // An orderly end without the end frame is a break, too.
        client.cloud.on_stream("POST /process.Process/Start", {data_frame(k_started)});
        CHECK(testing::run_in(*box, "x").status.success());
        client.cloud.on("GET /health", 502, k_gone);
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::not_found);
    }

    TEST_CASE("a process that cannot be found again is an error and not for ever") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /health", 204);
        client.cloud.on("POST /process.Process/SendSignal", 200, "{}");
        client.cloud.on_stream("POST /process.Process/Start", {data_frame(k_started)});
        client.cloud.on_stream(
            "POST /process.Process/Connect",
            {end_frame(R"({"error":{"code":"not_found","message":"process with pid 1234 not found"}})")});
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::not_found);
        client.cloud.on_stream("POST /process.Process/Connect", {});
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::unavailable);
        // Nothing at all came: nobody knows whether it was started, so it is not started twice.
        client.cloud.on_stream("POST /process.Process/Start", {});
        const std::size_t before = client.cloud.count("POST /process.Process/Start");
        CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::unavailable);
        CHECK(client.cloud.count("POST /process.Process/Start") == before + 1);
    }

    TEST_CASE("streams of nonsense are errors") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /health", 204);
        client.cloud.on("POST /process.Process/SendSignal", 200, "{}");
        const std::vector<std::string> nonsense = {
            "HTTP/1.1 200 OK\r\n",
            std::string("\0\xff\xff\xff\xff", 5) + "x",
            std::string("\x04\0\0\0\0", 5),
            std::string("\x01\0\0\0\x02{}", 7),
            data_frame("not json"),
            data_frame(R"({"event":{"data":{"stdout":"%%%"}}})"),
            data_frame(k_started) + end_frame("not json"),
            data_frame(k_started) + end_frame(),
        };
        for (const std::string& bytes : nonsense) {
            CAPTURE(bytes);
            client.cloud.on_stream("POST /process.Process/Start", {bytes});
            client.cloud.on_stream("POST /process.Process/Connect", {bytes});
            CHECK(said_by([&] { (void)testing::run_in(*box, "x"); }).kind == ErrorKind::unavailable);
        }
    }

    TEST_CASE("a stream without end ends with a stop and takes its command along") {
        Client client;
        const auto box = client.box();
        client.cloud.on("POST /process.Process/SendSignal", 200, "{}");
        client.cloud.on("POST /process.Process/Start", [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started));
            while (connection.chunk(data_frame(k_hi))) {
            }
        });
        std::stop_source stop;
        std::size_t seen = 0;
        CHECK_THROWS_AS((void)box->run(
                            command("yes"),
                            [&](Stream, std::string_view piece) {
                                seen += piece.size();
                                if (seen > 10'000) stop.request_stop();
                            },
                            stop.get_token()),
                        Interrupted);
        const auto signals = client.cloud.requests("POST /process.Process/SendSignal");
        REQUIRE(signals.size() == 1);
        CHECK(Json::parse(signals[0].body) == Json::parse(R"({"process":{"pid":1234},"signal":"SIGNAL_SIGKILL"})"));
        CHECK_THROWS_AS(
            (void)box->run(command("yes"), [](Stream, std::string_view) { throw std::runtime_error("sink"); }, {}),
            std::runtime_error);
    }

    TEST_CASE("a started process is handed out once it runs and goes on without its handle") {
        Client client;
        const auto box = client.box();
        std::latch go_on(1);
        client.cloud.on("POST /process.Process/Start", [&](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started) + data_frame(k_hi));
            go_on.wait();
            connection.chunk(data_frame(k_hi) + data_frame(k_ended) + end_frame());
            connection.end_chunks();
        });
        Command server = command("server");
        server.timeout = 0ms;
        {
            const auto process = box->start(server, {});
            CHECK(process->pid() == 1234);
            go_on.count_down();
            std::string said;
            CHECK(process->wait([&](Stream, std::string_view piece) { said += piece; }, {}).success());
            CHECK(said == "hi\nhi\n");
        }
        client.cloud.on("POST /process.Process/Start", [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started));
            connection.hold();
        });
        {
            const auto process = box->start(server, {});
            std::stop_source stop;
            stop.request_stop();
            CHECK_THROWS_AS((void)process->wait({}, stop.get_token()), Interrupted);
        }
        CHECK(client.cloud.count("POST /process.Process/SendSignal") == 0);
    }

    TEST_CASE("output that nobody takes does not pile up") {
        Client client;
        const auto box = client.box();
        std::latch sent(1);
        const std::string block = R"({"event":{"data":{"stdout":")" + std::string(32'000, 'A') + "\"}}}";
        client.cloud.on("POST /process.Process/Start", [&](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started));
            for (int i = 0; i < 600; ++i) connection.chunk(data_frame(block));
            connection.chunk(data_frame(k_hi) + data_frame(k_ended) + end_frame());
            connection.end_chunks();
            sent.count_down();
        });
        const auto process = box->start(command("chatty"), {});
        sent.wait();
        std::string said;
        std::size_t bytes = 0;
        CHECK(process
                  ->wait(
                      [&](Stream, std::string_view piece) {
                          bytes += piece.size();
                          said = piece;
                      },
                      {})
                  .success());
        CHECK(said == "hi\n");
        CHECK(bytes < 13'000'000);
    }

    TEST_CASE("signals and input reach the process or say that there is none") {
        Client client;
        const auto box = client.box();
        client.cloud.on("GET /health", 204);
        client.cloud.on("POST /process.Process/SendSignal", 200, "{}");
        CHECK(box->signal(7, SIGTERM, {}));
        client.cloud.on("POST /process.Process/SendSignal", 404,
                        R"({"code":"not_found","message":"process with pid 7 not found"})");
        CHECK_FALSE(box->signal(7, SIGTERM, {}));
        CHECK(said_by([&] { (void)box->signal(7, SIGHUP, {}); }).kind == ErrorKind::usage);
        client.cloud.on_stream(
            "POST /process.Process/Connect",
            {end_frame(R"({"error":{"code":"not_found","message":"process with pid 7 not found"}})")});
        CHECK(box->connect(7, {}) == nullptr);
        client.cloud.on("POST /process.Process/List", 200, R"({"processes":[{"config":{"cmd":"x"},"pid":7}]})");
        CHECK(box->processes({}).at(0).pid == 7);

        client.cloud.on("POST /process.Process/Connect", [](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200);
            connection.chunk(data_frame(k_started));
            connection.hold();
        });
        const auto process = box->connect(1234, {});
        REQUIRE(process);
        client.cloud.on("POST /process.Process/SendInput", 200, "{}");
        client.cloud.on("POST /process.Process/CloseStdin", 200, "{}");
        client.cloud.on("POST /process.Process/Update", 200, "{}");
        process->send_input(std::string(100'000, 'x'), {});
        CHECK(client.cloud.count("POST /process.Process/SendInput") == 2);
        process->close_input({});
        process->resize({132, 50}, {});
        CHECK(Json::parse(client.cloud.requests("POST /process.Process/Update")[0].body)["pty"]["size"]["cols"] == 132);
        client.cloud.on("POST /process.Process/SendInput", 404, R"({"code":"not_found","message":"x"})");
        CHECK(said_by([&] { process->send_input("x", {}); }).kind == ErrorKind::not_found);
    }
}
