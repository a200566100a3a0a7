#include "support/manual_clock.hpp"

#include <spawnai/net/retry.hpp>

#include <doctest/doctest.h>

#include <deque>
#include <functional>

using namespace spawnai;
using namespace spawnai::net;
using namespace std::chrono_literals;

namespace {

constexpr WallTime k_now{1'700'000'000'000ms};  // 2023-11-14T22:13:20Z

/// Gives the prepared outcomes one after the other.
class Scripted : public Transport {
 public:
    using Outcome = std::function<Response()>;
    explicit Scripted(std::deque<Outcome> outcomes) : outcomes_(std::move(outcomes)) {}
    Response send(const Request& /*request*/, std::stop_token /*stop*/) override {
        ++sent;
        Outcome outcome = outcomes_.front();
        outcomes_.pop_front();
        return outcome();
    }
    Response stream(const Request& request, const HeadSink&, const BodySink&, std::stop_token stop) override {
        return send(request, stop);
    }
    int sent = 0;

 private:
    std::deque<Outcome> outcomes_;
};

Scripted::Outcome status(int code, std::vector<Header> headers = {}) {
    return [=] { return Response{code, headers, ""}; };
}
Scripted::Outcome broken(TransportFault fault) {
    return [=]() -> Response { throw TransportError(fault, "broken"); };
}

}  // namespace

TEST_SUITE("retry") {
    TEST_CASE("Retry-After is read as seconds or as a date and nothing else") {
        CHECK(parse_retry_after("0", k_now) == 0ms);
        CHECK(parse_retry_after(" 7 ", k_now) == 7s);
        CHECK(parse_retry_after("Tue, 14 Nov 2023 22:13:50 GMT", k_now) == 30s);
        CHECK(parse_retry_after("Tue, 14 Nov 2023 22:13:00 GMT", k_now) == 0ms);
        CHECK(parse_retry_after("99999999999999999999", k_now) > 24h);
        for (const char* bad : {"", " ", "-1", "1.5", "soon", "Tue, 14 Nov 2023", "Tue, 14 Foo 2023 22:13:50 GMT",
                                "Tue, 99 Nov 2023 22:13:50 GMT", "Tue, 14 Nov 2023 25:13:50 GMT",
                                "Tue, 14 Nov 2023 22:13:50 CET", "Tue, 1- Nov 2023 22:13:50 GMT"}) {
            CAPTURE(bad);
            CHECK_FALSE(parse_retry_after(bad, k_now));
        }
    }

    TEST_CASE("dates are read as servers send them") {
        CHECK(parse_http_date("Sun, 06 Nov 1994 08:49:37 GMT") == WallTime(std::chrono::seconds(784'111'777)));
        for (const char* odd : {"", "784111777", "Sun, 31 Feb 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT"})
            CHECK_FALSE(parse_http_date(odd));
    }

    TEST_CASE("what is repeated") {
        struct Row {
            int status;
            bool arrived;
            std::optional<std::string> retry_after;
            bool once;        ///< repeated when the request must not run twice
            bool repeatable;  ///< repeated when it may
        };
        const std::vector<Row> rows = {
            {0, false, {}, true, true},  // no connection: surely not executed
            {0, true, {}, false, true},  // cut: nobody knows
            {200, true, {}, false, false},      {400, true, {}, false, false}, {401, true, {}, false, false},
            {404, true, {}, false, false},      {409, true, {}, false, false}, {500, true, {}, false, false},
            {502, true, {}, false, true},       {503, true, {}, false, true},  {504, true, {}, false, true},
            {429, true, {}, false, false},       // a concurrency limit
            {429, true, "1", true, true},        // a rate limit
            {429, true, "later", false, false},  // says nothing
            {503, true, "1", false, true},
        };
        for (const Row& row : rows) {
            CAPTURE(row.status);
            CAPTURE(row.arrived);
            for (const bool repeatable : {false, true}) {
                RetryPolicy policy;
                policy.repeatable = repeatable;
                const Attempt attempt{1, row.status, row.arrived, row.retry_after};
                CHECK(retry_pause(policy, attempt, k_now, 0.5, 1h).has_value() ==
                      (repeatable ? row.repeatable : row.once));
            }
        }
    }

    TEST_CASE("pauses double and stay within their bounds") {
        RetryPolicy policy;
        policy.attempts = 100;
        policy.repeatable = true;
        for (const double jitter : {0.0, 0.5, 0.999}) {
            std::chrono::milliseconds whole = 500ms;
            for (int number = 1; number < 40; ++number) {
                const auto pause = retry_pause(policy, {number, 503, true, {}}, k_now, jitter, 1h);
                REQUIRE(pause);
                CHECK(*pause >= whole / 2);
                CHECK(*pause <= whole);
                whole = std::min(whole * 2, policy.longest);
            }
        }
        const auto asked = retry_pause(policy, {1, 429, true, "20"}, k_now, 0.999, 1h);
        REQUIRE(asked);
        CHECK(*asked >= 20s);
        CHECK(*asked < 20s + 250ms);
    }

    TEST_CASE("attempts and the deadline bound the repeating") {
        RetryPolicy policy;
        policy.repeatable = true;
        CHECK(retry_pause(policy, {2, 503, true, {}}, k_now, 0, 1h));
        CHECK_FALSE(retry_pause(policy, {3, 503, true, {}}, k_now, 0, 1h));
        CHECK_FALSE(retry_pause(policy, {1, 429, true, "60"}, k_now, 0, 60s));
        CHECK(retry_pause(policy, {1, 429, true, "60"}, k_now, 0, 61s));
    }

    TEST_CASE("sending repeats until an answer counts") {
        const testing::ManualClock clock;
        RetryPolicy policy;
        policy.repeatable = true;
        Request request;
        request.url = "https://api.example/";
        {
            Scripted transport({broken(TransportFault::resolve), status(429, {{"retry-after", "3"}}), status(200)});
            CHECK(send_with_retry(transport, request, policy, clock, 60s, {}).status == 200);
            CHECK(transport.sent == 3);
            CHECK(clock.sleeps().size() == 2);
            CHECK(clock.sleeps()[1] >= 3s);
        }
        {
            Scripted transport({status(503), status(503), status(503), status(200)});
            CHECK(send_with_retry(transport, request, policy, clock, 60s, {}).status == 503);
            CHECK(transport.sent == 3);
        }
        {
            Scripted transport(
                {broken(TransportFault::cut), broken(TransportFault::cut), broken(TransportFault::timeout)});
            CHECK_THROWS_AS((void)send_with_retry(transport, request, policy, clock, 60s, {}), TransportError);
            CHECK(transport.sent == 3);
        }
        {
            policy.repeatable = false;
            Scripted transport({broken(TransportFault::cut)});
            CHECK_THROWS_AS((void)send_with_retry(transport, request, policy, clock, 60s, {}), TransportError);
            CHECK(transport.sent == 1);
        }
    }

    TEST_CASE("what waiting cannot mend is not waited for") {
        const testing::ManualClock clock;
        RetryPolicy policy;
        policy.repeatable = true;
        Request request;
        request.url = "https://api.example/";
        Scripted untrusted({broken(TransportFault::tls)});
        CHECK_THROWS_AS((void)send_with_retry(untrusted, request, policy, clock, 60s, {}), TransportError);
        request.url = "http://127.0.0.1:1/";
        Scripted nobody({broken(TransportFault::connect)});
        CHECK_THROWS_AS((void)send_with_retry(nobody, request, policy, clock, 60s, {}), TransportError);
        request.url = "https://api.example/";
        request.body_source = [](char*, std::size_t) { return std::size_t{0}; };
        Scripted source({status(503)});
        CHECK(send_with_retry(source, request, policy, clock, 60s, {}).status == 503);
        CHECK(clock.sleeps().empty());
    }

    TEST_CASE("a stop ends the pause") {
        const testing::ManualClock clock;
        RetryPolicy policy;
        policy.repeatable = true;
        Request request;
        request.url = "https://api.example/";
        std::stop_source stop;
        Scripted transport({[&]() -> Response {
            stop.request_stop();
            return {503, {}, ""};
        }});
        CHECK_THROWS_AS((void)send_with_retry(transport, request, policy, clock, 60s, stop.get_token()), Interrupted);
    }
}
