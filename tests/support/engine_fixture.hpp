#pragma once

#include "support/temp_dir.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/net/connect.hpp>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <map>
#include <string>
#include <thread>

namespace spawnai::test {

struct HttpAnswer {
    int status = 0;
    std::multimap<std::string, std::string> headers;  ///< lower-case names
    std::string body;
    bool whole = false;  ///< the body ended as its framing says
    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

/// One TCP connection to the engine, spoken to byte by byte. Every wait ends after 20 s with an empty result.
class Wire {
 public:
    explicit Wire(int port, bool v6 = false) {
        fd_ = Fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        const timeval patience{20, 0};
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
        ::setsockopt(fd_.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        int connected = -1;
        if (v6) {
            sockaddr_in6 address{};
            address.sin6_family = AF_INET6;
            address.sin6_port = htons(static_cast<std::uint16_t>(port));
            address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
            connected = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        } else {
            sockaddr_in address{};
            address.sin_family = AF_INET;
            address.sin_port = htons(static_cast<std::uint16_t>(port));
            address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
            connected = ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
        }
        connected_ = connected == 0;
    }

    [[nodiscard]] bool connected() const { return connected_; }
    void send(std::string_view text) {
        while (!text.empty()) {
            const ssize_t sent = ::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL);
            if (sent <= 0) return;
            text.remove_prefix(static_cast<std::size_t>(sent));
        }
    }
    void finish_sending() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }

    std::string line() {
        for (;;) {
            const std::size_t end = buffer_.find("\r\n");
            if (end != std::string::npos) return take(end + 2).substr(0, end);
            if (!more()) return {};
        }
    }
    std::string exactly(std::size_t size) {
        while (buffer_.size() < size)
            if (!more()) return {};
        return take(size);
    }
    std::string rest() {
        while (more()) continue;
        return take(buffer_.size());
    }

    /// The head of a response, informational ones included.
    HttpAnswer head() {
        HttpAnswer answer;
        const std::string status = line();
        answer.status = status.size() > 12 ? std::atoi(status.c_str() + 9) : 0;
        for (std::string header = line(); !header.empty(); header = line()) {
            const std::size_t colon = header.find(": ");
            std::string name = header.substr(0, colon);
            for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
            answer.headers.emplace(name, colon == std::string::npos ? "" : header.substr(colon + 2));
        }
        return answer;
    }
    /// A whole response. `bodiless` for answers to HEAD.
    HttpAnswer answer(bool bodiless = false) {
        HttpAnswer answer = head();
        if (bodiless || answer.status == 204 || answer.status == 304) {
            answer.whole = answer.status != 0;
        } else if (answer.header("transfer-encoding") == "chunked") {
            for (;;) {
                const std::string size_line = line();
                if (size_line.empty()) return answer;
                const std::size_t size = std::stoul(size_line, nullptr, 16);
                const std::string piece = exactly(size + 2);
                if (piece.size() != size + 2) return answer;
                answer.body += piece.substr(0, size);
                if (size == 0) break;
            }
            answer.whole = true;
        } else if (!answer.header("content-length").empty()) {
            const std::size_t size = std::stoul(answer.header("content-length"));
            answer.body = exactly(size);
            answer.whole = answer.body.size() == size;
        } else {
            answer.body = rest();
            answer.whole = true;
        }
        return answer;
    }

 private:
    bool more() {
        char piece[65536];
        const ssize_t got = ::recv(fd_.get(), piece, sizeof piece, 0);
        if (got <= 0) return false;
        buffer_.append(piece, static_cast<std::size_t>(got));
        return true;
    }
    std::string take(std::size_t size) {
        std::string text = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return text;
    }
    Fd fd_;
    bool connected_ = false;
    std::string buffer_;
};

/// One sandbox, as its creator knows it.
struct MadeSandbox {
    std::string id;
    std::string token;
};

/// An engine of one test's own, with its state in a temporary directory; it and its sandboxes are gone with the object.
class EngineFixture {
 public:
    EngineFixture() {
        // The engine of root becomes somebody else, who must be able to pass.
        std::filesystem::permissions(home_.path(), std::filesystem::perms(0711));
        std::map<std::string, std::string> variables = Environment::of_process().all();
        variables["SPAWNAI_HOME"] = home_.path().string();
        options.environment = Environment(variables);
        options.location =
            engine::state_location(Paths::resolve(options.environment), options.environment, ::geteuid());
        options.executable = std::filesystem::path(SPAWNAI_BUILD_BIN) / "spawnai";
        options.agent = std::filesystem::path(SPAWNAI_BUILD_BIN) / "spawnai-agent";
        options.version = "test";
    }
    ~EngineFixture() {
        try {
            engine::stop_engine(options.location, true);
        } catch (const Error& error) {
            MESSAGE("the engine could not be stopped: " << std::string(error.what()));
        }
    }
    EngineFixture(const EngineFixture&) = delete;
    EngineFixture& operator=(const EngineFixture&) = delete;

    engine::EngineOptions options;

    /// Starts the engine. False, with the reason printed, where this machine makes no sandboxes; a failure when it has to.
    bool start() {
        try {
            const engine::EngineAddress address = engine::ensure_engine(options, {});
            key = address.api_key.reveal();
            port = std::stoi(address.domain.substr(address.domain.find(':') + 1));
            return true;
        } catch (const Error& error) {
            const char* must = std::getenv("SPAWNAI_TESTS_MUST_RUN");
            if (error.kind() != ErrorKind::no_sandbox || (must != nullptr && *must == '1'))
                FAIL(std::string(error.what()) << " " << error.evidence());
            MESSAGE("skipped: " << std::string(error.what()));
            return false;
        }
    }
    [[nodiscard]] engine::EngineStatus status() const { return engine::engine_status(options.location); }
    [[nodiscard]] bool alive(const std::string& id) const {
        return engine::sandbox_alive(options.location.state_dir, SandboxId::parse(id));
    }
    /// SIGKILL, and waits until it is gone.
    void kill_engine() {
        const pid_t pid = status().pid;
        REQUIRE(pid > 1);
        const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
        ::kill(pid, SIGKILL);
        pollfd ended{process.get(), POLLIN, 0};
        REQUIRE(::poll(&ended, 1, 10000) == 1);
    }

    /// A control call.
    HttpAnswer api(const std::string& method, const std::string& target, const std::string& body = {}) {
        return exchange(method, target, "Host: 127.0.0.1\r\nX-API-Key: " + key + "\r\n", body);
    }
    /// A request to a port of a sandbox.
    HttpAnswer app(const std::string& id, int app_port, const std::string& method, const std::string& target,
                   const std::string& headers = {}, const std::string& body = {}) {
        return exchange(method, target, host(id, app_port) + headers, body);
    }
    [[nodiscard]] std::string host(const std::string& id, int app_port) const {
        return "Host: " + std::to_string(app_port) + "-" + id + ".localhost:" + std::to_string(port) + "\r\n";
    }
    HttpAnswer exchange(const std::string& method, const std::string& target, const std::string& headers,
                        const std::string& body) {
        Wire wire(port);
        wire.send(method + " " + target + " HTTP/1.1\r\n" + headers +
                  "Connection: close\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return wire.answer(method == "HEAD");
    }

    MadeSandbox create(const std::string& more = R"("allow_internet_access":false)") {
        const HttpAnswer answer = api("POST", "/v2/sandboxes", R"({"templateID":"base","timeout":600,)" + more + "}");
        REQUIRE_MESSAGE(answer.status == 201, answer.body);
        const Json json = Json::parse(answer.body);
        return {json.at("sandboxID").get<std::string>(), json.at("envdAccessToken").get<std::string>()};
    }
    void write(const MadeSandbox& sandbox, const std::string& path, const std::string& content) {
        const std::string boundary = "----spawnai-test";
        const std::string body = "--" + boundary + "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                                 path + "\"\r\n\r\n" + content + "\r\n--" + boundary + "--\r\n";
        const HttpAnswer answer = app(
            sandbox.id, 49983, "POST", "/files",
            "X-Access-Token: " + sandbox.token + "\r\nContent-Type: multipart/form-data; boundary=" + boundary + "\r\n",
            body);
        REQUIRE_MESSAGE(answer.status == 200, answer.body);
    }
    /// Runs a command to its end. @return stdout and stderr as they came, and the exit code in `code`.
    std::string run(const MadeSandbox& sandbox, const std::string& shell, int& code) {
        Wire wire = start_command(sandbox, shell);
        const HttpAnswer answer = wire.answer();
        REQUIRE_MESSAGE(answer.status == 200, answer.body);
        net::ConnectFrameDecoder decoder;
        decoder.feed(answer.body);
        std::string output;
        code = -1000;
        while (const auto frame = decoder.next()) {
            const Json json = Json::parse(frame->payload);
            if (!json.contains("event")) continue;
            const Json& event = json.at("event");
            if (event.contains("data"))
                for (const auto& [stream, text] : event.at("data").items())
                    output += decode_base64(text.get<std::string>());
            if (event.contains("end")) code = event.at("end").value("exitCode", 0);
        }
        return output;
    }
    /// Starts a command that goes on.
    void run_on(const MadeSandbox& sandbox, const std::string& shell) {
        Wire wire = start_command(sandbox, shell);
        REQUIRE(wire.head().status == 200);
        REQUIRE_FALSE(wire.line().empty());
    }
    /// Waits until the port answers.
    bool wait_for_port(const std::string& id, int app_port) {
        for (int i = 0; i < 100; ++i) {
            if (app(id, app_port, "GET", "/").status != 502) return true;
            std::this_thread::sleep_for(std::chrono::milliseconds(50));
        }
        return false;
    }

    std::string key;
    int port = 0;

 private:
    Wire start_command(const MadeSandbox& sandbox, const std::string& shell) {
        const Json message{{"process", {{"cmd", "/bin/bash"}, {"args", {"-l", "-c", shell}}}}, {"stdin", false}};
        const std::string body = net::encode_connect_frame(dump_json(message));
        Wire wire(port);
        wire.send("POST /process.Process/Start HTTP/1.1\r\n" + host(sandbox.id, 49983) +
                  "X-Access-Token: " + sandbox.token +
                  "\r\nContent-Type: application/connect+json\r\nConnect-Protocol-Version: 1\r\nConnection: close\r\n"
                  "Content-Length: " +
                  std::to_string(body.size()) + "\r\n\r\n" + body);
        return wire;
    }
    static std::string decode_base64(const std::string& text) {
        static const std::string k_alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string result;
        unsigned bits = 0;
        int count = 0;
        for (const char c : text) {
            const std::size_t value = k_alphabet.find(c);
            if (value == std::string::npos) break;
            bits = (bits << 6U) | static_cast<unsigned>(value);
            count += 6;
            if (count >= 8) {
                count -= 8;
                result += static_cast<char>((bits >> static_cast<unsigned>(count)) & 0xffU);
            }
        }
        return result;
    }
    TempDir home_;
};

}  // namespace spawnai::test
