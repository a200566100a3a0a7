#include "net/proxy.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::net;

TEST_SUITE("proxy") {
    TEST_CASE("the variable of the scheme counts before the general one and lower case before upper case") {
        const Environment environment({{"https_proxy", "http://a"},
                                       {"HTTPS_PROXY", "http://b"},
                                       {"ALL_PROXY", "http://c"},
                                       {"NO_PROXY", "x.example"}});
        CHECK(choose_proxy(environment, Url::parse("https://api.example/")).proxy == "http://a");
        CHECK(choose_proxy(environment, Url::parse("http://api.example/")).proxy == "http://c");
        CHECK(choose_proxy(environment, Url::parse("http://api.example/")).exceptions == "x.example");
    }

    TEST_CASE("loopback is reached directly whatever the environment says") {
        const Environment environment(
            {{"ALL_PROXY", "http://c"}, {"http_proxy", "http://d"}, {"https_proxy", "http://d"}});
        for (const char* url : {"http://127.0.0.1:80/", "http://127.8.9.1/", "http://[::1]:8080/", "https://localhost/",
                                "http://3000-iabc.localhost:4/"}) {
            CAPTURE(url);
            CHECK(choose_proxy(environment, Url::parse(url)).proxy.empty());
        }
        CHECK_FALSE(choose_proxy(environment, Url::parse("http://localhost.example/")).proxy.empty());
    }

    TEST_CASE("no variable means no proxy") {
        CHECK(choose_proxy(Environment(), Url::parse("https://a.example/")).proxy.empty());
    }
}
