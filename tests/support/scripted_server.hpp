#pragma once

#include <spawnai/core/fd.hpp>
#include <spawnai/core/text.hpp>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>

#include <atomic>
#include <cerrno>
#include <charconv>
#include <condition_variable>
#include <functional>
#include <list>
#include <map>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

namespace spawnai::testing {

struct ServedRequest {
    std::string method;
    std::string target;
    std::map<std::string, std::string> headers;  ///< names in lower case
    std::string body;                            ///< chunks joined
    bool chunked = false;

    [[nodiscard]] std::string header(const std::string& name) const {
        const auto found = headers.find(name);
        return found == headers.end() ? std::string() : found->second;
    }
};

/// One accepted connection as bytes: a script may answer properly, wrongly, slowly or not at all.
class ServedConnection {
 public:
    explicit ServedConnection(int fd) : fd_(fd) {}
    [[nodiscard]] int fd() const noexcept { return fd_; }

    /// The next request, head only; empty when the peer closed.
    std::optional<ServedRequest> read_head() {
        std::size_t end = 0;
        while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
            if (!more()) return std::nullopt;
        ServedRequest request;
        const std::string head = buffer_.substr(0, end);
        buffer_.erase(0, end + 4);
        bool first = true;
        for (std::string_view line : split_lines(head)) {
            line = trim(line);
            if (first) {
                const std::size_t one = line.find(' ');
                const std::size_t two = line.rfind(' ');
                request.method = line.substr(0, one);
                request.target = line.substr(one + 1, two - one - 1);
                first = false;
                continue;
            }
            const std::size_t colon = line.find(':');
            if (colon == std::string_view::npos) continue;
            request.headers[ascii_lower(line.substr(0, colon))] = std::string(trim(line.substr(colon + 1)));
        }
        request.chunked = ascii_lower(request.header("transfer-encoding")) == "chunked";
        return request;
    }
    /// The next request with its body.
    std::optional<ServedRequest> read_request() {
        auto request = read_head();
        if (!request) return request;
        if (request->chunked) {
            while (true) {
                std::size_t end = 0;
                while ((end = buffer_.find("\r\n")) == std::string::npos)
                    if (!more()) return std::nullopt;
                std::size_t size = 0;
                std::from_chars(buffer_.data(), buffer_.data() + end, size, 16);
                buffer_.erase(0, end + 2);
                if (!fill(size + 2)) return std::nullopt;
                request->body.append(buffer_, 0, size);
                buffer_.erase(0, size + 2);
                if (size == 0) return request;
            }
        }
        std::size_t size = 0;
        const std::string length = request->header("content-length");
        std::from_chars(length.data(), length.data() + length.size(), size);
        if (!fill(size)) return std::nullopt;
        request->body = buffer_.substr(0, size);
        buffer_.erase(0, size);
        return request;
    }
    /// @return false when the peer is gone.
    bool send(std::string_view bytes) {
        while (!bytes.empty()) {
            const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
            if (sent < 0 && errno == EINTR) continue;
            if (sent <= 0) return false;
            bytes.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    bool respond(int status, std::string_view body, const std::vector<std::string>& headers = {}) {
        std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\n";
        for (const auto& header : headers) text += header + "\r\n";
        if (status != 204) text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
        return send(text + "\r\n" + std::string(body));
    }
    bool begin_chunked(int status, const std::vector<std::string>& headers = {}) {
        std::string text = "HTTP/1.1 " + std::to_string(status) + " X\r\nTransfer-Encoding: chunked\r\n";
        for (const auto& header : headers) text += header + "\r\n";
        return send(text + "\r\n");
    }
    bool chunk(std::string_view bytes) {
        char size[20];
        const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
        return send(std::string(size, end) + "\r\n" + std::string(bytes) + "\r\n");
    }
    bool end_chunks() { return send("0\r\n\r\n"); }
    /// Says nothing until the peer closes or the server ends.
    void hold() {
        while (more()) buffer_.clear();
    }
    /// Makes the close at the end of the script a TCP reset.
    void reset() {
        const linger hard{1, 0};
        ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    }
    /// Ends the connection now.
    void cut() { ::shutdown(fd_, SHUT_RDWR); }

 private:
    bool more() {
        char bytes[65536];
        ssize_t count = 0;
        do count = ::recv(fd_, bytes, sizeof bytes, 0);
        while (count < 0 && errno == EINTR);
        if (count <= 0) return false;
        buffer_.append(bytes, static_cast<std::size_t>(count));
        return true;
    }
    bool fill(std::size_t size) {
        while (buffer_.size() < size)
            if (!more()) return false;
        return true;
    }
    int fd_;
    std::string buffer_;
};

/// Listens on a free port of 127.0.0.1 and runs the script for every connection, each on a thread of its own.
/// When the script returns the connection is closed. The destructor ends every script by shutting its
/// connection down.
class ScriptedServer {
 public:
    using Script = std::function<void(ServedConnection& connection)>;

    explicit ScriptedServer(Script script, const char* address = "127.0.0.1") : script_(std::move(script)) {
        const bool v6 = std::string_view(address).find(':') != std::string_view::npos;
        listener_ = Fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_storage storage{};
        socklen_t size = 0;
        if (v6) {
            auto* in6 = reinterpret_cast<sockaddr_in6*>(&storage);
            in6->sin6_family = AF_INET6;
            ::inet_pton(AF_INET6, address, &in6->sin6_addr);
            size = sizeof *in6;
        } else {
            auto* in4 = reinterpret_cast<sockaddr_in*>(&storage);
            in4->sin_family = AF_INET;
            ::inet_pton(AF_INET, address, &in4->sin_addr);
            size = sizeof *in4;
        }
        if (::bind(listener_.get(), reinterpret_cast<sockaddr*>(&storage), size) != 0 ||
            ::listen(listener_.get(), 64) != 0)
            throw std::runtime_error("the test server cannot listen");
        ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&storage), &size);
        port_ = ntohs(v6 ? reinterpret_cast<sockaddr_in6*>(&storage)->sin6_port
                         : reinterpret_cast<sockaddr_in*>(&storage)->sin_port);
        acceptor_ = std::jthread([this] { accept_all(); });
    }
    ~ScriptedServer() {
        {
            const std::lock_guard lock(mutex_);
            stopping_ = true;
            for (Client& client : clients_)
                if (client.fd) ::shutdown(client.fd.get(), SHUT_RDWR);
        }
        ::shutdown(listener_.get(), SHUT_RDWR);
        acceptor_.join();
        clients_.clear();
    }
    ScriptedServer(const ScriptedServer&) = delete;
    ScriptedServer& operator=(const ScriptedServer&) = delete;

    [[nodiscard]] int port() const noexcept { return port_; }
    [[nodiscard]] std::string url(const std::string& path = "/") const {
        return "http://127.0.0.1:" + std::to_string(port_) + path;
    }
    /// Connections accepted so far.
    [[nodiscard]] int accepted() const noexcept { return accepted_; }
    /// Waits until that many of the accepted connections were closed.
    bool wait_closed(int count, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return closed_ >= count; });
    }

 private:
    struct Client {
        Fd fd;
        std::jthread thread;
    };
    void accept_all() {
        while (true) {
            Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
            if (!fd) return;
            const int on = 1;
            ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
            ++accepted_;
            const std::lock_guard lock(mutex_);
            if (stopping_) return;
            Client& client = clients_.emplace_back();
            client.fd = std::move(fd);
            client.thread = std::jthread([this, &client] {
                ServedConnection connection(client.fd.get());
                script_(connection);
                const std::lock_guard inner(mutex_);
                client.fd.reset();
                ++closed_;
                changed_.notify_all();
            });
        }
    }

    Script script_;
    Fd listener_;
    int port_ = 0;
    std::atomic<int> accepted_{0};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool stopping_ = false;
    int closed_ = 0;
    std::list<Client> clients_;
    std::jthread acceptor_;
};

}  // namespace spawnai::testing
