#include "support/engine_fixture.hpp"

using namespace spawnai;
using namespace spawnai::test;

namespace {

constexpr const char* k_app = R"js(
const http = require('http'), net = require('net')
let gone = 0
const server = http.createServer((q, r) => {
  const path = q.url.split('?')[0]
  if (path === '/echo') { r.writeHead(200); q.pipe(r); return }
  if (path === '/headers') { r.setHeader('Set-Cookie', ['a=1', 'b=2']); r.end(JSON.stringify(q.headers)); return }
  if (path === '/204') { r.writeHead(204); r.end(); return }
  if (path === '/304') { r.writeHead(304); r.end(); return }
  if (path === '/empty') { r.writeHead(200, { 'content-length': 0 }); r.end(); return }
  if (path === '/late') { r.writeHead(200); r.flushHeaders(); setTimeout(() => r.end(), 20); return }
  if (path === '/step') { r.writeHead(200, { 'content-type': 'text/event-stream' }); r.write('data: one\n\n')
    process.once('SIGUSR2', () => r.end('data: two\n\n')); return }
  if (path === '/go') { process.kill(process.pid, 'SIGUSR2'); r.end(); return }
  if (path === '/wait') { r.writeHead(200); r.write('x'); r.on('close', () => gone++); return }
  if (path === '/gone') { r.end(String(gone)); return }
  if (path === '/early') { r.writeHead(413, { 'content-length': 2 }); r.end('no'); return }
  if (path === '/hint') { r.writeEarlyHints({ link: '</a.css>; rel=preload' }); r.end('hinted'); return }
  r.end('hello ' + q.url)
})
server.on('upgrade', (q, socket, head) => {
  socket.write('HTTP/1.1 101 Switching Protocols\r\nUpgrade: ' + q.headers.upgrade + '\r\nConnection: Upgrade\r\n\r\n')
  if (head.length) socket.write(head)
  socket.pipe(socket)
})
server.listen(3000)
const answers = {
  '/until-end': 'HTTP/1.1 200 OK\r\n\r\nuntil the end',
  '/old': 'HTTP/1.0 200 OK\r\n\r\nold',
  '/cut': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nshort',
  '/cut-chunk': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n',
  '/garbage': 'lalala\r\n\r\n',
  '/': 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok',
}
net.createServer(c => { c.on('error', () => {}); c.once('data', d => c.end(answers[d.toString().split(' ')[1]] || '')) }).listen(8000)
)js";

/// An engine with one sandbox in which the app above runs.
struct Running {
    EngineFixture engine;
    MadeSandbox sandbox;
    bool ready = false;
    Running() {
        if (!engine.start()) return;
        sandbox = engine.create();
        engine.write(sandbox, "/app/app.js", k_app);
        engine.run_on(sandbox, "exec node /app/app.js >/home/user/app.log 2>&1");
        REQUIRE(engine.wait_for_port(sandbox.id, 3000));
        ready = true;
    }
    HttpAnswer get(const std::string& target, int port = 3000, const std::string& headers = {}) {
        return engine.app(sandbox.id, port, "GET", target, headers);
    }
    [[nodiscard]] std::string host(int port = 3000) const { return engine.host(sandbox.id, port); }
};

}  // namespace

TEST_CASE("the gateway relays requests and answers of every kind") {
    Running running;
    if (!running.ready) return;

    SUBCASE("headers about one connection stay there and the engine's key never gets in") {
        const HttpAnswer answer =
            running.get("/headers", 3000, "X-API-Key: secret\r\nX-Drop: 1\r\nKeep-Alive: 3\r\nTE: trailers\r\n");
        const Json headers = Json::parse(answer.body);
        CHECK(headers.at("host") == running.host().substr(6, running.host().size() - 8));
        CHECK(headers.at("x-forwarded-proto") == "http");
        CHECK(headers.at("x-forwarded-for") == "127.0.0.1");
        CHECK_FALSE(headers.contains("x-api-key"));
        CHECK_FALSE(headers.contains("te"));
        CHECK_FALSE(headers.contains("keep-alive"));
        CHECK(answer.headers.count("set-cookie") == 2);
    }
    SUBCASE("many kinds of answers follow one another on one connection") {
        Wire wire(running.engine.port);
        const std::tuple<const char*, const char*, int, const char*> table[] = {
            {"GET", "/204", 204, ""},    {"GET", "/a", 200, "hello /a"}, {"HEAD", "/a", 200, ""},
            {"GET", "/304", 304, ""},    {"GET", "/empty", 200, ""},     {"GET", "/late", 200, ""},
            {"DELETE", "/204", 204, ""}, {"GET", "/b", 200, "hello /b"}, {"OPTIONS", "/c", 200, "hello /c"}};
        for (int round = 0; round < 5; ++round)
            for (const auto& [method, target, status, body] : table) {
                wire.send(std::string(method) + " " + target + " HTTP/1.1\r\n" + running.host() + "\r\n");
                const HttpAnswer answer = wire.answer(std::string(method) == "HEAD");
                const std::string call = std::string(method) + " " + target;
                CHECK_MESSAGE(answer.status == status, call);
                CHECK(answer.body == body);
                CHECK(answer.whole);
            }
    }
    SUBCASE("requests sent ahead are answered in order and each goes to its own host") {
        Wire wire(running.engine.port);
        wire.send("GET /1 HTTP/1.1\r\n" + running.host() + "\r\nPOST /echo HTTP/1.1\r\n" + running.host() +
                  "Content-Length: 3\r\n\r\nabcGET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET / HTTP/1.1\r\n" +
                  running.host(8000) + "\r\n");
        CHECK(wire.answer().body == "hello /1");
        CHECK(wire.answer().body == "abc");
        CHECK(wire.answer().status == 204);
        CHECK(wire.answer().body == "ok");
    }
    SUBCASE("bodies without a length end properly and cut ones stay cut") {
        CHECK(running.get("/until-end", 8000).body == "until the end");
        CHECK(running.get("/until-end", 8000).whole);
        CHECK(running.get("/old", 8000).body == "old");
        CHECK_FALSE(running.get("/cut", 8000).whole);
        CHECK_FALSE(running.get("/cut-chunk", 8000).whole);
        // Not as if the sandbox were gone: clients would give it up.
        const HttpAnswer garbage = running.get("/garbage", 8000);
        CHECK(garbage.status == 502);
        CHECK(Json::parse(garbage.body).at("port") == 8000);
        Wire old_client(running.engine.port);
        old_client.send("GET /until-end HTTP/1.0\r\n" + running.host(8000) + "\r\n");
        const HttpAnswer answer = old_client.answer();
        CHECK(answer.body == "until the end");
        CHECK(answer.header("transfer-encoding").empty());
    }
    SUBCASE("20 MB go up and come back at the same time in chunks") {
        std::string data(20U << 20U, '\0');
        for (std::size_t i = 0; i < data.size(); ++i) data[i] = static_cast<char>((i * 2654435761U) >> 13U);
        Wire wire(running.engine.port);
        std::jthread sender([&] {
            wire.send("POST /echo HTTP/1.1\r\n" + running.host() + "Transfer-Encoding: chunked\r\n\r\n");
            for (std::size_t at = 0; at < data.size(); at += 100000) {
                const std::string piece = data.substr(at, 100000);
                char size[32];
                std::snprintf(size, sizeof size, "%zx\r\n", piece.size());
                wire.send(size + piece + "\r\n");
            }
            wire.send("0\r\n\r\n");
        });
        const HttpAnswer answer = wire.answer();
        sender.join();
        CHECK(answer.whole);
        CHECK(answer.body == data);
        wire.send("GET /after HTTP/1.1\r\n" + running.host() + "\r\n");
        CHECK(wire.answer().body == "hello /after");
    }
    SUBCASE("events arrive one by one while the answer is still open") {
        Wire wire(running.engine.port);
        wire.send("GET /step HTTP/1.1\r\n" + running.host() + "\r\n");
        CHECK(wire.head().status == 200);
        CHECK(wire.line() == "b");
        CHECK(wire.exactly(13) == "data: one\n\n\r\n");
        CHECK(running.get("/go").status == 200);
        CHECK(wire.line() == "b");
        CHECK(wire.exactly(13) == "data: two\n\n\r\n");
    }
    SUBCASE("an upgraded connection carries bytes both ways and half closes") {
        Wire wire(running.engine.port, true);
        wire.send("GET /ws HTTP/1.1\r\n" + running.host() +
                  "Connection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\r\nEARLY");
        const HttpAnswer head = wire.head();
        CHECK(head.status == 101);
        CHECK(head.header("upgrade") == "websocket");
        CHECK(wire.exactly(5) == "EARLY");
        const std::string big(3U << 20U, 'x');
        std::jthread sender([&] {
            wire.send(big);
            wire.finish_sending();
        });
        CHECK(wire.rest() == big);
    }
    SUBCASE("a client that waits for leave to send gets it") {
        Wire wire(running.engine.port);
        wire.send("POST /echo HTTP/1.1\r\n" + running.host() + "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n");
        CHECK(wire.head().status == 100);
        wire.send("later");
        CHECK(wire.answer().body == "later");
    }
    SUBCASE("an informational answer comes before the final one") {
        Wire wire(running.engine.port);
        wire.send("GET /hint HTTP/1.1\r\n" + running.host() + "\r\n");
        const HttpAnswer hint = wire.head();
        CHECK(hint.status == 103);
        CHECK(hint.header("link") == "</a.css>; rel=preload");
        CHECK(wire.answer().body == "hinted");
    }
    SUBCASE("an answer before the end of the upload gets through") {
        Wire wire(running.engine.port);
        wire.send("POST /early HTTP/1.1\r\n" + running.host() + "Content-Length: 100000000\r\n\r\nsome");
        const HttpAnswer answer = wire.answer();
        CHECK(answer.status == 413);
        CHECK(answer.body == "no");
    }
    SUBCASE("an app learns that its client went away") {
        Wire wire(running.engine.port);
        wire.send("GET /wait HTTP/1.1\r\n" + running.host() + "\r\n");
        CHECK(wire.head().status == 200);
        wire.close();
        std::string gone;
        for (int i = 0; i < 100 && gone != "1"; ++i) {
            std::this_thread::sleep_for(std::chrono::milliseconds(20));
            gone = running.get("/gone").body;
        }
        CHECK(gone == "1");
    }
    SUBCASE("a closed port and a gone sandbox are told apart") {
        const HttpAnswer closed = running.get("/", 9999);
        CHECK(closed.status == 502);
        CHECK(Json::parse(closed.body).at("port") == 9999);
        const HttpAnswer unknown = running.engine.app("inosuchsandbox", 3000, "GET", "/");
        CHECK(unknown.status == 502);
        CHECK(Json::parse(unknown.body).at("message") == "The sandbox was not found");
        CHECK_FALSE(Json::parse(unknown.body).contains("port"));
        CHECK(running.get("/", 9999, "Accept: text/html\r\n").body.starts_with("<!doctype html>"));
    }
    SUBCASE("header routing works under the engine's own names") {
        const std::string by_header = "E2b-Sandbox-Id: " + running.sandbox.id + "\r\n";
        CHECK(running.engine.exchange("GET", "/x", "Host: 127.0.0.1\r\n" + by_header + "E2b-Sandbox-Port: 3000\r\n", "")
                  .body == "hello /x");
        CHECK(running.engine.exchange("GET", "/x", "Host: 127.0.0.1\r\n" + by_header, "").status == 400);
    }
}

TEST_CASE("what could be understood in two ways is refused") {
    EngineFixture engine;
    if (!engine.start()) return;
    const std::string host = "Host: 127.0.0.1\r\n";
    const std::pair<const char*, std::string> table[] = {
        {"both lengths",
         "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
        {"both lengths the other way",
         "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n"},
        {"two lengths", "POST / HTTP/1.1\r\n" + host + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd"},
        {"unknown coding", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip\r\n\r\n"},
        {"two codings", "POST / HTTP/1.1\r\n" + host + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n"},
        {"negative length", "POST / HTTP/1.1\r\n" + host + "Content-Length: -3\r\n\r\n"},
        {"space before colon", "POST / HTTP/1.1\r\n" + host + "Content-Length : 5\r\n\r\nhello"},
        {"two hosts", "GET / HTTP/1.1\r\n" + host + "Host: x\r\n\r\n"},
        {"absolute target", "GET http://x/ HTTP/1.1\r\n" + host + "\r\n"},
        {"CONNECT", "CONNECT x:1 HTTP/1.1\r\n" + host + "\r\n"},
        {"HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"},
        {"noise", "\x01\x02\r\n\r\n"},
    };
    for (const auto& row : table) {
        Wire wire(engine.port);
        wire.send(row.second);
        CHECK_MESSAGE(wire.head().status == 400, row.first);
    }
    Wire large(engine.port);
    large.send("GET / HTTP/1.1\r\n" + host + "X: " + std::string(70000, 'a') + "\r\n\r\n");
    CHECK(large.head().status == 431);
    for (const char* name : {"Host: evil.example\r\n", "Host: localhost.evil.example\r\n", ""})
        CHECK_MESSAGE(engine.exchange("GET", "/health", name, "").status == 403, name);
    CHECK(engine.exchange("GET", "/", "Host: 3000-x_y.localhost\r\n", "").status == 400);
}

TEST_CASE("the daemon inside is reached with its token or a signature and never its internal routes") {
    Running running;
    if (!running.ready) return;
    EngineFixture& engine = running.engine;
    const MadeSandbox& sandbox = running.sandbox;
    CHECK(engine.app(sandbox.id, 49983, "GET", "/health").status == 204);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/files?path=/app/app.js").status == 401);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/envs", "X-Access-Token: wrong\r\n").status == 401);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/envs", "X-Access-Token: " + sandbox.token + "\r\n").status == 200);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/files?path=/app/app.js", "X-Access-Token: " + sandbox.token + "\r\n")
              .body == k_app);
    for (const char* route : {"/init", "/init?x=1", "//init", "/%69nit", "/./init", "/deadline", "/freeze"})
        CHECK_MESSAGE(
            engine.app(sandbox.id, 49983, "POST", route, "X-Access-Token: " + sandbox.token + "\r\n", "{}").status ==
                404,
            route);
    // The token of one sandbox opens no other.
    const MadeSandbox other = engine.create();
    CHECK(engine.app(other.id, 49983, "GET", "/envs", "X-Access-Token: " + sandbox.token + "\r\n").status == 401);
}
