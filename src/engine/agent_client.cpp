#include "engine/agent_client.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace spawnai::engine {
namespace {

namespace http = boost::beast::http;

constexpr std::chrono::seconds k_patience{10};
constexpr std::size_t k_largest_reply = 8U << 20U;

[[noreturn]] void fail(const std::string& what) {
    throw Error(ErrorKind::unavailable, "the sandbox's agent does not answer: " + what);
}

void send_all(int fd, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = ::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent < 0 && errno == EINTR) continue;
        if (sent <= 0) fail(errno_text(errno));
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
}

void set_patience(int fd) {
    const timeval patience{k_patience.count(), 0};
    ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
}

AgentClient::Reply receive_reply(int fd) {
    http::response_parser<http::string_body> parser;
    parser.body_limit(k_largest_reply);
    std::string received;
    boost::beast::error_code error;
    const auto deadline = std::chrono::steady_clock::now() + k_patience;
    while (!parser.is_done()) {
        char piece[16384];
        const ssize_t got = ::recv(fd, piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) fail(errno_text(errno));
        if (std::chrono::steady_clock::now() > deadline) fail("it is too slow");
        if (got == 0) {
            parser.put_eof(error);
            if (error || !parser.is_done()) fail("it closed the connection");
            break;
        }
        received.append(piece, static_cast<std::size_t>(got));
        while (!received.empty() && !parser.is_done()) {
            const std::size_t used = parser.put(boost::asio::buffer(received), error);
            received.erase(0, used);
            if (error == http::error::need_more || (!error && used == 0)) break;
            if (error) fail(error.message());
        }
        if (received.size() > k_largest_reply) fail("its answer is too large");
        error = {};
    }
    return {static_cast<int>(parser.get().result_int()), std::move(parser.get().body())};
}

std::int64_t milliseconds(WallTime time) {
    return time.time_since_epoch().count();
}

}  // namespace

Fd connect_unix(const std::filesystem::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof address.sun_path) fail("the path of its socket is too long");
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) fail(errno_text(errno));
    set_patience(fd.get());
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail(errno_text(errno));
    return fd;
}

AgentClient::Reply AgentClient::request(const std::string& method, const std::string& target,
                                        const std::string& body) const {
    const Fd fd = connect_unix(socket_);
    send_all(fd.get(), fmt::format("ENGINE\n{} {} HTTP/1.1\r\nHost: agent\r\nConnection: close\r\n"
                                   "Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}",
                                   method, target, body.size(), body));
    return receive_reply(fd.get());
}

void AgentClient::init(const Times& times, const std::map<std::string, std::string>& environment,
                       const SandboxLimits& limits) const {
    const Json body{{"deadline", milliseconds(times.deadline)},
                    {"end", milliseconds(times.end)},
                    {"pauseAtDeadline", times.pause_at_deadline},
                    {"environment", environment},
                    {"limits",
                     {{"processes", limits.processes},
                      {"data_bytes", limits.data_bytes},
                      {"file_bytes", limits.file_bytes},
                      {"open_files", limits.open_files},
                      {"memory_bytes", limits.memory_bytes},
                      {"disk_bytes", limits.disk_bytes}}}};
    const Reply reply = request("POST", "/init", dump_json(body));
    if (reply.status != 204)
        fail(fmt::format("/init was answered with {} {}", reply.status, reply.body.substr(0, 200)));
}

bool AgentClient::set_times(WallTime deadline, WallTime end) const {
    const Json body{{"deadline", milliseconds(deadline)}, {"end", milliseconds(end)}};
    const Reply reply = request("POST", "/deadline", dump_json(body));
    if (reply.status == 409) return false;
    if (reply.status != 204) fail(fmt::format("/deadline was answered with {}", reply.status));
    return true;
}

void AgentClient::pause(bool keep_memory) const {
    const Reply reply = request("POST", "/pause", dump_json(Json{{"memory", keep_memory}}));
    if (reply.status != 204)
        fail(fmt::format("/pause was answered with {} {}", reply.status, reply.body.substr(0, 200)));
}

void AgentClient::resume(WallTime deadline, bool keep_memory) const {
    const Json body{{"deadline", milliseconds(deadline)}, {"memory", keep_memory}};
    const Reply reply = request("POST", "/resume", dump_json(body));
    if (reply.status != 204) fail(fmt::format("/resume was answered with {}", reply.status));
}

AgentClient::State AgentClient::state() const {
    const Reply reply = request("GET", "/state", "");
    if (reply.status != 200) fail(fmt::format("/state was answered with {}", reply.status));
    const Json json = parse_json(reply.body, "the agent's state", ErrorKind::unavailable);
    const JsonReader reader(json, "the agent's state", ErrorKind::unavailable);
    return {reader.boolean("paused"), WallTime(std::chrono::milliseconds(reader.integer("deadline")))};
}

void AgentClient::check_health() const {
    const Reply reply = request("GET", "/health", "");
    if (reply.status != 204) fail(fmt::format("/health was answered with {}", reply.status));
}

}  // namespace spawnai::engine
