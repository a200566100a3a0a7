#include "engine/agent/connection.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>
#include <sys/epoll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <exception>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_piece = 64U << 10U;

void append_head(std::string& to, int status, const Headers& headers) {
    to += fmt::format("HTTP/1.1 {} {}\r\n", status, status_text(status));
    for (const auto& [name, value] : headers) {
        to += name;
        to += ": ";
        // A file's name may end up in a header: what would end the line is left out.
        for (const char c : value) {
            if (c != '\r' && c != '\n' && c != '\0') to += c;
        }
        to += "\r\n";
    }
    to += "Access-Control-Allow-Origin: *\r\nAccess-Control-Expose-Headers: *\r\n";
}

}  // namespace

void send_json(Reply& reply, int status, const std::string& text) {
    reply.send(status, {{"Content-Type", "application/json"}}, text);
}

void send_error(Reply& reply, int status, const std::string& message) {
    const nlohmann::json body = {{"code", status}, {"message", message}};
    reply.send(status, {{"Content-Type", "application/json; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
               body.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace));
}

void HttpConnection::serve(Loop& loop, Fd socket, Origin origin, Router& router, std::string received) {
    const std::shared_ptr<HttpConnection> connection(
        new HttpConnection(loop, std::move(socket), origin, router, std::move(received)));
    connection->interest_ = EPOLLIN;
    loop.watch(connection->socket_.get(), EPOLLIN,
               [connection](std::uint32_t events) { connection->on_events(events); });
    connection->process();
}

HttpConnection::HttpConnection(Loop& loop, Fd socket, Origin origin, Router& router, std::string received)
    : loop_(loop), socket_(std::move(socket)), origin_(origin), router_(router), input_(std::move(received)) {}

HttpConnection::~HttpConnection() = default;

void HttpConnection::on_events(std::uint32_t events) {
    if ((events & EPOLLOUT) != 0) flush();
    if (closed_) return;
    // A peer that only ended its sending side still wants the answer; one that is gone altogether does not.
    if ((events & (EPOLLHUP | EPOLLERR)) != 0 && (stage_ != Stage::body || input_ended_)) {
        close();
        return;
    }
    if ((events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) read_some();
    if (!closed_) process();
}

void HttpConnection::read_some() {
    static std::array<char, k_piece> buffer;
    const ssize_t size = ::recv(socket_.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size < 0) {
        close();
        return;
    }
    if (size == 0) {
        input_ended_ = true;
        // Half a request will never be whole.
        if (stage_ == Stage::body || (stage_ == Stage::head && backlog() == 0)) close();
        return;
    }
    input_.append(buffer.data(), static_cast<std::size_t>(size));
}

void HttpConnection::process() {
    if (processing_) return;
    const std::shared_ptr<HttpConnection> keep = shared_from_this();
    processing_ = true;
    try {
        bool again = true;
        while (again && !closed_) {
            again = stage_ == Stage::head ? process_head() : stage_ == Stage::body && process_body();
            if (stage_ == Stage::answer && finished_) {
                next_request();
                again = !closed_;
            }
        }
    } catch (const std::exception& failure) {
        refuse(500, failure.what());
    }
    processing_ = false;
    if (consumed_ != 0) {
        input_.erase(0, consumed_);
        consumed_ = 0;
    }
    if (!closed_) update_interest();
}

bool HttpConnection::process_head() {
    const std::string_view rest = std::string_view(input_).substr(consumed_);
    if (rest.empty()) {
        if (input_ended_ && backlog() == 0) close();
        return false;
    }
    // Answers that the client does not read must not pile up.
    if (backlog() >= k_congestion) return false;
    HeadResult result = parse_request_head(rest);
    if (result.state == HeadResult::State::incomplete) {
        if (input_ended_) close();
        return false;
    }
    if (result.state == HeadResult::State::invalid) {
        refuse(result.error_status, result.error);
        return false;
    }
    consumed_ += result.consumed;
    keep_alive_ = result.head.keep_alive;
    head_request_ = result.head.method == "HEAD";
    decoder_ = BodyDecoder(result.head);
    begun_ = finished_ = paused_ = was_congested_ = false;
    stage_ = Stage::body;
    exchange_ = router_.route(result.head, origin_, *this);
    if (result.head.expects_continue && !begun_) {
        queue("HTTP/1.1 100 Continue\r\n\r\n");
    } else if (result.head.expects_continue) {
        // The client was answered instead of being asked for its body: it may send it or not, so nothing may
        // follow.
        keep_alive_ = false;
        stage_ = Stage::answer;
    }
    return true;
}

bool HttpConnection::process_body() {
    while (!paused_ && !closed_ && !decoder_.complete()) {
        const BodyDecoder::Step step = decoder_.next(std::string_view(input_).substr(consumed_));
        if (decoder_.failed()) {
            refuse(400, "malformed chunked body");
            return false;
        }
        if (step.consumed == 0) return false;
        consumed_ += step.consumed;
        const std::shared_ptr<Exchange> exchange = exchange_;
        if (exchange && !finished_ && !step.data.empty()) exchange->body(step.data);
    }
    if (paused_ || closed_ || !decoder_.complete()) return false;
    stage_ = Stage::answer;
    const std::shared_ptr<Exchange> exchange = exchange_;
    if (exchange && !finished_) exchange->body_complete();
    return finished_;
}

void HttpConnection::refuse(int status, const std::string& message) {
    if (closed_) return;
    if (begun_) {
        close();
        return;
    }
    keep_alive_ = false;
    head_request_ = false;
    exchange_.reset();
    stage_ = Stage::answer;
    send_error(*this, status, message);
    next_request();
}

void HttpConnection::next_request() {
    exchange_.reset();
    begun_ = finished_ = false;
    if (keep_alive_) {
        stage_ = Stage::head;
        return;
    }
    // Everything after this answer is ignored: the connection closes when it is out.
    input_ended_ = true;
    consumed_ = input_.size();
    stage_ = Stage::head;
    if (backlog() == 0) close();
}

void HttpConnection::send(int status, Headers headers, std::string_view body) {
    begin(status, std::move(headers), body.size());
    write(body);
    finish();
}

void HttpConnection::begin(int status, Headers headers, std::optional<std::uint64_t> length) {
    if (begun_ || closed_) return;
    begun_ = true;
    const bool bodyless = status == 204 || status == 304;
    chunked_answer_ = !length && !bodyless && !head_request_;
    answer_left_ = length;
    std::string head;
    append_head(head, status, headers);
    if (length && !bodyless) {
        head += fmt::format("Content-Length: {}\r\n", *length);
    } else if (!bodyless) {
        head += "Transfer-Encoding: chunked\r\n";
    }
    if (!keep_alive_) head += "Connection: close\r\n";
    head += "\r\n";
    queue(head);
}

void HttpConnection::write(std::string_view bytes) {
    if (!begun_ || finished_ || closed_ || head_request_ || bytes.empty()) return;
    if (!chunked_answer_) {
        queue(bytes);
        return;
    }
    queue(fmt::format("{:x}\r\n", bytes.size()));
    queue(bytes);
    queue("\r\n");
}

void HttpConnection::finish() {
    if (!begun_ || finished_ || closed_) return;
    if (chunked_answer_) queue("0\r\n\r\n");
    finished_ = true;
    // Whoever calls may be the exchange itself: it is destroyed on the loop's next turn, not under its feet.
    schedule();
}

void HttpConnection::abort() {
    const std::weak_ptr<HttpConnection> weak = weak_from_this();
    keep_alive_ = false;
    finished_ = true;
    loop_.later([weak] {
        if (const auto self = weak.lock()) self->close();
    });
}

void HttpConnection::pause_body() {
    paused_ = true;
}

void HttpConnection::resume_body() {
    if (!paused_) return;
    paused_ = false;
    schedule();
}

void HttpConnection::schedule() {
    if (scheduled_ || closed_) return;
    scheduled_ = true;
    loop_.later([weak = weak_from_this()] {
        const auto self = weak.lock();
        if (!self) return;
        self->scheduled_ = false;
        if (self->closed_) return;
        self->flush();
        if (!self->closed_) self->process();
    });
}

void HttpConnection::queue(std::string_view bytes) {
    if (sent_ > k_piece) {
        output_.erase(0, sent_);
        sent_ = 0;
    }
    output_ += bytes;
    if (backlog() >= k_congestion) was_congested_ = true;
    schedule();
}

void HttpConnection::flush() {
    while (backlog() > 0) {
        const ssize_t size = ::send(socket_.get(), output_.data() + sent_, backlog(), MSG_DONTWAIT | MSG_NOSIGNAL);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) break;
        if (size <= 0) {
            close();
            return;
        }
        sent_ += static_cast<std::size_t>(size);
    }
    if (backlog() == 0) {
        output_.clear();
        sent_ = 0;
        if (stage_ == Stage::head && input_ended_ && consumed_ == input_.size()) {
            close();
            return;
        }
    }
    if (was_congested_ && backlog() < k_congestion / 2) {
        was_congested_ = false;
        const std::shared_ptr<Exchange> exchange = exchange_;
        if (exchange && !finished_) exchange->drained();
    }
    if (!closed_) update_interest();
}

void HttpConnection::update_interest() {
    std::uint32_t wanted = 0;
    // While an answer is on its way at most one piece is read ahead.
    const bool room = input_.size() - consumed_ < k_piece || stage_ == Stage::head;
    if (!input_ended_ && !paused_ && room && backlog() < k_congestion) wanted |= EPOLLIN;
    if (backlog() > 0) wanted |= EPOLLOUT;
    if (wanted == interest_) return;
    interest_ = wanted;
    loop_.change(socket_.get(), wanted);
}

void HttpConnection::close() noexcept {
    if (closed_) return;
    closed_ = true;
    // The loop's handler holds the reference that may be the last.
    const std::shared_ptr<HttpConnection> keep = shared_from_this();
    loop_.forget(socket_.get());
    socket_.reset();
    exchange_.reset();
}

}  // namespace spawnai::engine::agent
