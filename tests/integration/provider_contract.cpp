#include "support/provider_contract.hpp"

#include "support/local_engine.hpp"

#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <thread>

using namespace spawnai;

namespace {

bool must_run() {
    return Environment::of_process().get_or("SPAWNAI_TESTS_MUST_RUN", "") == "1";
}

void check_over(const sandbox::E2bOptions& options, bool can_pause, bool keeps_log) {
    const auto transport = net::make_curl_transport(Environment::of_process());
    const auto provider = sandbox::make_e2b_provider(options, *transport, system_clock());
    testing::ContractSubject subject{
        *provider, true, can_pause, keeps_log, [](std::chrono::seconds time) {
            std::this_thread::sleep_for(std::max<std::chrono::milliseconds>(time, std::chrono::milliseconds(50)));
        }};
    subject.fetch = [&](const std::string& url) {
        net::Request request;
        request.url = url + "/";
        const net::Response response = transport->send(request, {});
        return std::pair(response.status, response.body);
    };
    testing::check_provider_contract(subject);
}

}  // namespace

TEST_SUITE("provider contract") {
    TEST_CASE("the local engine keeps the contract") {
        std::optional<testing::LocalEngine> engine;
        try {
            engine.emplace(SPAWNAI_BUILD_BIN);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::no_sandbox || must_run()) throw;
            MESSAGE("skipped: ", error.what());
            return;
        }
        sandbox::E2bOptions options;
        options.api_url = engine->address().url;
        options.domain = engine->address().domain;
        options.api_key = engine->address().api_key;
        check_over(options, true, true);
    }

    // Costs: eleven sandboxes of the smallest template for a few seconds each, about one US cent in all.
    TEST_CASE("the cloud keeps the contract") {
        const Environment environment = Environment::of_process();
        const auto key = environment.get("E2B_API_KEY");
        if (environment.get_or("SPAWNAI_LIVE_E2B", "") != "1" || !key) {
            MESSAGE("skipped: SPAWNAI_LIVE_E2B=1 and E2B_API_KEY run it against the cloud");
            return;
        }
        check_over(sandbox::e2b_options(environment, Secret(*key)), true, false);
    }
}
