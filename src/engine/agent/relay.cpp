#include "engine/agent/relay.hpp"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <memory>
#include <string_view>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_piece = 64U << 10U;

Fd dial(const sockaddr* address, socklen_t size, int& code) {
    Fd socket(::socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!socket || (::connect(socket.get(), address, size) != 0 && errno != EINPROGRESS)) {
        code = errno;
        return Fd();
    }
    const int on = 1;
    ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    code = 0;
    return socket;
}

Fd dial_ipv4(std::uint16_t port, int& code) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    return dial(reinterpret_cast<const sockaddr*>(&address), sizeof(address), code);  // NOLINT
}

Fd dial_ipv6(std::uint16_t port, int& code) {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(port);
    address.sin6_addr = in6addr_loopback;
    return dial(reinterpret_cast<const sockaddr*>(&address), sizeof(address), code);  // NOLINT
}

/// One direction: what was read and could not be written yet, and whether the source has ended.
struct Direction {
    std::string pending;
    bool ended = false;      ///< the source sent its last byte
    bool forwarded = false;  ///< and the target was told
    [[nodiscard]] bool done() const { return forwarded; }
};

struct Side {
    bool watched = false;
    std::uint32_t interest = 0;
};

class Relay : public std::enable_shared_from_this<Relay> {
 public:
    Relay(Loop& loop, Fd client, std::uint16_t port, std::string received)
        : loop_(loop), client_(std::move(client)), port_(port) {
        to_app_.pending = std::move(received);
    }

    void start() {
        int code = 0;
        app_ = dial_ipv4(port_, code);
        if (!app_) {
            try_ipv6(code);
            return;
        }
        await_connection(true);
    }

 private:
    void await_connection(bool ipv6_next) {
        loop_.watch(app_.get(), EPOLLOUT, [self = shared_from_this(), ipv6_next](std::uint32_t) {
            int code = 0;
            socklen_t size = sizeof(code);
            ::getsockopt(self->app_.get(), SOL_SOCKET, SO_ERROR, &code, &size);
            self->loop_.forget(self->app_.get());
            if (code == 0) {
                self->connected();
            } else if (ipv6_next) {
                self->app_.reset();
                self->try_ipv6(code);
            } else {
                self->refuse(self->first_error_);
            }
        });
    }

    void try_ipv6(int first_error) {
        first_error_ = first_error;
        int code = 0;
        app_ = dial_ipv6(port_, code);
        if (app_) {
            await_connection(false);
        } else {
            refuse(first_error);
        }
    }

    void refuse(int code) {
        const char* name = ::strerrorname_np(code);
        const std::string answer = std::string("ERR ") + (name == nullptr ? "EIO" : name) + "\n";
        // A fresh socket takes these few bytes; if it is gone there is nobody to tell.
        (void)::send(client_.get(), answer.data(), answer.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        client_.reset();
        app_.reset();
    }

    void connected() {
        to_client_.pending = "OK\n";
        watch(client_side_, client_, true);
        watch(app_side_, app_, false);
        open_ = true;
        pump();
    }

    void watch(Side& side, const Fd& socket, bool is_client) {
        side.watched = true;
        side.interest = 0;
        loop_.watch(socket.get(), 0, [self = shared_from_this(), is_client](std::uint32_t events) {
            self->on_events(events, is_client);
        });
    }

    void on_events(std::uint32_t events, bool from_client) {
        if ((events & EPOLLERR) != 0 || ((events & EPOLLHUP) != 0 && (from_client ? to_app_ : to_client_).ended)) {
            // Reset, or gone in both directions: nothing more can reach it.
            close();
            return;
        }
        if ((events & (EPOLLIN | EPOLLHUP)) != 0) {
            Direction& direction = from_client ? to_app_ : to_client_;
            const Fd& from = from_client ? client_ : app_;
            if (direction.pending.empty() && !direction.ended) {
                receive(from, from_client ? app_ : client_, direction);
            } else if ((events & EPOLLHUP) != 0) {
                // Always reported: without this the loop would spin until the other side has taken what is
                // pending.
                loop_.forget(from.get());
                (from_client ? client_side_ : app_side_).watched = false;
            }
        }
        pump();
    }

    /// Reads one piece and passes it on at once; only what the target does not take is kept.
    void receive(const Fd& from, const Fd& to, Direction& direction) {
        static std::array<char, k_piece> buffer;
        const ssize_t size = ::recv(from.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
        if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
        if (size <= 0) {
            direction.ended = true;
            return;
        }
        const std::string_view bytes(buffer.data(), static_cast<std::size_t>(size));
        const ssize_t sent = ::send(to.get(), bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (sent < 0 && errno != EAGAIN && errno != EINTR) {
            broken_ = true;
            return;
        }
        direction.pending = bytes.substr(static_cast<std::size_t>(std::max<ssize_t>(sent, 0)));
    }

    void send_pending(const Fd& to, Direction& direction) {
        while (!direction.pending.empty()) {
            const ssize_t size =
                ::send(to.get(), direction.pending.data(), direction.pending.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
            if (size < 0 && errno == EINTR) continue;
            if (size < 0) {
                broken_ = errno != EAGAIN;
                return;
            }
            direction.pending.erase(0, static_cast<std::size_t>(size));
        }
        if (direction.ended && !direction.forwarded) {
            ::shutdown(to.get(), SHUT_WR);
            direction.forwarded = true;
        }
    }

    void pump() {
        if (!open_) return;
        send_pending(app_, to_app_);
        send_pending(client_, to_client_);
        if (broken_ || (to_app_.done() && to_client_.done())) {
            close();
            return;
        }
        const auto interest = [](const Direction& from, const Direction& to) {
            std::uint32_t events = 0;
            if (!from.ended && from.pending.empty()) events |= EPOLLIN;
            if (!to.pending.empty()) events |= EPOLLOUT;
            return events;
        };
        if (!client_side_.watched && to_app_.pending.empty()) watch(client_side_, client_, true);
        if (!app_side_.watched && to_client_.pending.empty()) watch(app_side_, app_, false);
        set_interest(client_, client_side_, interest(to_app_, to_client_));
        set_interest(app_, app_side_, interest(to_client_, to_app_));
    }

    void set_interest(const Fd& socket, Side& side, std::uint32_t wanted) {
        if (side.interest == wanted) return;
        side.interest = wanted;
        loop_.change(socket.get(), wanted);
    }

    void close() {
        open_ = false;
        const auto keep = shared_from_this();
        loop_.forget(client_.get());
        loop_.forget(app_.get());
        client_.reset();
        app_.reset();
    }

    Loop& loop_;
    Fd client_;
    std::uint16_t port_;
    Fd app_;
    int first_error_ = 0;
    Direction to_app_;
    Direction to_client_;
    Side client_side_;
    Side app_side_;
    bool open_ = false;
    bool broken_ = false;
};

}  // namespace

void start_relay(Loop& loop, Fd client, std::uint16_t port, std::string received) {
    std::make_shared<Relay>(loop, std::move(client), port, std::move(received))->start();
}

}  // namespace spawnai::engine::agent
