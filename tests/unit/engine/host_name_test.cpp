#include "engine/host_name.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spawnai::engine;

namespace {

std::string kind_of(std::string_view host) {
    const HostTarget target = parse_host(host);
    if (const auto* sandbox = std::get_if<SandboxHost>(&target))
        return std::to_string(sandbox->port) + " " + sandbox->id;
    if (const auto* malformed = std::get_if<MalformedHost>(&target)) return malformed->message;
    return std::holds_alternative<EngineHost>(target) ? "engine" : "foreign";
}

}  // namespace

TEST_CASE("the engine answers under loopback names only") {
    for (const char* host :
         {"localhost", "LOCALHOST:80", "127.0.0.1", "127.0.0.1:3000", "127.9.9.9", "[::1]", "[::1]:9"})
        CHECK_MESSAGE(kind_of(host) == "engine", host);
    for (const char* host : {"", "evil.example", "evil.example:80", "localhost.evil.example", "128.0.0.1", "[::2]:1",
                             "10.0.0.1", "localhost:", "localhost:0", "localhost:65536", "localhost:8o", "xlocalhost",
                             "127.0.0.1.nip.io", "localhost."})
        CHECK_MESSAGE(kind_of(host) == "foreign", host);
}

TEST_CASE("a name that hides something behind a NUL is foreign") {
    CHECK(kind_of(std::string_view("127.0.0.1\0.evil.example", 22)) == "foreign");
    CHECK(kind_of(std::string_view("[::1\0x]", 7)) == "foreign");
}

TEST_CASE("a sandbox host is PORT-ID below localhost and nothing else") {
    CHECK(kind_of("3000-iabc123.localhost") == "3000 iabc123");
    CHECK(kind_of("3000-iabc123.localhost:20000") == "3000 iabc123");
    CHECK(kind_of("3000-IABC.LocalHost:1") == "3000 iabc");
    CHECK(kind_of("1-a-client9.localhost") == "1 a");
    CHECK(kind_of("65535-a.localhost") == "65535 a");
    CHECK(kind_of("65536-a.localhost") == "Invalid sandbox port");
    CHECK(kind_of("0-a.localhost") == "Invalid sandbox port");
    CHECK(kind_of("-a.localhost") == "Invalid sandbox port");
    CHECK(kind_of("+1-a.localhost") == "Invalid sandbox port");
    CHECK(kind_of("3000-.localhost") == "Invalid sandbox ID");
    CHECK(kind_of("3000-a_b.localhost") == "Invalid sandbox ID");
    CHECK(kind_of("3000.localhost") == "Invalid host");
    CHECK(kind_of("3000-a.b.localhost") == "Invalid host");
    CHECK(kind_of(".localhost") == "foreign");
    CHECK(kind_of("3000-a.localhost.evil.example") == "foreign");
}

TEST_CASE("an id in a path or header loses its client part and must be plain") {
    CHECK(plain_sandbox_id("iabc-123") == "iabc");
    CHECK(plain_sandbox_id("iabc") == "iabc");
    CHECK(plain_sandbox_id("").empty());
    CHECK(plain_sandbox_id("..").empty());
    CHECK(plain_sandbox_id("A").empty());
    CHECK(plain_sandbox_id(std::string(65, 'a')).empty());
}
