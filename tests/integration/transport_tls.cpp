#include "support/temp_dir.hpp"

#include <spawnai/core/fd.hpp>
#include <spawnai/core/subprocess.hpp>
#include <spawnai/net/http.hpp>

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>
#include <vector>

using namespace spawnai;
using namespace std::chrono_literals;
using net::Request;
using net::TransportError;
using net::TransportFault;

namespace {

std::vector<std::string> environment_list() {
    std::vector<std::string> list;
    const Environment environment = Environment::of_process();
    for (const auto& [name, value] : environment.all()) list.push_back(name + "=" + value);
    return list;
}

/// Node's HTTP/2 server with a certificate that only the test knows.
class Http2Server {
 public:
    Http2Server() {
        const std::string fifo = (dir_.path() / "port").string();
        make_certificate();
        REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
        const Fd port(::open(fifo.c_str(), O_RDWR | O_CLOEXEC));
        node_ = std::jthread([this, fifo](const std::stop_token& stop) {
            SubprocessRequest node;
            node.argv = {"node", SPAWNAI_TEST_SUPPORT "/http2_server.mjs", key(), certificate(), fifo};
            node.environment = environment_list();
            node.timeout = 300s;
            try {
                (void)run_subprocess(node, stop);
            } catch (const Interrupted&) {
                return;
            }
        });
        pollfd ready{port.get(), POLLIN, 0};
        REQUIRE(::poll(&ready, 1, 30000) == 1);
        char text[32] = {};
        REQUIRE(::read(port.get(), text, sizeof text - 1) > 0);
        url_ = "https://localhost:" + std::to_string(std::stoi(text));
    }
    [[nodiscard]] std::string url(const std::string& path) const { return url_ + path; }
    [[nodiscard]] std::string certificate() const { return (dir_.path() / "certificate.pem").string(); }
    [[nodiscard]] std::unique_ptr<net::Transport> trusting() const {
        return net::make_curl_transport(
            Environment({{"SSL_CERT_FILE", certificate()}, {"ALL_PROXY", "http://127.0.0.1:9"}}));
    }

 private:
    [[nodiscard]] std::string key() const { return (dir_.path() / "key.pem").string(); }
    void make_certificate() const {
        SubprocessRequest openssl;
        openssl.argv = {"openssl",
                        "req",
                        "-x509",
                        "-newkey",
                        "ec",
                        "-pkeyopt",
                        "ec_paramgen_curve:prime256v1",
                        "-nodes",
                        "-subj",
                        "/CN=localhost",
                        "-addext",
                        "subjectAltName=DNS:localhost",
                        "-days",
                        "2",
                        "-keyout",
                        key(),
                        "-out",
                        certificate()};
        openssl.environment = environment_list();
        REQUIRE(run_subprocess(openssl).exit_code == 0);
    }
    test::TempDir dir_;
    std::string url_;
    std::jthread node_;
};

bool tools_present() {
    const std::string path = Environment::of_process().get_or("PATH", "");
    if (find_program("node", path) && find_program("openssl", path)) return true;
    REQUIRE_MESSAGE(Environment::of_process().get_or("SPAWNAI_TESTS_MUST_RUN", "") != "1",
                    "node and openssl are missing");
    MESSAGE("skipped: node or openssl is missing");
    return false;
}

Request get(const std::string& url) {
    Request request;
    request.url = url;
    return request;
}

TransportFault fault_of(net::Transport& way, const Request& request) {
    try {
        (void)way.send(request, {});
    } catch (const TransportError& error) {
        return error.fault();
    }
    FAIL("there was a response");
    return {};
}

}  // namespace

TEST_SUITE("transport over TLS") {
    TEST_CASE("an unknown certificate is refused and explained") {
        if (!tools_present()) return;
        const Http2Server server;
        try {
            (void)net::make_curl_transport(Environment())->send(get(server.url("/echo")), {});
            FAIL("it was accepted");
        } catch (const TransportError& error) {
            CHECK(error.fault() == TransportFault::tls);
            CHECK_FALSE(error.may_have_arrived());
            CHECK(std::string(error.what()).find("certificate") != std::string::npos);
            CHECK(error.hint().find("SSL_CERT_FILE") != std::string::npos);
        }
        const auto wrong_file =
            net::make_curl_transport(Environment({{"CURL_CA_BUNDLE", "/no/such/file"}, {"A", "b"}}));
        CHECK(fault_of(*wrong_file, get(server.url("/echo"))) == TransportFault::tls);
        // The certificate is for localhost, not for the address.
        std::string by_address = server.url("/echo");
        by_address.replace(by_address.find("localhost"), 9, "127.0.0.1");
        CHECK(fault_of(*server.trusting(), get(by_address)) == TransportFault::tls);
    }

    TEST_CASE("requests share one HTTP/2 connection") {
        if (!tools_present()) return;
        const Http2Server server;
        const auto way = server.trusting();
        std::atomic<int> right{0};
        {
            std::vector<std::jthread> threads;
            for (int i = 0; i < 30; ++i)
                threads.emplace_back(
                    [&] { right += way->send(get(server.url("/echo")), {}).body == "2.0 GET 0" ? 1 : 0; });
        }
        CHECK(right == 30);
        Request upload = get(server.url("/echo"));
        upload.method = "POST";
        upload.body = std::string(3'000'000, 'x');
        CHECK(way->send(upload, {}).body == "2.0 POST 3000000");
        upload.body.clear();
        std::size_t left = 5'000'000;
        upload.body_source = [&](char* buffer, std::size_t size) {
            const std::size_t count = std::min(size, left);
            std::memset(buffer, 'y', count);
            left -= count;
            return count;
        };
        CHECK(way->send(upload, {}).body == "2.0 POST 5000000");
        CHECK(way->send(get(server.url("/sessions")), {}).body == "1");
    }

    TEST_CASE("streams end alone and leave the connection to the others") {
        if (!tools_present()) return;
        const Http2Server server;
        const auto way = server.trusting();
        std::size_t seen = 0;
        int beside = 0;
        way->stream(get(server.url("/endless")), nullptr,
                    [&](std::string_view piece) {
                        beside += way->send(get(server.url("/echo")), {}).body == "2.0 GET 0" ? 1 : 0;
                        seen += piece.size();
                        return beside < 20;
                    },
                    {});
        CHECK(beside == 20);
        CHECK(seen > 0);

        std::stop_source stop;
        CHECK_THROWS_AS(way->stream(
                            get(server.url("/stall")), nullptr,
                            [&](std::string_view) {
                                stop.request_stop();
                                return true;
                            },
                            stop.get_token()),
                        Interrupted);
        Request stalled = get(server.url("/stall"));
        stalled.timeouts.idle = 1s;  // long enough that the request is on its way, whatever else the machine does
        CHECK(fault_of(*way, stalled) == TransportFault::timeout);
        CHECK(way->send(get(server.url("/sessions")), {}).body == "1");
        // A stream that the server breaks may take the connection along, but not the next request.
        CHECK(fault_of(*way, get(server.url("/reset"))) == TransportFault::cut);
        CHECK(way->send(get(server.url("/echo")), {}).body == "2.0 GET 0");
        CHECK(fault_of(*way, get(server.url("/hangup"))) == TransportFault::cut);
        CHECK(way->send(get(server.url("/echo")), {}).body == "2.0 GET 0");
    }
}
