#include "support/scripted_server.hpp"

#include <spawnai/net/http.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstring>
#include <latch>
#include <string>
#include <thread>
#include <vector>

using namespace spawnai;
using namespace std::chrono_literals;
using net::Request;
using net::Response;
using net::TransportError;
using net::TransportFault;
using testing::ScriptedServer;
using testing::ServedConnection;

namespace {

std::unique_ptr<net::Transport> transport(std::map<std::string, std::string> variables = {}) {
    return net::make_curl_transport(Environment(std::move(variables)));
}

Request get(const std::string& url) {
    Request request;
    request.url = url;
    return request;
}

/// What was thrown by an exchange that gave no whole response.
struct Fault {
    TransportFault fault = TransportFault::resolve;
    bool may_have_arrived = false;
    std::string message{};
};

Fault fault_of(net::Transport& way, const Request& request, std::stop_token stop = {}) {
    try {
        (void)way.send(request, std::move(stop));
    } catch (const TransportError& error) {
        CHECK(error.kind() == ErrorKind::unavailable);
        return {error.fault(), error.may_have_arrived(), error.what()};
    }
    FAIL("there was a response");
    return {};
}

bool mentions(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Answers every request on a connection with its own description.
void echo(ServedConnection& connection) {
    while (const auto request = connection.read_request())
        if (!connection.respond(200, request->method + " " + request->target + " " + request->body)) return;
}

/// A server whose only answer is `bytes`, after which it closes.
ScriptedServer::Script once(std::string bytes) {
    return [bytes = std::move(bytes)](ServedConnection& connection) {
        if (connection.read_request()) connection.send(bytes);
    };
}

}  // namespace

TEST_SUITE("transport") {
    TEST_CASE("every status is a value and redirects are not followed") {
        ScriptedServer server([](ServedConnection& connection) {
            while (const auto request = connection.read_request()) {
                const int status = std::stoi(request->target.substr(1));
                connection.respond(status, status == 204 ? "" : "body", {"Location: /200", "X-Mixed-Case:  spaced  "});
            }
        });
        const auto way = transport();
        for (const int status : {200, 201, 204, 301, 302, 401, 404, 409, 429, 500, 502, 507}) {
            CAPTURE(status);
            const Response response = way->send(get(server.url("/" + std::to_string(status))), {});
            CHECK(response.status == status);
            CHECK(response.body == (status == 204 ? "" : "body"));
            CHECK(response.header("x-mixed-case") == "spaced");
        }
        CHECK(server.accepted() == 1);
    }

    TEST_CASE("a connection is kept and shared between threads") {
        ScriptedServer server(echo);
        const auto way = transport();
        for (int i = 0; i < 5; ++i)
            std::jthread([&] { CHECK(way->send(get(server.url("/x")), {}).body == "GET /x "); }).join();
        CHECK(server.accepted() == 1);
    }

    TEST_CASE("many threads at once each get their own answer") {
        ScriptedServer server(echo);
        const auto way = transport();
        std::atomic<int> right{0};
        {
            std::vector<std::jthread> threads;
            for (int thread = 0; thread < 24; ++thread)
                threads.emplace_back([&, thread] {
                    for (int i = 0; i < 20; ++i) {
                        const std::string path = "/" + std::to_string(thread) + "/" + std::to_string(i);
                        if (way->send(get(server.url(path)), {}).body == "GET " + path + " ") ++right;
                    }
                });
        }
        CHECK(right == 24 * 20);
        CHECK(server.accepted() <= 24);
    }

    TEST_CASE("a connection that the server closed meanwhile is replaced") {
        ScriptedServer server([](ServedConnection& connection) {
            if (const auto request = connection.read_request()) connection.respond(200, "one");
        });
        const auto way = transport();
        for (int i = 0; i < 3; ++i) {
            CHECK(way->send(get(server.url()), {}).body == "one");
            CHECK(server.wait_closed(i + 1, 10s));
        }
        CHECK(server.accepted() == 3);
    }

    TEST_CASE("bodies go out whole with their length or chunked from a source") {
        ScriptedServer server([](ServedConnection& connection) {
            while (const auto request = connection.read_request())
                connection.respond(200, request->method + (request->chunked ? " chunked " : " sized ") +
                                            std::to_string(request->body.size()) + " " +
                                            request->header("content-type") + "|" + request->header("expect"));
        });
        const auto way = transport();
        Request request = get(server.url());
        request.method = "POST";
        CHECK(way->send(request, {}).body == "POST sized 0 |");
        request.body = std::string(3U << 20U, 'x');
        request.headers = {{"Content-Type", "text/plain"}};
        CHECK(way->send(request, {}).body == "POST sized 3145728 text/plain|");
        request.method = "PUT";
        CHECK(way->send(request, {}).body == "PUT sized 3145728 text/plain|");

        std::size_t left = 0;
        request.method = "POST";
        request.body.clear();
        request.body_source = [&](char* buffer, std::size_t size) {
            const std::size_t count = std::min(size, left);
            std::memset(buffer, 'y', count);
            left -= count;
            return count;
        };
        left = 5U << 20U;
        CHECK(way->send(request, {}).body == "POST chunked 5242880 text/plain|");
        left = 5U << 20U;
        request.headers.push_back({"Content-Length", "5242880"});
        CHECK(way->send(request, {}).body == "POST sized 5242880 text/plain|");
    }

    TEST_CASE("a streamed body arrives piece by piece after its head") {
        std::latch first_seen(1);
        ScriptedServer server([&](ServedConnection& connection) {
            (void)connection.read_request();
            connection.begin_chunked(200, {"X-Kind: stream"});
            connection.chunk("one");
            first_seen.wait();
            connection.chunk("two");
            connection.end_chunks();
        });
        const auto way = transport();
        std::string seen;
        const Response response = way->stream(
            get(server.url()),
            [&](const Response& head) {
                CHECK(head.status == 200);
                CHECK(head.header("X-Kind") == "stream");
                seen += "head ";
            },
            [&](std::string_view piece) {
                seen += std::string(piece) + " ";
                if (piece == "one") first_seen.count_down();
                return true;
            },
            {});
        CHECK(seen == "head one two ");
        CHECK(response.status == 200);
        CHECK(response.body.empty());
    }

    TEST_CASE("a stream with an error status gives the body back instead of feeding the sink") {
        ScriptedServer server(once("HTTP/1.1 500 Oops\r\nContent-Length: 13\r\n\r\n<html></html>"));
        bool fed = false;
        const Response response = transport()->stream(get(server.url()), nullptr,
                                                      [&](std::string_view) {
                                                          fed = true;
                                                          return true;
                                                      },
                                                      {});
        CHECK(response.status == 500);
        CHECK(response.body == "<html></html>");
        CHECK_FALSE(fed);
    }

    TEST_CASE("a sink that has enough ends the exchange without an error") {
        ScriptedServer server([](ServedConnection& connection) {
            (void)connection.read_request();
            connection.begin_chunked(200);
            while (connection.chunk(std::string(1000, 'z'))) {
            }
        });
        const auto way = transport();
        std::size_t seen = 0;
        const Response response = way->stream(get(server.url()), nullptr,
                                              [&](std::string_view piece) {
                                                  seen += piece.size();
                                                  return seen < 5000;
                                              },
                                              {});
        CHECK(response.status == 200);
        CHECK(seen >= 5000);
        CHECK(server.wait_closed(1, 10s));
    }

    TEST_CASE("what a sink or a source throws comes out and the connection is given up") {
        ScriptedServer server([](ServedConnection& connection) {
            if (connection.read_head()) {
                connection.begin_chunked(200);
                connection.chunk("x");
                connection.hold();
            }
        });
        const auto way = transport();
        CHECK_THROWS_WITH_AS(way->stream(get(server.url()), nullptr,
                                         [](std::string_view) -> bool { throw std::runtime_error("sink"); }, {}),
                             "sink", std::runtime_error);
        CHECK(server.wait_closed(1, 10s));
        Request upload = get(server.url());
        upload.method = "POST";
        upload.body_source = [](char*, std::size_t) -> std::size_t { throw std::runtime_error("source"); };
        CHECK_THROWS_WITH_AS((void)way->send(upload, {}), "source", std::runtime_error);
    }

    TEST_CASE("a response that is cut short or is none is an error that says so") {
        const auto way = transport();
        const auto cut = [&](const std::string& bytes) {
            CAPTURE(bytes);
            ScriptedServer server(once(bytes));
            const Fault fault = fault_of(*way, get(server.url("/path?token=secret")));
            CHECK(fault.fault == TransportFault::cut);
            CHECK(fault.may_have_arrived);
            CHECK(mentions(fault.message, "127.0.0.1"));
            CHECK_FALSE(mentions(fault.message, "secret"));
        };
        cut("");
        cut("HTTP/1.1 200 OK\r\nContent-Le");
        cut("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n");
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nnothex\r\n");
        cut("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\nx");
        cut("SSH-2.0-OpenSSH_9.2\r\n");
        cut("\0\1\2\3\4\5\6\7\r\n\r\n");

        ScriptedServer server([](ServedConnection& connection) {
            (void)connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
            connection.reset();
        });
        CHECK(fault_of(*way, get(server.url())).fault == TransportFault::cut);
    }

    TEST_CASE("a body without a length ends with its connection") {
        ScriptedServer server(once("HTTP/1.0 200 OK\r\n\r\nto the end"));
        CHECK(transport()->send(get(server.url()), {}).body == "to the end");
    }

    TEST_CASE("interim answers and trailers do not disturb the real one") {
        ScriptedServer server(
            once("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nX-A: no\r\n\r\n"
                 "HTTP/1.1 201 Created\r\nX-A: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "2\r\nok\r\n0\r\nX-A: trailer\r\n\r\n"));
        const Response response = transport()->send(get(server.url()), {});
        CHECK(response.status == 201);
        CHECK(response.header("X-A") == "yes");
        CHECK(response.body == "ok");
    }

    TEST_CASE("a refused connection says that nothing was executed") {
        int port = 0;
        {
            ScriptedServer gone(echo);
            port = gone.port();
        }
        const Fault fault = fault_of(*transport(), get("http://127.0.0.1:" + std::to_string(port) + "/"));
        CHECK(fault.fault == TransportFault::connect);
        CHECK_FALSE(fault.may_have_arrived);
    }

    TEST_CASE("each limit ends a stalled exchange and says which it was") {
        const auto way = transport();
        {
            ScriptedServer mute([](ServedConnection& connection) { connection.hold(); });
            for (const std::string body : {"", "body"}) {
                Request request = get(mute.url());
                request.method = "POST";
                request.body = body;
                request.timeouts.first_byte = 80ms;
                request.timeouts.idle = 0ms;
                const Fault fault = fault_of(*way, request);
                CHECK(fault.fault == TransportFault::timeout);
                CHECK(fault.may_have_arrived);
                CHECK(mentions(fault.message, "no answer within 80 ms"));
            }
        }
        {
            // Header lines that keep coming are still no answer.
            ScriptedServer loris([](ServedConnection& connection) {
                (void)connection.read_request();
                connection.send("HTTP/1.1 200 OK\r\n");
                while (connection.send("X-Slow: 1\r\n")) std::this_thread::sleep_for(10ms);
            });
            Request request = get(loris.url());
            request.timeouts.first_byte = 120ms;
            CHECK(mentions(fault_of(*way, request).message, "no answer within 120 ms"));
        }
        {
            ScriptedServer stalls([](ServedConnection& connection) {
                (void)connection.read_request();
                connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
                connection.hold();
            });
            Request request = get(stalls.url());
            request.timeouts.idle = 90ms;
            CHECK(mentions(fault_of(*way, request).message, "nothing moved for 90 ms"));
            request.timeouts.idle = 0ms;
            request.timeouts.total = 110ms;
            CHECK(mentions(fault_of(*way, request).message, "longer than 110 ms"));
        }
        {
            // Drops that come often enough never pass the idle limit, but the total one.
            ScriptedServer drips([](ServedConnection& connection) {
                (void)connection.read_request();
                connection.begin_chunked(200);
                while (connection.chunk("x")) std::this_thread::sleep_for(5ms);
            });
            Request request = get(drips.url());
            request.timeouts.idle = 5s;
            request.timeouts.total = 150ms;
            CHECK(mentions(fault_of(*way, request).message, "longer than 150 ms"));
        }
        {
            // A server that does not read: the upload stalls, not the answer.
            ScriptedServer deaf([](ServedConnection& connection) {
                pollfd gone{connection.fd(), POLLRDHUP, 0};
                ::poll(&gone, 1, 30000);
            });
            Request request = get(deaf.url());
            request.method = "POST";
            request.body = std::string(64U << 20U, 'x');
            request.timeouts.idle = 150ms;
            request.timeouts.first_byte = 0ms;
            CHECK(mentions(fault_of(*way, request).message, "nothing moved for 150 ms"));
        }
    }

    TEST_CASE("a stop is felt while waiting for the head and within the body") {
        const auto way = transport();
        for (const bool body : {false, true}) {
            CAPTURE(body);
            std::latch waiting(1);
            ScriptedServer server([&](ServedConnection& connection) {
                (void)connection.read_request();
                if (body) connection.send("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort");
                waiting.count_down();
                connection.hold();
            });
            std::stop_source stop;
            std::jthread stopper([&] {
                waiting.wait();
                stop.request_stop();
            });
            Request request = get(server.url());
            request.timeouts = {0ms, 0ms, 0ms, 0ms};
            CHECK_THROWS_AS((void)way->send(request, stop.get_token()), Interrupted);
            CHECK(server.wait_closed(1, 10s));
        }
        std::stop_source already;
        already.request_stop();
        CHECK_THROWS_AS((void)way->send(get("http://127.0.0.1:9/"), already.get_token()), Interrupted);
    }

    TEST_CASE("a body beyond the limit is an error and not a truncation") {
        ScriptedServer server([](ServedConnection& connection) {
            (void)connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
            const std::string block(1U << 20U, 'x');
            while (connection.send(block)) {
            }
        });
        const auto way = transport();
        Request request = get(server.url());
        request.response_limit = 1000;
        const Fault fault = fault_of(*way, request);
        CHECK(fault.fault == TransportFault::too_large);
        CHECK(mentions(fault.message, "larger than 1000 bytes"));
        CHECK(server.wait_closed(1, 10s));
    }

    TEST_CASE("an endless header is refused") {
        ScriptedServer server([](ServedConnection& connection) {
            (void)connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\n");
            const std::string line = "X-Filler: " + std::string(8000, 'x') + "\r\n";
            while (connection.send(line)) {
            }
        });
        CHECK(fault_of(*transport(), get(server.url())).fault == TransportFault::too_large);
        CHECK(server.wait_closed(1, 10s));
    }

    TEST_CASE("a slow sink slows the server down instead of filling memory") {
        std::atomic<std::size_t> sent{0};
        ScriptedServer server([&](ServedConnection& connection) {
            (void)connection.read_request();
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 2147483648\r\n\r\n");
            const std::string block(256U << 10U, 'x');
            while (connection.send(block)) sent += block.size();
        });
        const auto way = transport();
        std::size_t taken = 0;
        Request request = get(server.url());
        request.timeouts.idle = 300ms;
        way->stream(request, nullptr,
                    [&](std::string_view piece) {
                        // Wait until the server is stuck; longer than the idle limit, which must not count our own slowness.
                        std::size_t before = 0;
                        int still = 0;
                        while (taken == 0 && still < 10) {
                            std::this_thread::sleep_for(50ms);
                            still = sent == before ? still + 1 : 0;
                            before = sent;
                        }
                        if (taken == 0) CHECK(before < 64U << 20U);
                        taken += piece.size();
                        return taken < (200U << 20U);
                    },
                    {});
        CHECK(taken >= (200U << 20U));
    }

    TEST_CASE("other requests go on while one sink is stuck") {
        ScriptedServer server([](ServedConnection& connection) {
            while (const auto request = connection.read_request()) {
                if (request->target == "/quick") {
                    connection.respond(200, "quick");
                } else {
                    connection.begin_chunked(200);
                    const std::string block(64U << 10U, 'x');
                    while (connection.chunk(block)) {
                    }
                }
            }
        });
        const auto way = transport();
        int quick = 0;
        way->stream(get(server.url("/endless")), nullptr,
                    [&](std::string_view) {
                        for (int i = 0; i < 20; ++i)
                            quick += way->send(get(server.url("/quick")), {}).body == "quick" ? 1 : 0;
                        return false;
                    },
                    {});
        CHECK(quick == 20);
    }

    TEST_CASE("names below localhost connect to this machine and never through a proxy") {
        ScriptedServer server([](ServedConnection& connection) {
            while (const auto request = connection.read_request()) connection.respond(200, request->header("host"));
        });
        const auto way = transport({{"http_proxy", "http://127.0.0.1:9"}, {"ALL_PROXY", "http://127.0.0.1:9"}});
        const std::string port = std::to_string(server.port());
        for (const std::string host : {"3000-iabc.localhost", "localhost", "127.0.0.1"}) {
            CAPTURE(host);
            CHECK(way->send(get("http://" + host + ":" + port + "/"), {}).body == host + ":" + port);
        }
    }

    TEST_CASE("a server on the IPv6 loopback alone is found too") {
        std::optional<ScriptedServer> server;
        try {
            server.emplace(echo, "::1");
        } catch (const std::runtime_error&) {
            MESSAGE("no IPv6 loopback on this machine");
            return;
        }
        CHECK(transport()->send(get("http://x.localhost:" + std::to_string(server->port()) + "/six"), {}).body ==
              "GET /six ");
    }

    TEST_CASE("other hosts go through the proxy that the environment names unless it is excepted") {
        ScriptedServer proxy([](ServedConnection& connection) {
            while (const auto request = connection.read_request())
                if (request->method == "CONNECT")
                    connection.respond(407, "");
                else
                    connection.respond(200, request->target);
        });
        const auto way =
            transport({{"HTTP_PROXY", proxy.url()}, {"https_proxy", proxy.url()}, {"NO_PROXY", "excepted.invalid"}});
        CHECK(way->send(get("http://app.invalid/x"), {}).body == "http://app.invalid/x");
        const Fault refused = fault_of(*way, get("https://app.invalid/"));
        CHECK_FALSE(refused.may_have_arrived);
        CHECK(mentions(refused.message, "407"));
        CHECK(fault_of(*way, get("http://excepted.invalid/")).fault == TransportFault::resolve);
    }

    TEST_CASE("TLS to a server that speaks none is explained") {
        ScriptedServer server([](ServedConnection& connection) {
            connection.send("HTTP/1.1 400 Bad Request\r\n\r\n");
            connection.hold();
        });
        const Fault fault = fault_of(*transport(), get("https://127.0.0.1:" + std::to_string(server.port()) + "/"));
        CHECK(fault.fault == TransportFault::tls);
        CHECK_FALSE(fault.may_have_arrived);
    }

    TEST_CASE("a header with a line break is refused without showing it") {
        Request request = get("http://127.0.0.1:9/");
        request.headers = {{"X-Api-Key", "secret\r\nX-Evil: 1"}};
        try {
            (void)transport()->send(request, {});
            FAIL("it was sent");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(mentions(error.what(), "X-Api-Key"));
            CHECK_FALSE(mentions(error.what(), "secret"));
        }
    }

    TEST_CASE("a server may answer before it has read the whole upload") {
        ScriptedServer server([](ServedConnection& connection) {
            if (connection.read_head()) {
                connection.respond(507, "{\"code\":507,\"message\":\"full\"}", {"Connection: close"});
                connection.hold();
            }
        });
        Request request = get(server.url());
        request.method = "POST";
        std::size_t left = 32U << 20U;
        request.body_source = [&](char* buffer, std::size_t size) {
            const std::size_t count = std::min(size, left);
            std::memset(buffer, 'y', count);
            left -= count;
            return count;
        };
        CHECK(transport()->send(request, {}).status == 507);
    }
}
