#include "support/temp_dir.hpp"

#include <spawnai/core/embedded.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/subprocess.hpp>
#include <spawnai/net/http.hpp>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <sys/socket.h>

#include <chrono>
#include <cstdlib>
#include <thread>

using namespace spawnai;

namespace {

// A port that nobody has just now.
int free_port() {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    REQUIRE(::bind(fd.get(), reinterpret_cast<sockaddr*>(&address), length) == 0);
    REQUIRE(::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&address), &length) == 0);
    return ntohs(address.sin_port);
}

/// The static server as it is uploaded, serving `root` once publish() was called.
struct Server {
    Server() {
        for (std::size_t i = 0; i < embedded_tables::data_size; ++i)
            if (std::string_view(embedded_tables::data[i].path) == "data/static_server.py")
                write_file_atomic(directory.path() / "server.py", embedded_tables::data[i].content());
        std::filesystem::create_directories(root / "sub");
        std::filesystem::create_directories(root / ".git");
        write_file_atomic(root / "index.html", page);
        write_file_atomic(root / "sub" / "index.html", "sub");
        write_file_atomic(root / "a b.js", "let a;");
        write_file_atomic(root / ".git" / "config", "secret");
        write_file_atomic(root / "large.bin", std::string(3U << 20U, 'x'));
        write_file_atomic(directory.path() / "outside.txt", "outside");
        std::filesystem::create_symlink(directory.path() / "outside.txt", root / "link.txt");
        port = free_port();
        process = std::jthread([this](const std::stop_token& stop) {
            try {
                result = run_subprocess(
                    {.argv = {"python3", "-S", "-E", "-I", "-B", (directory.path() / "server.py").string(),
                              std::to_string(port), (directory.path() / "pointer").string()},
                     .environment = {std::string("PATH=") + std::getenv("PATH")},
                     .timeout = std::chrono::milliseconds(120000)},
                    stop);
            } catch (const Interrupted&) {
            }
        });
        while (true) {
            try {
                (void)transport->send({.url = url("/")}, {});
                return;
            } catch (const Error&) {
                std::this_thread::sleep_for(std::chrono::milliseconds(5));
            }
        }
    }
    void publish() { write_file_atomic(directory.path() / "pointer", root.string() + "\nindex.html\n"); }
    [[nodiscard]] std::string url(const std::string& path) const {
        return "http://127.0.0.1:" + std::to_string(port) + path;
    }
    [[nodiscard]] net::Response get(const std::string& path, const std::string& method = "GET") {
        return transport->send({.method = method, .url = url(path)}, {});
    }

    std::unique_ptr<net::Transport> transport = net::make_curl_transport({});
    test::TempDir directory;
    std::filesystem::path root = directory.path() / "app";
    std::string page = "<!DOCTYPE html><p>hello";
    int port = 0;
    SubprocessResult result;
    std::jthread process;
};

}  // namespace

TEST_CASE("the static server serves a page and nothing else") {
    Server server;
    const net::Response early = server.get("/");
    CHECK(early.status == 503);
    CHECK(early.header("Retry-After") == "1");
    server.publish();
    const net::Response page = server.get("/?query#part");
    CHECK(page.status == 200);
    CHECK(page.body == server.page);
    CHECK(page.header("Content-Type") == "text/html; charset=utf-8");
    CHECK(server.get("/index.html").body == server.page);
    CHECK(server.get("/a%20b.js").header("Content-Type") == "text/javascript; charset=utf-8");
    CHECK(server.get("/sub/").body == "sub");
    const net::Response directory = server.get("/sub");
    CHECK(directory.status == 301);
    CHECK(directory.header("Location") == "/sub/");
    CHECK(server.get("/large.bin").body.size() == 3U << 20U);

    const net::Response head = server.get("/", "HEAD");
    CHECK(head.status == 200);
    CHECK(head.body.empty());
    CHECK(head.header("Content-Length") == std::to_string(server.page.size()));
    CHECK(server.get("/", "POST").status == 405);
    CHECK(server.get("/", "DELETE").status == 405);

    for (const char* path :
         {"/.git/config", "/.git", "/link.txt", "/nothing", "/%2e%2e/outside.txt", "/..%2foutside.txt",
          "/sub/..%2f..%2foutside.txt", "/%00", "/%ff", "/%zz", "/index.html/", "/index.html/x"}) {
        CAPTURE(path);
        const net::Response answer = server.get(path);
        CHECK(answer.body.find("outside") == std::string::npos);
        CHECK(answer.body.find("secret") == std::string::npos);
        if (std::string(path) != "/index.html/") CHECK(answer.status == 404);
    }

    // Another page from one request to the next.
    write_file_atomic(server.directory.path() / "pointer", server.root.string() + "/sub\nindex.html\n");
    CHECK(server.get("/").body == "sub");
}
