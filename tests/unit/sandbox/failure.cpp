#include "sandbox/failure.hpp"

#include "sandbox/envd_version.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::sandbox;

namespace {

net::Response answer(int status, std::string body, std::vector<net::Header> headers = {}) {
    return {status, std::move(headers), std::move(body)};
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

}  // namespace

TEST_SUITE("failure") {
    TEST_CASE("an answer of the API becomes the right kind of error") {
        struct Row {
            int status;
            const char* body;
            ErrorKind kind;
        };
        const std::vector<Row> rows = {
            {400, R"({"code":400,"message":"validation error: x"})", ErrorKind::usage},
            {400, R"({"code":400,"message":"Timeout cannot be greater than 1 hours"})", ErrorKind::limit},
            {401, R"({"code":401,"message":"Invalid API key"})", ErrorKind::auth},
            {401, "", ErrorKind::auth},
            {403, R"({"code":403,"message":"team is blocked"})", ErrorKind::auth},
            {404, R"({"code":404,"message":"template 'x' not found"})", ErrorKind::not_found},
            {404, "404 page not found", ErrorKind::unavailable},
            {409, R"({"code":409,"message":"in transition"})", ErrorKind::unavailable},
            {429, R"({"code":429,"message":"Rate limit exceeded"})", ErrorKind::limit},
            {429, "", ErrorKind::limit},
            {500, R"({"code":500,"message":"oops","error_code":"internal_server_error"})", ErrorKind::unavailable},
            {500, "<html>oops</html>", ErrorKind::unavailable},
            {502, "", ErrorKind::unavailable},
            {503, R"({"code":503,"message":"no capacity"})", ErrorKind::unavailable},
            {504, "{\"code\":\"half", ErrorKind::unavailable},
            {301, "", ErrorKind::unavailable},
            {418, "[]", ErrorKind::unavailable},
        };
        for (const Row& row : rows) {
            CAPTURE(row.status);
            CAPTURE(row.body);
            const Error error = error_of(Service::control_plane, answer(row.status, row.body), "cannot act");
            CHECK(error.kind() == row.kind);
            CHECK(std::string(error.what()).starts_with("cannot act: "));
            CHECK(std::string(error.what()).size() > std::string("cannot act: ").size());
        }
    }

    TEST_CASE("the words of the provider are passed on with what to do") {
        const Error many = error_of(
            Service::control_plane,
            answer(429,
                   R"({"code":429,"message":"you have reached the maximum number of concurrent E2B sandboxes (20)."})"),
            "cannot create");
        CHECK(mentions(many.what(), "concurrent E2B sandboxes (20)"));
        CHECK(mentions(many.hint(), "spawnai kill"));
        const Error rate = error_of(
            Service::control_plane,
            answer(429, R"({"code":429,"message":"Rate limit exceeded"})", {{"Retry-After", "7"}}), "cannot create");
        CHECK(mentions(rate.hint(), "7 s"));
        const Error odd =
            error_of(Service::control_plane, answer(429, "", {{"Retry-After", "7; rm -rf"}}), "cannot create");
        CHECK_FALSE(mentions(odd.hint(), "rm"));
        const Error page = error_of(Service::control_plane, answer(500, "<!DOCTYPE html><p>x"), "cannot create");
        CHECK(mentions(page.what(), "HTTP 500"));
        CHECK_FALSE(mentions(page.what(), "DOCTYPE"));
    }

    TEST_CASE("the provider's trace id is kept as evidence") {
        const Error error =
            error_of(Service::control_plane, answer(500, "", {{"X-E2B-Trace-ID", "abc\x1b[1m"}}), "cannot create");
        CHECK(error.evidence().starts_with("trace id: abc"));
        CHECK_FALSE(mentions(error.evidence(), "\x1b"));
        CHECK(error_of(Service::control_plane, answer(500, ""), "cannot create").evidence().empty());
    }

    TEST_CASE("an answer of the daemon is judged by its Connect code before its status") {
        const auto kind = [](int status, const char* body) {
            return error_of(Service::envd, answer(status, body), "cannot act").kind();
        };
        CHECK(kind(404, R"({"code":"not_found","message":"file not found"})") == ErrorKind::not_found);
        CHECK(kind(404, R"({"code":404,"message":"route"})") == ErrorKind::unavailable);
        CHECK(kind(404, "") == ErrorKind::unavailable);
        CHECK(kind(400, R"({"code":"invalid_argument","message":"x"})") == ErrorKind::usage);
        CHECK(kind(400, R"({"code":400,"message":"is a directory"})") == ErrorKind::usage);
        CHECK(kind(401, R"({"code":401,"message":"unauthorized access"})") == ErrorKind::unavailable);
        CHECK(kind(429, R"({"code":"resource_exhausted","message":"x"})") == ErrorKind::limit);
        CHECK(kind(507, R"({"code":507,"message":"not enough disk space available"})") == ErrorKind::limit);
        CHECK(kind(503, R"({"code":"unavailable","message":"x"})") == ErrorKind::unavailable);
        CHECK(kind(500, R"({"code":"internal","message":"x"})") == ErrorKind::unavailable);
        CHECK(kind(500, "<html>") == ErrorKind::unavailable);
    }

    TEST_CASE("gone is told from a closed port and from a strange proxy") {
        CHECK(says_gone(answer(502, R"({"sandboxId":"i1","message":"The sandbox was not found","code":502})")));
        CHECK(says_gone(answer(502, "")));
        CHECK_FALSE(
            says_gone(answer(502, R"({"sandboxId":"i1","message":"port is not open","port":49983,"code":502})")));
        CHECK_FALSE(says_gone(answer(502, "<html>Bad Gateway</html>")));
        CHECK_FALSE(says_gone(answer(502, "Bad", {{"content-type", "text/html; charset=utf-8"}})));
        CHECK_FALSE(says_gone(answer(503, "")));
        CHECK_FALSE(says_gone(answer(404, R"({"code":404})")));
    }

    TEST_CASE("a missing template is told from a missing path") {
        CHECK(says_no_template(answer(404, R"({"code":404,"message":"template 'x' not found"})")));
        CHECK_FALSE(says_no_template(answer(404, "404 page not found")));
        CHECK_FALSE(says_no_template(answer(404, "")));
        CHECK_FALSE(says_no_template(answer(405, R"({"code":405,"message":"template"})")));
    }

    TEST_CASE("only the API itself can say that nothing was created") {
        CHECK(
            says_not_created(answer(503, R"({"code":503,"message":"x","error_code":"sandbox_capacity_unavailable"})")));
        CHECK_FALSE(says_not_created(answer(503, "upstream reset")));
        CHECK_FALSE(says_not_created(answer(504, R"({"code":504,"message":"placement timeout"})")));
    }

    TEST_CASE("daemon versions are compared by number") {
        CHECK(older_than("0.3.9", 0, 4, 0));
        CHECK(older_than("0.0.10", 0, 1, 0));
        CHECK_FALSE(older_than("0.4.0", 0, 4, 0));
        CHECK_FALSE(older_than("0.10.0", 0, 4, 0));
        CHECK_FALSE(older_than("1.0.0-rc1", 0, 4, 0));
        for (const char* unknown : {"", "latest", "0", "0.3", "a.b.c"}) {
            CAPTURE(unknown);
            CHECK_FALSE(older_than(unknown, 0, 4, 0));
        }
    }
}
