// Every call of the client's control plane, for a judge that stands in between. openapi.test.mjs runs this program.
#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::sandbox;
using namespace std::chrono_literals;

TEST_SUITE("openapi") {
    TEST_CASE("each call of the control plane is made") {
        const Environment environment = Environment::of_process();
        // A mock answers everything alike; only a real server knows what it did.
        const bool mocked = environment.get_or("SPAWNAI_OPENAPI_MOCK", "") == "1";
        const auto transport = net::make_curl_transport(environment);
        const auto provider = make_e2b_provider(e2b_options(environment, Secret(environment.get_or("E2B_API_KEY", ""))),
                                                *transport, system_clock());
        SandboxRequest request;
        request.lifetime = 120s;
        request.metadata = {{"session", "s-1"}, {"odd key", "a b&c=d%20/\xc3\xbc+"}};
        request.environment = {{"PORT", "3000"}};
        const auto box = provider->create(request, {});
        REQUIRE(box);
        const SandboxId id = box->id();
        if (mocked) {
            request.internet = true;
            request.on_timeout = OnTimeout::pause;
            CHECK(provider->create(request, {}));
        }
        CHECK(provider->get(id, {}));
        CHECK_FALSE(provider->list({}, {}).empty());
        CHECK_FALSE(provider->list(request.metadata, {}).empty());
        CHECK(provider->set_timeout(id, 300s, {}));
        CHECK_FALSE(provider->metrics(id, {}).empty());
        CHECK_NOTHROW((void)provider->retained_log(id, {}));
        CHECK(provider->attach(id, {}));
        CHECK(provider->resume(id, 400s, {}));
        // The engine cannot pause.
        if (mocked) CHECK(provider->pause(id, {}));
        CHECK(provider->kill(id, {}));
        if (mocked) return;
        CHECK_FALSE(provider->get(id, {}));
        CHECK_FALSE(provider->kill(id, {}));
        CHECK_FALSE(provider->set_timeout(id, 60s, {}));
        CHECK_FALSE(provider->resume(id, 60s, {}));
    }
}
