#pragma once

#include "engine/launcher.hpp"
#include "support/temp_dir.hpp"
#include "support/unprivileged.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/net/connect.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::test {

using nlohmann::json;

/// Whether this machine can make sandboxes. If not, the reason is printed and the test passes as skipped, unless
/// SPAWNAI_TESTS_MUST_RUN is set.
inline bool sandboxes_possible() {
    const TempDir scratch;
    try {
        engine::self_test(scratch.path(), built_program("spawnai-agent"));
        return true;
    } catch (const Error& error) {
        const bool must_run = std::getenv("SPAWNAI_TESTS_MUST_RUN") != nullptr;
        CHECK_MESSAGE(!must_run, error.what() << ": " << error.evidence());
        if (!must_run) MESSAGE("skipped: " << error.what());
        return false;
    }
}

/// A connection to an agent: preface first, then HTTP or raw bytes.
class AgentConnection {
 public:
    AgentConnection(const std::filesystem::path& path, std::string_view preface)
        : socket_(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
        if (::connect(socket_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
            throw std::runtime_error(std::string("cannot connect to the agent: ") + std::strerror(errno));
        }
        send(preface);
    }

    void send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t size = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (size <= 0) throw std::runtime_error("the agent does not take what is sent");
            bytes.remove_prefix(static_cast<std::size_t>(size));
        }
    }
    void end_sending() { ::shutdown(socket_.get(), SHUT_WR); }

    /// More bytes; empty at the end. @throws std::runtime_error when nothing comes for half a minute
    std::string receive() {
        pollfd waiting{socket_.get(), POLLIN, 0};
        if (::poll(&waiting, 1, 30000) == 0) throw std::runtime_error("the agent does not answer");
        std::array<char, 65536> buffer;
        const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), 0);
        return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
    }
    std::string receive_until(std::string_view mark) {
        while (buffer_.find(mark) == std::string::npos) {
            const std::string more = receive();
            if (more.empty()) throw std::runtime_error("the agent ended the connection early: " + buffer_);
            buffer_ += more;
        }
        return take(buffer_.find(mark) + mark.size());
    }
    std::string receive_exactly(std::size_t count) {
        while (buffer_.size() < count) {
            const std::string more = receive();
            if (more.empty()) throw std::runtime_error("the agent ended the connection early");
            buffer_ += more;
        }
        return take(count);
    }
    std::string receive_all() {
        std::string all = take(buffer_.size());
        for (std::string more = receive(); !more.empty(); more = receive()) all += more;
        return all;
    }

 private:
    std::string take(std::size_t count) {
        std::string taken = buffer_.substr(0, count);
        buffer_.erase(0, count);
        return taken;
    }
    Fd socket_;
    std::string buffer_;
};

struct AgentAnswer {
    int status = 0;
    std::string head;
    std::string body;
    [[nodiscard]] json parsed() const { return json::parse(body); }
};

/// Reads one answer, chunked or with a length.
inline AgentAnswer read_answer(AgentConnection& connection) {
    AgentAnswer answer;
    answer.head = connection.receive_until("\r\n\r\n");
    answer.status = std::stoi(answer.head.substr(9, 3));
    const std::size_t length = answer.head.find("Content-Length: ");
    if (length != std::string::npos) {
        answer.body = connection.receive_exactly(std::stoul(answer.head.substr(length + 16)));
    } else if (answer.head.find("Transfer-Encoding: chunked") != std::string::npos) {
        for (;;) {
            const std::size_t size = std::stoul(connection.receive_until("\r\n"), nullptr, 16);
            answer.body += connection.receive_exactly(size);
            connection.receive_exactly(2);
            if (size == 0) break;
        }
    }
    return answer;
}

/// What a command in a sandbox did.
struct CommandResult {
    std::string output;
    std::string errors;
    std::string terminal;
    std::optional<int> exit_code;  ///< absent when no end event came
    std::string status;
    json last;  ///< the payload of the last frame
};

/// A real sandbox of a test's own, ended with the object.
class TestSandbox {
 public:
    explicit TestSandbox(const json& limits = json::object(),
                         std::chrono::milliseconds lifetime = std::chrono::minutes(10))
        : TestSandbox(engine::LaunchRequest(), limits, lifetime) {}
    /// With the paths of `request` filled in.
    explicit TestSandbox(engine::LaunchRequest request, const json& limits = json::object(),
                         std::chrono::milliseconds lifetime = std::chrono::minutes(10))
        : request_(std::move(request)) {
        request_.state_dir = directory_.path() / "s";
        request_.socket_path = directory_.path() / "a";
        request_.agent = built_program("spawnai-agent");
        launched_ = engine::launch(request_);
        const AgentAnswer answer =
            post("ENGINE\n", "/init",
                 {{"deadline", deadline(lifetime)}, {"environment", {{"GIVEN", "yes"}}}, {"limits", limits}});
        if (answer.status != 204) throw std::runtime_error("the agent refused its first message: " + answer.body);
    }
    ~TestSandbox() {
        if (launched_.outer_pid == 0) return;
        kill();
        wait_for_end();
    }
    TestSandbox(const TestSandbox&) = delete;
    TestSandbox& operator=(const TestSandbox&) = delete;

    static std::int64_t deadline(std::chrono::milliseconds lifetime) {
        return (system_clock().now() + lifetime).time_since_epoch().count();
    }

    [[nodiscard]] AgentConnection connect(std::string_view preface) const { return {request_.socket_path, preface}; }
    [[nodiscard]] const std::filesystem::path& directory() const { return directory_.path(); }
    [[nodiscard]] const engine::Launched& launched() const { return launched_; }

    AgentAnswer get(const std::string& target, const std::string& headers = {}) const {
        AgentConnection connection = connect("ENVD\n");
        connection.send("GET " + target + " HTTP/1.1\r\nHost: x\r\n" + headers + "\r\n");
        return read_answer(connection);
    }
    AgentAnswer post(std::string_view preface, const std::string& target, const json& body) const {
        return send(preface, target, "application/json", body.dump());
    }
    AgentAnswer call(const std::string& method, const json& body) const { return post("ENVD\n", "/" + method, body); }
    AgentAnswer send(std::string_view preface, const std::string& target, const std::string& type,
                    const std::string& body) const {
        AgentConnection connection = connect(preface);
        connection.send("POST " + target + " HTTP/1.1\r\nHost: x\r\nContent-Type: " + type +
                        "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n");
        connection.send(body);
        return read_answer(connection);
    }
    AgentAnswer upload(const std::string& path, const std::string& content) const {
        return send("ENVD\n", "/files?path=" + path, "application/octet-stream", content);
    }

    /// Sends the request of a streaming call; the answer is then read with read_stream().
    AgentConnection begin_stream(const std::string& method, const json& message,
                                 const std::string& headers = {}) const {
        const std::string body = net::encode_connect_frame(message.dump());
        AgentConnection connection = connect("ENVD\n");
        connection.send("POST /" + method + " HTTP/1.1\r\nHost: x\r\nContent-Type: application/connect+json\r\n" +
                        headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
        return connection;
    }

    /// Puts the probe at /app/probe.
    void install_probe() const {
        std::ifstream file(built_program("spawnai-probe"), std::ios::binary);
        const std::string program(std::istreambuf_iterator<char>(file), {});
        REQUIRE(upload("/app/probe", program).status == 200);
        REQUIRE(run("chmod +x /app/probe").exit_code == 0);
    }

    /// Runs a shell command to its end. `extra` joins the Start message.
    CommandResult run(const std::string& command, const json& extra = json::object(),
                      const std::string& headers = {}) const {
        json message = {{"process", {{"cmd", "/bin/bash"}, {"args", {"-c", command}}}}, {"stdin", false}};
        message.update(extra);
        AgentConnection connection = begin_stream("process.Process/Start", message, headers);
        return collect(read_answer(connection).body);
    }

    static CommandResult collect(const std::string& body) {
        CommandResult result;
        net::ConnectFrameDecoder decoder;
        decoder.feed(body);
        while (const auto frame = decoder.next()) {
            result.last = json::parse(frame->payload);
            const json event = result.last.value("event", json::object());
            const json data = event.value("data", json::object());
            result.output += decode(data.value("stdout", ""));
            result.errors += decode(data.value("stderr", ""));
            result.terminal += decode(data.value("pty", ""));
            if (const auto end = event.find("end"); end != event.end()) {
                result.exit_code = end->value("exitCode", 0);
                result.status = end->value("status", "");
            }
        }
        return result;
    }

    /// Bytes that came as base64.
    static std::string decode(const std::string& text) {
        static constexpr std::string_view k_alphabet =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        std::string result;
        unsigned bits = 0;
        unsigned count = 0;
        for (const char c : text) {
            const std::size_t value = k_alphabet.find(c);
            if (value == std::string_view::npos) break;
            bits = bits << 6U | static_cast<unsigned>(value);
            count += 6;
            if (count >= 8) {
                count -= 8;
                result += static_cast<char>(bits >> count & 255U);
            }
        }
        return result;
    }

    void kill() const { ::syscall(SYS_pidfd_send_signal, launched_.pidfd.get(), SIGKILL, nullptr, 0); }
    /// Whether the agent's process is gone within `patience`.
    [[nodiscard]] bool gone_within(std::chrono::milliseconds patience) const {
        pollfd waiting{launched_.pidfd.get(), POLLIN, 0};
        return ::poll(&waiting, 1, static_cast<int>(patience.count())) == 1;
    }
    void wait_for_end() {
        int status = 0;
        while (::waitpid(launched_.outer_pid, &status, 0) < 0 && errno == EINTR) {
        }
        launched_.outer_pid = 0;
    }
    /// What the agent itself has said so far.
    [[nodiscard]] std::string said() const {
        std::string text;
        std::array<char, 4096> buffer;
        for (ssize_t size = 0; (size = ::read(launched_.output.get(), buffer.data(), buffer.size())) > 0;) {
            text.append(buffer.data(), static_cast<std::size_t>(size));
        }
        return text;
    }

 private:
    TempDir directory_;
    engine::LaunchRequest request_;
    engine::Launched launched_;
};

}  // namespace spawnai::test
