#include <spawnai/validate/secrets.hpp>

#include <doctest/doctest.h>

#include <string>

using spawnai::validate::scan_secrets;

namespace {

// Put together here, so that no scanner takes this file for a leak.
std::string joined(const char* prefix, const char* body) {
    return std::string(prefix) + body;
}

}  // namespace

TEST_CASE("credentials of many kinds are found with their place") {
    const auto hits = scan_secrets("first line\nconst k = '" +
                                   joined("gh"
                                          "p_",
                                          "A7kQ2zX9mW4vT8pL1nR6yB3cD5fG0hJs2KuE") +
                                   "';");
    REQUIRE(hits.size() == 1);
    CHECK(hits[0].kind == "GitHub token");
    CHECK(hits[0].line == 2);
    CHECK(hits[0].column == 12);
    CHECK(hits[0].certain);
    for (const std::string& text : {
             joined("sk-"
                    "ant-",
                    "api03-Q7vX2mN9pL4kR8tY1wZ6bC3dF5gH0jS_aE-uI7oP2xV9nM4qT8yK1rW6zB3cD5fG0hJsLaAA"),
             joined("AK"
                    "IA",
                    "4QX7ZP2NWM9LTK3V"),
             joined("sk_"
                    "live_",
                    "51Hq8ZkT2xV9nM4qL7wR1yB6c"),
             joined("xo"
                    "xb-",
                    "2847561930-5839201746-kQ7zX2mW9vT4pL8nR1yB6cD3"),
             joined("postgres://app:", "k8Tz3vQ9mWx2@db.prod.internal.net/x"),
             joined("5512345678:", "AAHq7Zx3Vn0TkWm5Rb9Lc2Yp8Js4Fd6GhEu"),
             joined("-----BEGIN RSA "
                    "PRIVATE KEY-----\n",
                    "MIIEpAIBAAKCAQEA7vX2mN9pL4kR8tY1wZ6bC3dF5gH0jSaEuI7oP2xV9nM4qT8y\n"),
             joined("aws_secret_access_key = ", "q9Zt7Lk2Xv8Rw4Nm1Bp6Yc3Df5Gh0Js+Ka/Uo2Ie"),
         }) {
        INFO(text);
        CHECK(scan_secrets(text).size() == 1);
    }
}

TEST_CASE("placeholders and examples are none") {
    for (const char* text :
         {"ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx", "AKIAIOSFODNN7EXAMPLE",
          "sk-ant-your-key-goes-here-0123456789-0123456789-0123", "postgres://user:password@db.example.com/x",
          "mongodb://localhost:27017/x", "https://user:${TOKEN}@host.example.org/",
          "-----BEGIN PRIVATE KEY-----\n...\n-----END PRIVATE KEY-----",
          "task-list-item-with-a-long-name-that-goes-on-and-on-1",
          "sk-loading-indicator-animation-duration-medium-size", "password = 'hunter2'", "12:30 and 1234567:abc",
          "api_key: process.env.API_KEY"}) {
        INFO(text);
        CHECK(scan_secrets(text).empty());
    }
}

TEST_CASE("keys that browsers are given are uncertain") {
    const auto hits =
        scan_secrets(joined("<script src=\"https://maps.googleapis.com/maps/api/js?key=AI"
                            "za",
                            "SyD3k9QwErTyUiOpAsDfGhJkLzXcVbNm12Q\">"));
    REQUIRE(hits.size() == 1);
    CHECK_FALSE(hits[0].certain);
}

TEST_CASE("any bytes can be scanned") {
    std::string bytes;
    for (int value = 0; value < 256; ++value) bytes.append(3, static_cast<char>(value));
    CHECK(scan_secrets(bytes + bytes).empty());
    CHECK(scan_secrets("").empty());
}
