#include "claude/retry.hpp"
#include "support/temp_dir.hpp"

#include <spawnai/claude/settings.hpp>
#include <spawnai/core/error.hpp>

#include <doctest/doctest.h>

#include <map>
#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;
using namespace std::chrono_literals;

namespace {

using Variables = std::map<std::string, std::string>;

ModelSettings settings(Variables variables, const ModelFlags& flags = {}, const Keys& keys = {}) {
    return resolve_model_settings(Environment(std::move(variables)), keys, flags);
}

Error refusal(Variables variables, const ModelFlags& flags = {}) {
    try {
        (void)settings(std::move(variables), flags);
    } catch (const Error& error) {
        return error;
    }
    FAIL("nothing was refused");
    return Error(ErrorKind::internal, "");
}

Keys stored(const test::TempDir& dir, const std::string& name, const std::string& value) {
    const auto file = dir.path() / "keys.json";
    Keys::set(file, name, Secret(value));
    return Keys::load(file);
}

}  // namespace

TEST_CASE("the first key in the documented order is used and its origin is known") {
    const test::TempDir dir;
    const Keys keys = stored(dir, "claude", "from-file");
    struct Row {
        Variables variables;
        std::string key;
        std::string origin;
        AuthStyle style;
    };
    const std::vector<Row> rows{
        {{{"CLAUDE_API_KEY", "a"}, {"ANTHROPIC_API_KEY", "b"}, {"ANTHROPIC_AUTH_TOKEN", "c"}},
         "a",
         "CLAUDE_API_KEY",
         AuthStyle::api_key},
        {{{"ANTHROPIC_API_KEY", " b "}, {"ANTHROPIC_AUTH_TOKEN", "c"}}, "b", "ANTHROPIC_API_KEY", AuthStyle::api_key},
        {{{"CLAUDE_API_KEY", "  "}, {"ANTHROPIC_AUTH_TOKEN", "c"}}, "c", "ANTHROPIC_AUTH_TOKEN", AuthStyle::bearer},
        {{}, "from-file", "the keys file (CLAUDE_API_KEY)", AuthStyle::api_key},
        {{{"ANTHROPIC_API_KEY", "b"}, {"ANTHROPIC_BASE_URL", "https://gateway.example"}},
         "b",
         "ANTHROPIC_API_KEY",
         AuthStyle::both},
        {{{"ANTHROPIC_AUTH_TOKEN", "c"}, {"ANTHROPIC_BASE_URL", "https://gateway.example"}},
         "c",
         "ANTHROPIC_AUTH_TOKEN",
         AuthStyle::bearer},
    };
    for (const Row& row : rows) {
        const ModelSettings chosen = settings(row.variables, {}, keys);
        REQUIRE(chosen.credential);
        CHECK(chosen.credential->key.reveal() == row.key);
        CHECK(chosen.credential->origin == row.origin);
        CHECK(chosen.credential->style == row.style);
    }
    CHECK(settings({{"CLAUDE_API_KEY", "a"}, {"ANTHROPIC_API_KEY", "b"}}).warnings.size() == 1);
    CHECK(settings({{"CLAUDE_API_KEY", "a"}, {"ANTHROPIC_API_KEY", "a"}}).warnings.empty());
}

TEST_CASE("without a key only a loopback server is asked") {
    CHECK_FALSE(model_available(Environment(), Keys()));
    CHECK(model_available(Environment(Variables{{"CLAUDE_API_KEY", "a"}}), Keys()));
    CHECK(model_available(Environment(Variables{{"ANTHROPIC_BASE_URL", "http://127.0.0.1:11434"}}), Keys()));
    CHECK_FALSE(model_available(Environment(Variables{{"ANTHROPIC_BASE_URL", "https://gateway.example"}}), Keys()));
    const Error none = refusal({});
    CHECK(none.kind() == ErrorKind::auth);
    CHECK(none.hint().find("CLAUDE_API_KEY") != std::string::npos);
    CHECK(none.hint().find("ANTHROPIC_API_KEY") != std::string::npos);
    CHECK_FALSE(settings({{"ANTHROPIC_BASE_URL", "http://localhost:1234/"}}).credential);
}

TEST_CASE("the base URL is taken in every form that people paste") {
    for (const auto& [given, used] : Variables{
             {"https://api.anthropic.com", "https://api.anthropic.com"},
             {"https://api.anthropic.com/", "https://api.anthropic.com"},
             {"https://api.anthropic.com/v1", "https://api.anthropic.com"},
             {"https://api.anthropic.com/v1/", "https://api.anthropic.com"},
             {"https://openrouter.ai/api", "https://openrouter.ai/api"},
             {"https://gateway.example/v1?beta=true", "https://gateway.example"},
             {"HTTP://LocalHost:8080", "http://localhost:8080"},
             {"http://[::1]:9/x", "http://[::1]:9/x"},
         })
        CHECK(settings({{"CLAUDE_API_KEY", "k"}, {"ANTHROPIC_BASE_URL", given}}).base_url == used);
    const ModelSettings official = settings({{"CLAUDE_API_KEY", "k"}});
    CHECK(official.official);
    CHECK(official.api_version == "2026-10-21");
    CHECK(official.base_url_origin == "default");
    const ModelSettings other = settings({{"CLAUDE_API_KEY", "k"},
                                          {"CLAUDE_BASE_URL", "https://a.example"},
                                          {"ANTHROPIC_BASE_URL", "https://b.example"}});
    CHECK(other.base_url == "https://a.example");
    CHECK_FALSE(other.official);
    CHECK(other.api_version == "2023-06-01");
    CHECK(settings({{"CLAUDE_API_KEY", "k"}, {"CLAUDE_BASE_URL", "https://a.example"}},
                   {.base_url = "https://flag.example"})
              .base_url == "https://flag.example");
}

TEST_CASE("addresses that would give the key away or cannot work are refused") {
    for (const char* const url :
         {"http://gateway.example", "ftp://x", "gateway.example", "https://user:pass@gateway.example",
          "https://bedrock-runtime.us-east-1.amazonaws.com", "https://us-central1-aiplatform.googleapis.com",
          "http://127.0.0.1.evil.example"}) {
        CAPTURE(url);
        const Error error = refusal({{"CLAUDE_API_KEY", "sk-ant-secret-value"}, {"ANTHROPIC_BASE_URL", url}});
        CHECK(error.kind() == ErrorKind::usage);
        CHECK((std::string(error.what()) + error.hint()).find("secret") == std::string::npos);
        CHECK((std::string(error.what()) + error.hint()).find("pass@") == std::string::npos);
    }
    CHECK(refusal({{"CLAUDE_API_KEY", "sk-ant-oat01-abc"}}).kind() == ErrorKind::auth);
    CHECK(refusal({{"CLAUDE_API_KEY", "two words"}}).kind() == ErrorKind::auth);
    CHECK(refusal({{"CLAUDE_API_KEY", "two\nlines"}}).kind() == ErrorKind::auth);
}

TEST_CASE("the model is chosen by flag and environment and aliases mean their model") {
    const auto model = [](Variables variables, const ModelFlags& flags = {}) {
        variables.emplace("CLAUDE_API_KEY", "k");
        return settings(variables, flags).model;
    };
    CHECK(model({}) == "claude-haiku-5-5");
    CHECK(model({{"ANTHROPIC_MODEL", "opus"}}) == "claude-opus-5-5");
    CHECK(model({{"ANTHROPIC_MODEL", "claude-sonnet-5-5[1m]"}}) == "claude-sonnet-5-5");
    CHECK(model({{"ANTHROPIC_MODEL", "opusplan"}}) == "claude-haiku-5-5");
    CHECK(model({{"ANTHROPIC_MODEL", "opus"}}, {.configured_model = "claude-fable-5-1"}) == "claude-fable-5-1");
    CHECK(model({{"CLAUDE_MODEL", "sonnet"}}, {.configured_model = "claude-fable-5-1"}) == "claude-sonnet-5-5");
    CHECK(model({{"CLAUDE_MODEL", "sonnet"}}, {.model = "llama3.3"}) == "llama3.3");
}

TEST_CASE("extra headers are taken line by line and nonsense in them is refused") {
    const ModelSettings chosen =
        settings({{"CLAUDE_API_KEY", "k"}, {"ANTHROPIC_CUSTOM_HEADERS", "X-Team: blue\n\nX-Empty:\r\n"}});
    REQUIRE(chosen.extra_headers.size() == 2);
    CHECK(chosen.extra_headers[0].name == "X-Team");
    CHECK(chosen.extra_headers[0].value == "blue");
    CHECK(chosen.extra_headers[1].value.empty());
    for (const char* const bad : {"no colon", "bad name: x", ": x",
                                  "X: a\x01"
                                  "b"})
        CHECK(refusal({{"CLAUDE_API_KEY", "k"}, {"ANTHROPIC_CUSTOM_HEADERS", bad}}).kind() == ErrorKind::usage);
}

TEST_CASE("limits can be set in the environment") {
    const ModelSettings chosen = settings({{"CLAUDE_API_KEY", "k"},
                                           {"API_TIMEOUT_MS", "5000"},
                                           {"CLAUDE_STREAM_IDLE_TIMEOUT_MS", "700"},
                                           {"SPAWNAI_MAX_OUTPUT_TOKENS", "4000"}});
    CHECK(chosen.timeouts.total == 5s);
    CHECK(chosen.timeouts.first_byte == 5s);
    CHECK(chosen.timeouts.idle == 700ms);
    CHECK(chosen.max_output == 4000);
    for (const char* const bad : {"0", "-1", "5s", "99999999999999999999"})
        CHECK(refusal({{"CLAUDE_API_KEY", "k"}, {"API_TIMEOUT_MS", bad}}).kind() == ErrorKind::usage);
    // A local server may take minutes to load its model.
    CHECK(settings({{"ANTHROPIC_BASE_URL", "http://localhost:1"}}).timeouts.first_byte >
          settings({{"CLAUDE_API_KEY", "k"}}).timeouts.first_byte);
}

TEST_CASE("pauses double up to a limit and the jitter only shortens them") {
    CHECK(backoff(0, false, 0) == 500ms);
    CHECK(backoff(1, false, 0) == 1000ms);
    CHECK(backoff(4, false, 0) == 8000ms);
    CHECK(backoff(9, false, 0) == 8000ms);
    CHECK(backoff(0, true, 0) == 2000ms);
    CHECK(backoff(1, false, 0.999) >= 750ms);
    CHECK(backoff(1, false, 0.999) < 1000ms);
}

TEST_CASE("the pause that a server asks for is read in every form") {
    const WallTime now{std::chrono::sys_days(std::chrono::year(2026) / 11 / 21)};
    const auto wait = [&](std::vector<net::Header> headers) {
        net::Response response;
        response.headers = std::move(headers);
        return requested_wait(response, now);
    };
    CHECK(wait({{"Retry-After", "3"}}) == 3000ms);
    CHECK(wait({{"retry-after", " 1.5 "}}) == 1500ms);
    CHECK(wait({{"retry-after", "Sat, 21 Nov 2026 00:00:07 GMT"}}) == 7000ms);
    CHECK(wait({{"retry-after-ms", "20.2"}, {"retry-after", "9"}}) == 21ms);
    CHECK(wait({{"retry-after-ms", "0"}, {"retry-after", "9"}}) == 9000ms);
    for (const char* const nothing : {"", "soon", "-3", "nan", "inf", "1e300", "0"}) {
        CAPTURE(nothing);
        CHECK_FALSE(wait({{"retry-after", nothing}}));
    }
    CHECK_FALSE(wait({}));
}
