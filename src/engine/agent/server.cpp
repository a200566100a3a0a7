#include "engine/agent/server.hpp"

#include "engine/agent/connection.hpp"
#include "engine/agent/relay.hpp"

#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_longest_preface = 32;
constexpr std::string_view k_connect = "CONNECT ";

}  // namespace

Server::Server(Loop& loop, Fd listener, Fd network_namespace, Router& router)
    : loop_(loop), listener_(std::move(listener)), network_namespace_(std::move(network_namespace)), router_(router) {
    loop_.watch(listener_.get(), EPOLLIN, [this](std::uint32_t) { accept_all(); });
}

void Server::accept_all() {
    for (;;) {
        Fd socket(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (socket) {
            read_preface(std::move(socket));
            continue;
        }
        if (errno == EINTR || errno == ECONNABORTED) continue;
        if (errno != EAGAIN) {
            // Out of descriptors: a level-triggered listener would spin, so look again in a moment.
            loop_.change(listener_.get(), 0);
            loop_.after(std::chrono::milliseconds(100), [this] { loop_.change(listener_.get(), EPOLLIN); });
        }
        return;
    }
}

void Server::read_preface(Fd socket) {
    struct Pending {
        Fd socket;
        std::string bytes;
    };
    const auto pending = std::make_shared<Pending>(Pending{std::move(socket), {}});
    const auto step = [this, pending](std::uint32_t) {
        std::array<char, 4096> buffer;
        const ssize_t size = ::recv(pending->socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size > 0) pending->bytes.append(buffer.data(), static_cast<std::size_t>(size));
        const std::size_t end = std::string_view(pending->bytes).substr(0, k_longest_preface).find('\n');
        if (end == std::string_view::npos && size > 0 && pending->bytes.size() < k_longest_preface) return;
        loop_.forget(pending->socket.get());
        if (end == std::string_view::npos) return;
        const std::string line = pending->bytes.substr(0, end);
        dispatch(std::move(pending->socket), line, pending->bytes.substr(end + 1));
    };
    loop_.watch(pending->socket.get(), EPOLLIN, step);
}

void Server::dispatch(Fd socket, std::string_view line, std::string received) {
    if (line == "ENGINE") {
        HttpConnection::serve(loop_, std::move(socket), Origin::engine, router_, std::move(received));
    } else if (line == "ENVD") {
        HttpConnection::serve(loop_, std::move(socket), Origin::client, router_, std::move(received));
    } else if (line == "NETNS") {
        hand_out_namespace(socket);
    } else if (line.substr(0, k_connect.size()) == k_connect && relays_allowed_) {
        const std::string_view text = line.substr(k_connect.size());
        std::uint16_t port = 0;
        const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), port);
        if (failure != std::errc{} || stop != text.data() + text.size() || port == 0) return;
        start_relay(loop_, std::move(socket), port, std::move(received));
    }
}

void Server::hand_out_namespace(const Fd& socket) const {
    char byte = 'N';
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    const int descriptor = network_namespace_.get();
    std::memcpy(CMSG_DATA(header), &descriptor, sizeof(descriptor));
    (void)::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

}  // namespace spawnai::engine::agent
