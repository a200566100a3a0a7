#include "support/sandbox.hpp"

#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <functional>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace spawnai;
using namespace spawnai::test;

constexpr const char* k_start = "process.Process/Start";

bool contains(const std::string& text, const std::string& part) {
    return text.find(part) != std::string::npos;
}

/// Waits for something that is about to become true.
bool eventually(const std::function<bool()>& condition) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

std::string base64(const std::string& text) {
    static constexpr char k_alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string result;
    for (std::size_t index = 0; index < text.size(); index += 3) {
        unsigned group = 0;
        for (std::size_t byte = 0; byte < 3; ++byte) {
            group = group << 8U | (index + byte < text.size() ? static_cast<unsigned char>(text[index + byte]) : 0U);
        }
        for (std::size_t digit = 0; digit < 4; ++digit) {
            result += index + digit <= text.size() ? k_alphabet[group >> (18U - 6U * digit) & 63U] : '=';
        }
    }
    return result;
}

/// Messages of a stream as they come.
class Stream {
 public:
    explicit Stream(AgentConnection connection) : connection_(std::move(connection)) {
        head_ = connection_.receive_until("\r\n\r\n");
    }
    [[nodiscard]] const std::string& head() const { return head_; }
    /// The next message; the last one has the key "end of stream".
    json next() {
        for (;;) {
            if (const auto frame = decoder_.next()) {
                json message = json::parse(frame->payload);
                if (frame->end_of_stream()) message["end of stream"] = true;
                return message;
            }
            const std::size_t size = std::stoul(connection_.receive_until("\r\n"), nullptr, 16);
            decoder_.feed(connection_.receive_exactly(size));
            connection_.receive_exactly(2);
        }
    }
    int next_start() { return next().at("event").at("start").at("pid").get<int>(); }

 private:
    AgentConnection connection_;
    std::string head_;
    net::ConnectFrameDecoder decoder_;
};

json shell(const std::string& command) {
    return {{"cmd", "/bin/sh"}, {"args", {"-c", command}}};
}
json by_pid(int pid) {
    return {{"process", {{"pid", pid}}}};
}

json joined(json left, const json& right) {
    left.update(right);
    return left;
}

json living(const TestSandbox& sandbox) {
    return sandbox.call("process.Process/List", json::object()).parsed().value("processes", json::array());
}

}  // namespace

TEST_CASE("an agent starts nothing before its first message") {
    if (!as_ordinary_user("an agent starts nothing before its first message") || !sandboxes_possible()) return;
    const TempDir directory;
    engine::LaunchRequest request;
    request.state_dir = directory.path() / "s";
    request.socket_path = directory.path() / "a";
    request.agent = built_program("spawnai-agent");
    const engine::Launched launched = engine::launch(request);
    const auto ask = [&](const char* preface, const std::string& line, const std::string& body = {}) {
        AgentConnection connection(request.socket_path, preface);
        connection.send(line + " HTTP/1.1\r\nContent-Type: application/json\r\nContent-Length: " +
                        std::to_string(body.size()) + "\r\n\r\n" + body);
        return read_answer(connection).status;
    };
    CHECK(ask("ENVD\n", "GET /health") == 204);
    CHECK(ask("ENVD\n", "GET /envs") == 503);
    CHECK(ask("ENGINE\n", "GET /files?path=/etc/passwd") == 503);
    CHECK(ask("ENVD\n", "POST /process.Process/List", "{}") == 503);
    CHECK(ask("ENVD\n", "POST /init", R"({"deadline":4000000000000})") == 503);
    CHECK(ask("ENGINE\n", "POST /deadline", R"({"deadline":4000000000000})") == 503);
    CHECK(AgentConnection(request.socket_path, "CONNECT 1\n").receive_all().empty());
    for (const char* body :
         {"", "[]", "{", "{}", R"({"deadline":"soon"})", R"({"deadline":4000000000000,"environment":{"A=B":"c"}})"}) {
        CHECK_MESSAGE(ask("ENGINE\n", "POST /init", body) == 400, body);
    }
    CHECK(ask("ENVD\n", "GET /envs") == 503);
    CHECK(ask("ENGINE\n", "POST /init", R"({"deadline":4000000000000})") == 204);
    CHECK(ask("ENVD\n", "GET /envs") == 200);
    // A client never reaches what is the engine's.
    CHECK(ask("ENVD\n", "POST /init", R"({"deadline":4000000000000})") == 404);
    CHECK(ask("ENVD\n", "POST /deadline", R"({"deadline":1})") == 404);
    CHECK(AgentConnection(request.socket_path, "SOMETHING ELSE\n").receive_all().empty());
    ::syscall(SYS_pidfd_send_signal, launched.pidfd.get(), SIGKILL, nullptr, 0);
    ::waitpid(launched.outer_pid, nullptr, 0);
}

TEST_CASE("ports of the sandbox are relayed") {
    if (!as_ordinary_user("ports of the sandbox are relayed") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    sandbox.install_probe();
    CHECK(sandbox.connect("CONNECT 3000\n").receive_all() == "ERR ECONNREFUSED\n");
    Stream four(sandbox.begin_stream(k_start, {{"process", shell("exec /app/probe serve 3000")}}));
    Stream six(sandbox.begin_stream(k_start, {{"process", shell("exec /app/probe serve6 3001")}}));
    for (Stream* stream : {&four, &six}) {
        stream->next_start();
        CHECK(stream->next().at("event").at("data").contains("stdout"));
    }
    SUBCASE("on either loopback address") {
        for (const char* preface : {"CONNECT 3000\n", "CONNECT 3001\n"}) {
            AgentConnection connection = sandbox.connect(preface);
            CHECK(connection.receive_until("\n") == "OK\n");
            connection.send("hello");
            CHECK(connection.receive_exactly(5) == "hello");
            // The end of one direction is passed on, and the other stays until it ends by itself.
            connection.send("last");
            connection.end_sending();
            CHECK(connection.receive_all() == "last");
        }
    }
    SUBCASE("with bytes right behind the preface") {
        AgentConnection connection = sandbox.connect("CONNECT 3000\nearly");
        connection.end_sending();
        CHECK(connection.receive_all() == "OK\nearly");
    }
    SUBCASE("in bulk both ways at once") {
        AgentConnection connection = sandbox.connect("CONNECT 3000\n");
        CHECK(connection.receive_until("\n") == "OK\n");
        std::string sent(24U << 20U, '\0');
        for (std::size_t index = 0; index < sent.size(); ++index)
            sent[index] = static_cast<char>(index * 2654435761U >> 13U);
        std::thread writer([&] {
            connection.send(sent);
            connection.end_sending();
        });
        const std::string received = connection.receive_all();
        writer.join();
        CHECK(received == sent);
    }
    SUBCASE("many at a time and cut off at will") {
        std::vector<AgentConnection> connections;
        for (int count = 0; count < 100; ++count) connections.push_back(sandbox.connect("CONNECT 3000\nx"));
        connections.clear();
        CHECK(sandbox.get("/health").status == 204);
    }
}

TEST_CASE("one connection carries request after request") {
    if (!as_ordinary_user("one connection carries request after request") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    AgentConnection connection = sandbox.connect("ENVD\n");
    SUBCASE("in turn") {
        for (int count = 0; count < 3; ++count) {
            connection.send("GET /envs HTTP/1.1\r\n\r\n");
            CHECK(read_answer(connection).parsed() == json{{"GIVEN", "yes"}});
        }
    }
    SUBCASE("all at once") {
        connection.send(
            "GET /envs HTTP/1.1\r\n\r\nHEAD /envs HTTP/1.1\r\n\r\nGET /nowhere HTTP/1.1\r\nConnection: close\r\n\r\n");
        const std::string all = connection.receive_all();
        CHECK(contains(all, "HTTP/1.1 200 OK"));
        CHECK(contains(all, "HTTP/1.1 404 Not Found"));
        CHECK(all.find("{\"GIVEN\"") == all.rfind("{\"GIVEN\""));  // HEAD has no body
        CHECK(contains(all, R"("code":404)"));
    }
    SUBCASE("after a refused body") {
        const std::string body(300000, 'x');
        connection.send("POST /files HTTP/1.1\r\nContent-Type: text/odd\r\nContent-Length: 300000\r\n\r\n" + body +
                        "GET /health HTTP/1.1\r\n\r\n");
        CHECK(read_answer(connection).status == 400);
        CHECK(contains(connection.receive_until("\r\n\r\n"), "204 No Content"));
    }
    SUBCASE("until one is malformed") {
        connection.send("GET /health HTTP/1.1\r\nContent-Length: x\r\n\r\nGET /health HTTP/1.1\r\n\r\n");
        const std::string all = connection.receive_all();
        CHECK(contains(all, "400 Bad Request"));
        CHECK(contains(all, "Connection: close"));
        CHECK_FALSE(contains(all, "204"));
    }
    SUBCASE("with consent before a body") {
        connection.send(
            "POST /files?path=a HTTP/1.1\r\nContent-Type: application/octet-stream\r\nContent-Length: 2\r\nExpect: "
            "100-continue\r\n\r\n");
        CHECK(connection.receive_until("\r\n\r\n") == "HTTP/1.1 100 Continue\r\n\r\n");
        connection.send("ok");
        CHECK(read_answer(connection).status == 200);
    }
    SUBCASE("by pages of other origins") {
        connection.send("OPTIONS /files HTTP/1.1\r\nOrigin: http://x\r\n\r\n");
        const std::string head = connection.receive_until("\r\n\r\n");
        CHECK(contains(head, "204"));
        CHECK(contains(head, "Access-Control-Allow-Origin: *"));
    }
}

TEST_CASE("files are stored and handed out") {
    if (!as_ordinary_user("files are stored and handed out") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    SUBCASE("one by one") {
        const AgentAnswer stored = sandbox.upload("deep/er/a.txt", "hello");
        CHECK(stored.status == 200);
        CHECK(stored.parsed() == json::parse(R"([{"name":"a.txt","path":"/home/user/deep/er/a.txt","type":"file"}])"));
        const AgentAnswer fetched = sandbox.get("/files?path=/home/user/deep/er/a.txt");
        CHECK(fetched.body == "hello");
        CHECK(contains(fetched.head, "Content-Disposition: inline; filename=\"a.txt\""));
        CHECK(sandbox.upload("~/deep/er/a.txt", "hi").status == 200);
        CHECK(sandbox.get("/files?path=deep/er/a.txt").body == "hi");
        CHECK(sandbox.run("stat -c '%a %U' deep deep/er/a.txt").output == "755 user\n644 user\n");
    }
    SUBCASE("empty ones too") {
        CHECK(sandbox.upload("/app/empty", "").status == 200);
        const AgentAnswer fetched = sandbox.get("/files?path=/app/empty");
        CHECK(fetched.status == 200);
        CHECK(contains(fetched.head, "Content-Length: 0\r\n"));
    }
    SUBCASE("many in one form") {
        std::string form;
        for (const char* name : {"/app/one.txt", "two.txt", "/app/new/three.txt"}) {
            form += std::string("--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"") + name +
                    "\"\r\n\r\n" + name + "\r\n";
        }
        const AgentAnswer stored =
            sandbox.send("ENVD\n", "/files", "multipart/form-data; boundary=b", form + "--b--\r\n");
        CHECK(stored.status == 200);
        CHECK(stored.parsed().size() == 3);
        CHECK(sandbox.get("/files?path=two.txt").body == "two.txt");
        CHECK(sandbox.get("/files?path=/app/new/three.txt").body == "/app/new/three.txt");
        CHECK(sandbox.send("ENVD\n", "/files?path=/app/x", "multipart/form-data; boundary=b", form + "--b--\r\n")
                  .status == 400);
        CHECK(sandbox.send("ENVD\n", "/files", "multipart/form-data; boundary=b", form).status == 400);
        CHECK(sandbox.send("ENVD\n", "/files", "multipart/form-data; boundary=b", form + form + "--b--\r\n").status ==
              400);
    }
    SUBCASE("in chunks") {
        AgentConnection connection = sandbox.connect("ENVD\n");
        connection.send(
            "POST /files?path=/app/c HTTP/1.1\r\nContent-Type: application/octet-stream\r\nTransfer-Encoding: "
            "chunked\r\n\r\n");
        connection.send("3\r\nabc\r\n");
        connection.send("2\r\nde\r\n0\r\n\r\n");
        CHECK(read_answer(connection).status == 200);
        CHECK(sandbox.get("/files?path=/app/c").body == "abcde");
    }
    SUBCASE("large ones") {
        std::string large(20U << 20U, '\0');
        for (std::size_t index = 0; index < large.size(); ++index)
            large[index] = static_cast<char>(index * 2654435761U >> 11U);
        CHECK(sandbox.upload("/app/large", large).status == 200);
        CHECK(sandbox.get("/files?path=/app/large").body == large);
        const AgentAnswer part = sandbox.get("/files?path=/app/large", "Range: bytes=1000000-1000009\r\n");
        CHECK(part.status == 206);
        CHECK(part.body == large.substr(1000000, 10));
        CHECK(sandbox.get("/files?path=/app/large", "Range: bytes=99999999-\r\n").status == 416);
    }
    SUBCASE("with metadata") {
        AgentConnection connection = sandbox.connect("ENVD\n");
        connection.send(
            "POST /files?path=/app/m HTTP/1.1\r\nContent-Type: application/octet-stream\r\nX-Metadata-Author: "
            "me\r\nContent-Length: 1\r\n\r\nx");
        const AgentAnswer stored = read_answer(connection);
        if (stored.status == 500) return;  // a file system without extended attributes
        CHECK(stored.parsed()[0].at("metadata") == json{{"author", "me"}});
        const auto entry = [&] {
            return sandbox.call("filesystem.Filesystem/Stat", {{"path", "/app/m"}}).parsed().at("entry");
        };
        CHECK(entry().at("metadata") == json{{"author", "me"}});
        CHECK(sandbox.upload("/app/m", "y").status == 200);
        CHECK_FALSE(entry().contains("metadata"));
    }
    SUBCASE("several made one") {
        sandbox.upload("/tmp/1", "one ");
        sandbox.upload("/home/user/2", "two");
        const json request = {{"source_paths", {"/tmp/1", "2"}}, {"destination", "/app/both"}};
        CHECK(sandbox.post("ENVD\n", "/files/compose", request).parsed().at("path") == "/app/both");
        CHECK(sandbox.get("/files?path=/app/both").body == "one two");
        CHECK(sandbox.get("/files?path=/tmp/1").status == 404);
        CHECK(sandbox.post("ENVD\n", "/files/compose", request).status == 404);
        CHECK(sandbox.post("ENVD\n", "/files/compose", json::object()).status == 400);
    }
    SUBCASE("or refused with a reason") {
        const AgentAnswer missing = sandbox.get("/files?path=/app/none");
        CHECK(missing.status == 404);
        CHECK(missing.parsed() == json{{"code", 404}, {"message", "path '/app/none' does not exist"}});
        CHECK(sandbox.get("/files?path=/app").parsed().at("message") == "path '/app' is a directory");
        CHECK(sandbox.get("/files?path=~other/x").status == 400);
        CHECK(sandbox.get("/files?path=/etc/passwd&username=mallory").status == 401);
        CHECK(sandbox.get("/files?path=/etc/passwd&username=root").status == 200);
        CHECK(sandbox.upload("/app", "x").status == 400);
        CHECK(sandbox.upload("/usr/x", "x").status == 500);
        CHECK(sandbox.upload("/etc/passwd/x", "x").status == 400);
        CHECK(sandbox.send("ENVD\n", "/files", "application/octet-stream", "x").status == 400);
        CHECK(sandbox.send("ENVD\n", "/files?path=/app/x", "text/plain", "x").status == 400);
        CHECK(sandbox.send("ENVD\n", "/files", "multipart/form-data", "x").status == 400);
    }
    SUBCASE("but never through what an app has planted") {
        const CommandResult planted = sandbox.run(
            "cd /app; for n in 0 1 3 4 5 6 7; do ln -s /proc/1/fd/$n fd$n; ln -s /proc/self/fd/$n self$n; done; ln -s "
            "/proc/self/mem mem; "
            "ln -s /proc/self/comm comm; ln -s /dev/null null; ln -s /proc/self/root/etc/passwd magic; mkfifo fifo; ln "
            "-s loop loop");
        REQUIRE(planted.exit_code == 0);
        for (const char* name : {"fd1", "fd4", "self3", "self4", "self5", "self6", "magic", "null", "fifo", "loop"}) {
            CHECK_MESSAGE(sandbox.get(std::string("/files?path=/app/") + name).status >= 400, name);
            CHECK_MESSAGE(sandbox.upload(std::string("/app/") + name, "x").status >= 400, name);
        }
        CHECK(sandbox.upload("/app/mem", "x").status >= 400);
        CHECK(sandbox.upload("/app/comm", "renamed").status >= 400);
        CHECK(FileLock::held(sandbox.directory() / "s" / "lock"));
        CHECK(sandbox.get("/health").status == 204);
    }
}

TEST_CASE("a command's output and end come as clients expect them") {
    if (!as_ordinary_user("a command's output and end come as clients expect them") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    SUBCASE("message by message") {
        Stream stream(sandbox.begin_stream(
            k_start, {{"process", shell("printf hi; sleep 0.05; printf no >&2; exit 3")}, {"stdin", false}}));
        CHECK(contains(stream.head(), "200 OK"));
        CHECK(contains(stream.head(), "Content-Type: application/connect+json"));
        CHECK(stream.next_start() > 1);
        CHECK(stream.next() == json::parse(R"({"event":{"data":{"stdout":"aGk="}}})"));
        CHECK(stream.next() == json::parse(R"({"event":{"data":{"stderr":"bm8="}}})"));
        CHECK(
            stream.next() ==
            json::parse(
                R"({"event":{"end":{"exitCode":3,"exited":true,"status":"exit status 3","error":"exit status 3"}}})"));
        CHECK(stream.next() == json{{"end of stream", true}});
    }
    SUBCASE("success leaves zero values out") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("true")}, {"stdin", false}}));
        stream.next_start();
        CHECK(stream.next() == json::parse(R"({"event":{"end":{"exited":true,"status":"exit status 0"}}})"));
    }
    SUBCASE("a signal is told by its name") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("kill -TERM $$")}, {"stdin", false}}));
        stream.next_start();
        CHECK(stream.next() ==
              json::parse(
                  R"({"event":{"end":{"exitCode":-1,"status":"signal: terminated","error":"signal: terminated"}}})"));
    }
    SUBCASE("its surroundings") {
        const CommandResult result = sandbox.run(
            "echo $GIVEN $HOME $USER $LOGNAME $MINE $PATH; pwd; umask; ls -d /proc/self/fd/*; cat; ulimit -n",
            {{"process",
              {{"cmd", "/bin/bash"},
               {"args", {"-c", "echo $GIVEN $HOME $USER $LOGNAME $MINE $PATH; pwd; umask; cat; ulimit -n"}},
               {"envs", {{"MINE", "own"}}},
               {"cwd", "/app"}}}});
        CHECK(result.output == "yes /home/user user user own /usr/local/bin:/usr/bin:/bin\n/app\n0022\n4096\n");
        CHECK(sandbox.run("pwd").output == "/home/user\n");
    }
    SUBCASE("what cannot start") {
        CHECK(sandbox.run("", {{"process", {{"cmd", "no-such-program"}}}}).exit_code == 127);
        const json missing = {{"error", {{"code", "invalid_argument"}, {"message", "cwd '/nope' does not exist"}}}};
        CHECK(sandbox.run("", {{"process", {{"cmd", "true"}, {"cwd", "/nope"}}}}).last == missing);
        CHECK(sandbox.run("", {{"process", json::object()}}).last.at("error").at("code") == "invalid_argument");
        CHECK(sandbox.run("", {{"process", {{"cmd", std::string("a\0b", 3)}}}}).last.at("error").at("code") ==
              "invalid_argument");
        CHECK(sandbox.send("ENVD\n", "/process.Process/Start", "application/json", "{}").status == 415);
        CHECK(sandbox.send("ENVD\n", "/process.Process/Start", "application/connect+json", "no frame")
                  .body.find("invalid_argument") != std::string::npos);
        CHECK(sandbox.call("process.Process/Nothing", json::object()).status == 404);
    }
    SUBCASE("an unknown user") {
        AgentConnection connection = sandbox.connect("ENVD\n");
        connection.send(
            "POST /process.Process/List HTTP/1.1\r\nContent-Type: application/json\r\nAuthorization: Basic " +
            base64("mallory:") + "\r\nContent-Length: 2\r\n\r\n{}");
        const AgentAnswer answer = read_answer(connection);
        CHECK(answer.status == 401);
        CHECK(answer.parsed() == json{{"code", "unauthenticated"}, {"message", "invalid username: 'mallory'"}});
    }
    SUBCASE("large output, whole and in order") {
        const CommandResult result = sandbox.run("seq 1 400000");
        std::string expected;
        for (int number = 1; number <= 400000; ++number) expected += std::to_string(number) + "\n";
        CHECK(result.output == expected);
        CHECK(result.exit_code == 0);
    }
}

TEST_CASE("a time limit ends the leader and the stream") {
    if (!as_ordinary_user("a time limit ends the leader and the stream") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    SUBCASE("while it is followed") {
        const CommandResult result = sandbox.run("exec sleep 600", json::object(), "Connect-Timeout-Ms: 100\r\n");
        CHECK_FALSE(result.exit_code.has_value());
        CHECK(result.last.at("error").at("code") == "deadline_exceeded");
    }
    SUBCASE("and when the client has gone") {
        {
            Stream(sandbox.begin_stream(k_start, {{"process", shell("exec sleep 600")}}, "Connect-Timeout-Ms: 300\r\n"))
                .next_start();
        }
        CHECK(eventually([&] { return living(sandbox).empty(); }));
    }
    SUBCASE("but a mere follower's limit is its own") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("exec sleep 600")}}));
        const int pid = stream.next_start();
        Stream follower(sandbox.begin_stream("process.Process/Connect", by_pid(pid), "Connect-Timeout-Ms: 100\r\n"));
        CHECK(follower.next_start() == pid);
        CHECK(follower.next().at("error").at("code") == "deadline_exceeded");
        CHECK(living(sandbox).size() == 1);
    }
}

TEST_CASE("processes outlive their clients and can be found again") {
    if (!as_ordinary_user("processes outlive their clients and can be found again") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    int pid = 0;
    {
        Stream stream(sandbox.begin_stream(
            k_start, {{"process", {{"cmd", "cat"}, {"envs", {{"A", "b"}}}, {"cwd", "/app"}}}, {"tag", "mine"}}));
        pid = stream.next_start();
    }
    const json expected = {
        {"config", {{"cmd", "cat"}, {"envs", {{"A", "b"}}}, {"cwd", "/app"}}}, {"pid", pid}, {"tag", "mine"}};
    CHECK(living(sandbox) == json::array({expected}));
    // Output while nobody follows is dropped; those who follow get all that comes later.
    CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"stdin", base64("lost")}}}}))
              .status == 200);
    CHECK(eventually(
        [&] { return sandbox.run("grep wchar /proc/" + std::to_string(pid) + "/io").output == "wchar: 4\n"; }));
    Stream first(sandbox.begin_stream("process.Process/Connect", by_pid(pid)));
    Stream second(sandbox.begin_stream("process.Process/Connect", {{"process", {{"tag", "mine"}}}}));
    CHECK(first.next_start() == pid);
    CHECK(second.next_start() == pid);
    CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"stdin", base64("kept")}}}}))
              .parsed() == json::object());
    const json kept = {{"event", {{"data", {{"stdout", base64("kept")}}}}}};
    CHECK(first.next() == kept);
    CHECK(second.next() == kept);

    SUBCASE("ended through their input") {
        CHECK(sandbox.call("process.Process/CloseStdin", by_pid(pid)).status == 200);
        CHECK(first.next().at("event").at("end").at("exited") == true);
        CHECK(second.next().at("event").contains("end"));
        // The end is remembered for whoever comes a little late.
        Stream late(sandbox.begin_stream("process.Process/Connect", by_pid(pid)));
        CHECK(late.next_start() == pid);
        CHECK(late.next().at("event").at("end").at("status") == "exit status 0");
        CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"stdin", "aGk="}}}})).status ==
              404);
        CHECK(living(sandbox).empty());
    }
    SUBCASE("ended by a signal") {
        CHECK(sandbox.call("process.Process/SendSignal", joined(by_pid(pid), {{"signal", "SIGNAL_SIGUSR1"}})).status ==
              501);
        CHECK(sandbox.call("process.Process/SendSignal", joined(by_pid(pid), {{"signal", 9}})).status == 200);
        CHECK(first.next().at("event").at("end").at("status") == "signal: killed");
        CHECK(second.next().at("event").contains("end"));
    }
    SUBCASE("misused") {
        CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"pty", "aGk="}}}})).status ==
              500);
        CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"stdin", "***"}}}})).status ==
              400);
        const AgentAnswer unknown =
            sandbox.call("process.Process/SendSignal", joined(by_pid(99999), {{"signal", "SIGNAL_SIGKILL"}}));
        CHECK(unknown.status == 404);
        CHECK(unknown.parsed() == json{{"code", "not_found"}, {"message", "process with pid 99999 not found"}});
        Stream nobody(sandbox.begin_stream("process.Process/Connect", by_pid(99999)));
        CHECK(nobody.next().at("error").at("code") == "not_found");
    }
}

TEST_CASE("an end waits for those who hold the output but not after a signal") {
    if (!as_ordinary_user("an end waits for those who hold the output but not after a signal") || !sandboxes_possible())
        return;
    const TestSandbox sandbox;
    SUBCASE("it waits") {
        const CommandResult result = sandbox.run("(sleep 0.3; echo later) & echo now");
        CHECK(result.output == "now\nlater\n");
        CHECK(result.exit_code == 0);
    }
    SUBCASE("a signal ends the wait") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("sleep 600 & echo now; sleep 600")}}));
        const int pid = stream.next_start();
        CHECK(stream.next().at("event").contains("data"));
        CHECK(sandbox.call("process.Process/SendSignal", joined(by_pid(pid), {{"signal", "SIGNAL_SIGTERM"}})).status ==
              200);
        CHECK(stream.next().at("event").at("end").at("status") == "signal: terminated");
    }
}

TEST_CASE("input may come as a stream") {
    if (!as_ordinary_user("input may come as a stream") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    Stream output(sandbox.begin_stream(k_start, {{"process", {{"cmd", "wc"}, {"args", {"-c"}}}}, {"stdin", true}}));
    const int pid = output.next_start();
    std::string frames = net::encode_connect_frame(json{{"start", by_pid(pid)}}.dump());
    const std::string block(60000, 'x');
    for (int count = 0; count < 20; ++count) {
        frames += net::encode_connect_frame(json{{"data", {{"input", {{"stdin", base64(block)}}}}}}.dump());
        frames += net::encode_connect_frame(json{{"keepalive", json::object()}}.dump());
    }
    const AgentAnswer answer =
        sandbox.send("ENVD\n", "/process.Process/StreamInput", "application/connect+json", frames);
    CHECK(answer.status == 200);
    CHECK(TestSandbox::collect(answer.body).last == json::object());
    CHECK(sandbox.call("process.Process/CloseStdin", by_pid(pid)).status == 200);
    CHECK(output.next().at("event").at("data").at("stdout") == base64("1200000\n"));
}

TEST_CASE("a terminal is a terminal") {
    if (!as_ordinary_user("a terminal is a terminal") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    const json size = {{"pty", {{"size", {{"cols", 90}, {"rows", 20}}}}}};
    CHECK(sandbox.run("tty; stty size; echo $TERM", size).terminal == "/dev/pts/0\r\n20 90\r\nxterm-256color\r\n");
    Stream stream(sandbox.begin_stream(
        k_start,
        joined({{"process", shell("stty -echo; echo ready; read line; echo got $line; stty size; sleep 60 & exit 0")}},
               size)));
    const int pid = stream.next_start();
    CHECK(stream.next() == json{{"event", {{"data", {{"pty", base64("ready\r\n")}}}}}});
    CHECK(
        sandbox.call("process.Process/Update", joined(by_pid(pid), {{"pty", {{"size", {{"cols", 33}, {"rows", 11}}}}}}))
            .status == 200);
    CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"stdin", "aGk="}}}})).status ==
          500);
    CHECK(sandbox.call("process.Process/CloseStdin", by_pid(pid)).parsed().at("code") == "unknown");
    CHECK(sandbox.call("process.Process/SendInput", joined(by_pid(pid), {{"input", {{"pty", base64("words\n")}}}}))
              .status == 200);
    std::string text;
    json message = stream.next();
    for (; message.at("event").contains("data"); message = stream.next())
        text += message.at("event").at("data").at("pty").get<std::string>();
    CHECK((text == base64("got words\r\n11 33\r\n") || text == base64("got words\r\n") + base64("11 33\r\n")));
    // The job left in the background does not hold the end up.
    CHECK(message.at("event").at("end").at("status") == "exit status 0");
}

TEST_CASE("a client that does not read holds up its process alone") {
    if (!as_ordinary_user("a client that does not read holds up its process alone") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    std::optional<Stream> stream(
        sandbox.begin_stream(k_start, {{"process", {{"cmd", "cat"}, {"args", {"/dev/zero"}}}}}));
    const int pid = stream->next_start();
    const std::string io = "awk '/^wchar/ {print $2}' /proc/" + std::to_string(pid) + "/io";
    std::string written;
    CHECK(eventually([&] {
        const std::string before = std::exchange(written, sandbox.run(io).output);
        return before == written && !written.empty();
    }));
    CHECK(std::stoll(written) < (8 << 20));
    std::ifstream memory("/proc/" + std::to_string(sandbox.launched().pid) + "/statm");
    long pages = 0;
    long resident = 0;
    memory >> pages >> resident;
    CHECK(resident * ::sysconf(_SC_PAGESIZE) < (32 << 20));
    // Without its client the process goes on.
    stream.reset();
    CHECK(eventually([&] { return sandbox.run(io).output != written; }));
    CHECK(sandbox.call("process.Process/SendSignal", joined(by_pid(pid), {{"signal", "SIGNAL_SIGKILL"}})).status ==
          200);
}

TEST_CASE("the file system is looked at and changed") {
    if (!as_ordinary_user("the file system is looked at and changed") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    const auto call = [&](const char* method, const json& message) {
        return sandbox.call(std::string("filesystem.Filesystem/") + method, message);
    };
    REQUIRE(
        sandbox
            .run("cd /app; mkdir -p d/e; printf 12345 > d/f; chmod 640 d/f; touch -d 2026-01-02T03:04:05.678901Z d/f; "
                 "ln -s d link; ln -s nowhere broken; touch d/e/g")
            .exit_code == 0);
    SUBCASE("entries") {
        const json entry = call("Stat", {{"path", "/app/d/f"}}).parsed().at("entry");
        CHECK(
            entry ==
            json::parse(
                R"({"name":"f","type":"FILE_TYPE_FILE","path":"/app/d/f","size":"5","mode":416,"permissions":"-rw-r-----",
                                       "owner":"user","group":"user","modifiedTime":"2026-01-02T03:04:05.678901Z"})"));
        const json link = call("Stat", {{"path", "/app/link"}}).parsed().at("entry");
        CHECK(link.at("type") == "FILE_TYPE_DIRECTORY");
        CHECK(link.at("permissions") == "Lrwxrwxrwx");
        CHECK(link.at("symlinkTarget") == "/app/d");
        CHECK_FALSE(call("Stat", {{"path", "/app/broken"}}).parsed().at("entry").contains("type"));
        const AgentAnswer missing = call("Stat", {{"path", "/app/none"}});
        CHECK(missing.status == 404);
        CHECK(missing.parsed().at("code") == "not_found");
    }
    SUBCASE("lists") {
        const auto list = [&](const json& message) {
            std::string names;
            for (const json& entry : call("ListDir", message).parsed().value("entries", json::array())) {
                names += entry.at("path").get<std::string>() + " ";
            }
            return names;
        };
        CHECK(list({{"path", "/app"}}) == "/app/broken /app/d /app/link ");
        CHECK(list({{"path", "/app"}, {"depth", 2}}) == "/app/broken /app/d /app/d/e /app/d/f /app/link ");
        CHECK(list({{"path", "/app"}, {"depth", 3}}) == "/app/broken /app/d /app/d/e /app/d/e/g /app/d/f /app/link ");
        CHECK(list({{"path", "/app/link"}}) == "/app/link/e /app/link/f ");
        CHECK(call("ListDir", {{"path", "/app/d/e"}}).status == 200);
        CHECK(call("ListDir", {{"path", "/app/none"}}).status == 404);
        CHECK(call("ListDir", {{"path", "/app/d/f"}}).parsed().at("code") == "invalid_argument");
        REQUIRE(sandbox.run("mkdir /app/many; cd /app/many; seq 5000 | xargs touch").exit_code == 0);
        CHECK(call("ListDir", {{"path", "/app/many"}}).parsed().at("entries").size() == 5000);
    }
    SUBCASE("directories") {
        CHECK(call("MakeDir", {{"path", "/app/x/y/z"}}).parsed().at("entry").at("permissions") == "drwxr-xr-x");
        CHECK(call("MakeDir", {{"path", "/app/x/y/z"}}).status == 409);
        CHECK(call("MakeDir", {{"path", "/app/d/f"}}).parsed().at("code") == "invalid_argument");
        CHECK(call("MakeDir", {{"path", "/usr/x"}}).parsed().at("code") == "permission_denied");
    }
    SUBCASE("moves") {
        CHECK(
            call("Move", {{"source", "/app/d/f"}, {"destination", "/app/new/place"}}).parsed().at("entry").at("path") ==
            "/app/new/place");
        // Between mounts a rename is impossible; a client must not notice.
        CHECK(call("Move", {{"source", "/app/d"}, {"destination", "/tmp/moved"}}).status == 200);
        CHECK(sandbox.run("cat /app/new/place; ls /app /tmp/moved").output ==
              "12345/app:\nbroken\nlink\nnew\n\n/tmp/moved:\ne\n");
        CHECK(call("Move", {{"source", "/app/none"}, {"destination", "/app/x"}}).status == 404);
        REQUIRE(sandbox.run("mkdir -p /app/full/x /app/other").exit_code == 0);
        CHECK(call("Move", {{"source", "/app/other"}, {"destination", "/app/full"}}).status == 500);
        CHECK(living(sandbox).empty());
    }
    SUBCASE("removals") {
        CHECK(call("Remove", {{"path", "/app/link"}}).status == 200);
        CHECK(sandbox.run("cat /app/d/f").output == "12345");
        CHECK(call("Remove", {{"path", "/app/d"}}).parsed() == json::object());
        CHECK(sandbox.run("ls -A /app").output == "broken\n");
        CHECK(call("Remove", {{"path", "/app/d"}}).status == 200);
        CHECK(call("Remove", {{"path", "/usr/bin/env"}}).status == 403);
    }
}

TEST_CASE("changes in a directory are reported") {
    if (!as_ordinary_user("changes in a directory are reported") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    const auto call = [&](const char* method, const json& message) {
        return sandbox.call(std::string("filesystem.Filesystem/") + method, message);
    };
    SUBCASE("as a stream") {
        Stream stream(sandbox.begin_stream("filesystem.Filesystem/WatchDir",
                                           {{"path", "/app"}, {"recursive", true}, {"include_entry", true}}));
        CHECK(stream.next() == json::parse(R"({"start":{}})"));
        REQUIRE(sandbox.run("mkdir /app/d").exit_code == 0);
        const json made = stream.next().at("filesystem");
        CHECK(made.at("name") == "d");
        CHECK(made.at("type") == "EVENT_TYPE_CREATE");
        CHECK(made.at("entry").at("type") == "FILE_TYPE_DIRECTORY");
        // The new directory is watched by the time that it is reported.
        REQUIRE(sandbox.run("cd /app/d; echo > f; rm f").exit_code == 0);
        std::string seen;
        while (!contains(seen, "REMOVE")) {
            const json event = stream.next().at("filesystem");
            seen += event.at("name").get<std::string>() + ":" + event.at("type").get<std::string>().substr(11) + " ";
        }
        CHECK(seen == "d/f:CREATE d/f:WRITE d/f:REMOVE ");
    }
    SUBCASE("on demand") {
        const std::string id = call("CreateWatcher", {{"path", "/app"}}).parsed().at("watcherId");
        REQUIRE(sandbox.run("cd /app; touch a; mv a b; mkdir d; touch d/unseen; chmod 600 b").exit_code == 0);
        std::string seen;
        CHECK(eventually([&] {
            for (const json& event :
                 call("GetWatcherEvents", {{"watcherId", id}}).parsed().value("events", json::array())) {
                seen +=
                    event.at("name").get<std::string>() + ":" + event.at("type").get<std::string>().substr(11) + " ";
            }
            return contains(seen, "b:CHMOD");
        }));
        CHECK(contains(seen, "a:CREATE "));
        CHECK(contains(seen, "a:RENAME "));
        CHECK(contains(seen, "b:CREATE "));
        CHECK_FALSE(contains(seen, "unseen"));
        CHECK(call("RemoveWatcher", {{"watcherId", id}}).status == 200);
        CHECK(call("GetWatcherEvents", {{"watcherId", id}}).status == 404);
    }
    SUBCASE("or refused") {
        CHECK(call("CreateWatcher", {{"path", "/app/none"}}).status == 404);
        CHECK(call("CreateWatcher", {{"path", "/etc/passwd"}}).status == 400);
    }
}

TEST_CASE("figures of the sandbox are those of the sandbox") {
    if (!as_ordinary_user("figures of the sandbox are those of the sandbox") || !sandboxes_possible()) return;
    const TestSandbox sandbox(json{{"memory_bytes", 512 << 20}, {"disk_bytes", 256 << 20}});
    REQUIRE(sandbox.upload("/app/ten", std::string(10 << 20, 'x')).status == 200);
    const json figures = sandbox.get("/metrics").parsed();
    CHECK(figures.at("mem_total") == 512 << 20);
    CHECK(figures.at("mem_total_mib") == 512);
    CHECK(figures.at("disk_total") == 256 << 20);
    CHECK(figures.at("disk_used") >= 10 << 20);
    CHECK(figures.at("disk_used") < 20 << 20);
    CHECK(figures.at("mem_used") < 64 << 20);
    CHECK(figures.at("cpu_count") >= 1);
}

TEST_CASE("a pause goes by unnoticed inside") {
    if (!as_ordinary_user("a pause goes by unnoticed inside") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    const auto state = [&] {
        AgentConnection connection = sandbox.connect("ENGINE\n");
        connection.send("GET /state HTTP/1.1\r\n\r\n");
        return read_answer(connection).parsed();
    };
    const auto pause = [&] { return sandbox.post("ENGINE\n", "/pause", {{"memory", true}}).status; };
    const auto resume = [&] {
        return sandbox.post("ENGINE\n", "/resume", {{"deadline", TestSandbox::deadline(std::chrono::minutes(5))}})
            .status;
    };
    CHECK(state().at("paused") == false);
    SUBCASE("by a shell with a job in the foreground") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", {{"cmd", "/bin/bash"}, {"args", {"--norc", "-i"}}}},
                                                     {"pty", {{"size", {{"cols", 80}, {"rows", 24}}}}}}));
        const int pid = stream.next_start();
        const auto type = [&](const std::string& text) {
            json body = by_pid(pid);
            body["input"] = {{"pty", base64(text)}};
            CHECK(sandbox.call("process.Process/SendInput", body).status == 200);
        };
        std::string screen;
        const auto see = [&](const std::string& text) {
            while (!contains(screen, text))
                screen += TestSandbox::decode(stream.next().at("event").value("data", json::object()).value("pty", ""));
        };
        type("echo first-$((20+3)); cat; echo second-$((20+4))\n");
        see("first-23");
        for (int round = 0; round < 5; ++round) {
            CHECK(pause() == 204);
            CHECK(resume() == 204);
            type("line" + std::to_string(round) + "\n");
            see("line" + std::to_string(round) + "\r\nline" + std::to_string(round));
        }
        type("\x04");
        see("second-24");
        CHECK_FALSE(contains(screen, "Stopped"));
    }
    SUBCASE("by a command that has only so much time") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("sleep 2; echo through >/app/through")}},
                                           "Connect-Timeout-Ms: 4000\r\n"));
        stream.next_start();
        CHECK(pause() == 204);
        std::this_thread::sleep_for(std::chrono::milliseconds(4500));
        CHECK(resume() == 204);
        CHECK(eventually([&] { return sandbox.get("/files?path=/app/through").body == "through\n"; }));
    }
    SUBCASE("but a command whose time is up afterwards ends then") {
        Stream stream(
            sandbox.begin_stream(k_start, {{"process", shell("exec sleep 300")}}, "Connect-Timeout-Ms: 1500\r\n"));
        stream.next_start();
        CHECK(pause() == 204);
        CHECK(resume() == 204);
        CHECK(eventually([&] { return living(sandbox).empty(); }));
    }
    SUBCASE("by what somebody inside had stopped") {
        Stream stream(sandbox.begin_stream(k_start, {{"process", shell("kill -STOP $$; echo woken")}}));
        const int pid = stream.next_start();
        const auto stopped = [&] {
            return contains(sandbox.run("cat /proc/" + std::to_string(pid) + "/stat").output, ") T ");
        };
        CHECK(eventually(stopped));
        CHECK(pause() == 204);
        CHECK(resume() == 204);
        CHECK(stopped());
        CHECK(sandbox.run("kill -CONT " + std::to_string(pid)).exit_code == 0);
        CHECK(stream.next().at("event").contains("data"));
    }
    SUBCASE("and nothing is started meanwhile") {
        CHECK(pause() == 204);
        CHECK(pause() == 204);
        CHECK(state().at("paused") == true);
        CHECK(sandbox.get("/health").status == 204);
        CHECK(sandbox.get("/envs").status == 503);
        CHECK(sandbox.call("process.Process/List", json::object()).status == 503);
        CHECK(sandbox.post("ENGINE\n", "/deadline", {{"deadline", TestSandbox::deadline(std::chrono::minutes(5))}})
                  .status == 409);
        const std::string start = net::encode_connect_frame(json{{"process", shell("true")}}.dump());
        CHECK(contains(sandbox.send("ENGINE\n", "/process.Process/Start", "application/connect+json", start).body,
                       "the sandbox is paused"));
        CHECK(resume() == 204);
        CHECK(sandbox.run("echo on").output == "on\n");
    }
    SUBCASE("until its end") {
        CHECK(sandbox
                  .post("ENGINE\n", "/deadline",
                        {{"deadline", TestSandbox::deadline(std::chrono::seconds(1))},
                         {"end", TestSandbox::deadline(std::chrono::seconds(4))}})
                  .status == 204);
        CHECK(pause() == 204);
        CHECK_FALSE(sandbox.gone_within(std::chrono::milliseconds(3000)));
        CHECK(sandbox.gone_within(std::chrono::milliseconds(15000)));
    }
    SUBCASE("and begins at the deadline where that was asked for") {
        CHECK(sandbox
                  .post("ENGINE\n", "/init",
                        {{"deadline", TestSandbox::deadline(std::chrono::seconds(0))},
                         {"end", TestSandbox::deadline(std::chrono::seconds(5))},
                         {"pauseAtDeadline", true}})
                  .status == 204);
        CHECK(eventually([&] { return state().at("paused") == true; }));
        CHECK(sandbox.gone_within(std::chrono::milliseconds(20000)));
    }
}
