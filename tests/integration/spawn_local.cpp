#include "support/temp_dir.hpp"

#include <spawnai/core/file.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <memory>

using namespace spawnai;
using namespace spawnai::pipeline;
using std::chrono::minutes;
using std::chrono::seconds;
using store::Status;

namespace {

class HttpProber : public UrlProber {
 public:
    explicit HttpProber(net::Transport& transport) : transport_(transport) {}
    ProbeAnswer get(const std::string& url, std::stop_token stop) override {
        const net::Response response = transport_.send({.url = url}, stop);
        return {response.status, response.header("Content-Type").value_or(""), response.body};
    }

 private:
    net::Transport& transport_;
};

class Quiet : public Observer {
 public:
    void on_event(const SpawnEvent&) noexcept override {}
};

/// A home of its own with a real engine, which ends with the object.
struct Home {
    Home()
        : environment({{"SPAWNAI_HOME", (directory.path() / "home").string()},
                       {"PATH", std::getenv("PATH") != nullptr ? std::getenv("PATH") : "/usr/bin:/bin"},
                       {"HOME", directory.path().string()}}),
          paths(Paths::resolve(environment)) {
        // The engine of root runs under another account, which has to pass.
        for (const auto& place : {directory.path(), directory.path() / "home"})
            std::filesystem::permissions(place, std::filesystem::perms(0711));
        options.location = engine::state_location(paths, environment, ::geteuid());
        options.executable = std::filesystem::path(SPAWNAI_BUILD_BIN) / "spawnai";
        options.agent = std::filesystem::path(SPAWNAI_BUILD_BIN) / "spawnai-agent";
        options.environment = environment;
        options.version = "test";
        const engine::EngineAddress address = engine::ensure_engine(options, {});
        transport = net::make_curl_transport(environment);
        provider = sandbox::make_e2b_provider(
            {.api_url = address.url, .domain = address.domain, .sandbox_url = address.url, .api_key = address.api_key},
            *transport, system_clock());
        prober = std::make_unique<HttpProber>(*transport);
    }
    ~Home() {
        try {
            (void)engine::stop_engine(options.location, true);
        } catch (const Error& error) {
            MESSAGE(error.what());
        }
    }
    Home(const Home&) = delete;
    Home& operator=(const Home&) = delete;

    [[nodiscard]] Surroundings with() {
        return Surroundings{.store = store,
                            .provider = *provider,
                            .place = {.provider = "local",
                                      .address = "local",
                                      .plan = PriceTable::built_in().plan("local"),
                                      .is_alive =
                                          [this](const SandboxId& id) {
                                              return engine::sandbox_alive(options.location.state_dir, id);
                                          }},
                            .run_dir = paths.run_dir,
                            .prober = *prober,
                            .why_no_model = "this is a test",
                            .log = log};
    }
    SpawnResult make(const std::string& prompt, std::optional<AppType> type = {}) {
        SpawnRequest request;
        request.prompt = prompt;
        request.type = type;
        request.user_tag = "test";
        return spawn(request, with(), observer, {});
    }

    test::TempDir directory;
    store::Store store{directory.path() / "home" / "spawnai.db"};
    Environment environment;
    Paths paths;
    engine::EngineOptions options;
    std::unique_ptr<net::Transport> transport;
    std::unique_ptr<sandbox::Provider> provider;
    std::unique_ptr<UrlProber> prober;
    Log log;
    Quiet observer;
};

}  // namespace

TEST_CASE("starters of every type live in real sandboxes from their URL to their end") {
    Home home;
    const SpawnResult page = home.make("todo app");
    const ProbeAnswer answer = home.prober->get(page.url + "/", {});
    CHECK(answer.status == 200);
    CHECK(answer.content_type == "text/html; charset=utf-8");
    CHECK(answer.body ==
          home.store.app(page.session.id, 1).app.find(home.store.app(page.session.id, 1).app.entry)->content);
    CHECK(home.prober->get(page.url + "/nothing-here", {}).status == 404);
    CHECK(home.prober->get(page.url + "/.spawnai", {}).status == 404);
    CHECK(page.session.cpu_count > 0);

    const SpawnResult api = home.make("REST todo API", AppType::api);
    CHECK(home.prober->get(api.url + "/health", {}).status == 200);

    const SpawnResult script = home.make("CSV statistics script", AppType::script);
    CHECK(script.session.exit_code == 0);
    CHECK_FALSE(script.output.empty());
    CHECK(home.prober->get(script.url + "/", {}).body.find("Exit code 0") != std::string::npos);

    // The page's log is what its server was asked.
    CHECK(read_log(home.with(), page.session.id, {}).find("GET /nothing-here 404") != std::string::npos);

    const store::Session before = home.store.get(page.session.id);
    const Extended longer = extend(home.with(), page.session.id, minutes(10), {});
    CHECK(*longer.session.expires_at - *before.expires_at >= minutes(10) - seconds(2));
    CHECK(longer.additional == Money{});

    CHECK(pipeline::kill(home.with(), page.session.id, {}).was_live);
    CHECK_FALSE(engine::sandbox_alive(home.options.location.state_dir, *page.session.sandbox_id));
    CHECK(home.store.kept_log(page.session.id)->text.find("GET / 200") != std::string::npos);

    SpawnRequest again;
    again.respawn_of = page.session.id;
    const SpawnResult second = spawn(again, home.with(), home.observer, {});
    CHECK(second.session.parent == page.session.id);
    CHECK(home.prober->get(second.url + "/", {}).body == answer.body);

    // What vanishes without us is noticed without asking the engine.
    CHECK(home.provider->kill(*api.session.sandbox_id, {}));
    const Reconciled result = reconcile(home.with(), Look::cheap, {});
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].session == api.session.id);
    CHECK(home.store.get(api.session.id).status == Status::lost);
    CHECK(home.store.get(api.session.id).actual_cost == Money{});

    (void)reconcile(home.with(), Look::full, {});
    CHECK(home.store.get(script.session.id).status == Status::ready);
    CHECK(home.store.get(second.session.id).status == Status::ready);
}

TEST_CASE("a spawned page is redeployed in place") {
    Home home;
    const SpawnResult page = home.make("todo app");
    store::StoredApp changed = home.store.app(page.session.id, 1);
    for (GeneratedFile& file : changed.app.files)
        if (file.path == changed.app.entry) file.content += "<!-- second -->\n";
    const int version = home.store.add_version(page.session.id, changed, "edit");
    (void)redeploy(home.with(), page.session.id, version, "undo", home.observer, {});
    CHECK(home.prober->get(page.url + "/", {}).body.ends_with("<!-- second -->\n"));
    (void)redeploy(home.with(), page.session.id, 1, "undo", home.observer, {});
    CHECK_FALSE(home.prober->get(page.url + "/", {}).body.ends_with("<!-- second -->\n"));
}

TEST_CASE("an api gives way to a version that answers and comes back after one that does not") {
    Home home;
    const SpawnResult api = home.make("REST todo API", AppType::api);
    store::StoredApp next = home.store.app(api.session.id, 1);
    const auto with_server = [&](const std::string& source) {
        store::StoredApp changed = next;
        changed.app.files = {{"server.js", source, false}};
        changed.app.start = "node server.js";
        return home.store.add_version(api.session.id, changed, "edit");
    };
    const int good =
        with_server("require('http').createServer((q, r) => r.end('second')).listen(process.env.PORT, '0.0.0.0');\n");
    const int bad = with_server("console.error('it broke');\nprocess.exit(7);\n");
    const store::Session second = redeploy(home.with(), api.session.id, good, "undo", home.observer, {});
    CHECK(second.app_url == api.url);
    CHECK(home.prober->get(api.url + "/health", {}).body == "second");
    try {
        (void)redeploy(home.with(), api.session.id, bad, "undo", home.observer, {});
        FAIL("a version that ends at once was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::not_ready);
        CHECK(error.evidence().find("it broke") != std::string::npos);
        CHECK(error.evidence().find("exit code 7") != std::string::npos);
    }
    CHECK(home.prober->get(api.url + "/health", {}).body == "second");
    CHECK(home.store.get(api.session.id).app_version == second.app_version);
}
