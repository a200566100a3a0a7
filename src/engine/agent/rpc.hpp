#pragma once

#include "engine/agent/encoding.hpp"
#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"

#include <spawnai/net/connect.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai::engine::agent {

inline constexpr std::size_t k_message_limit = 32U << 20U;

/// Answers a unary call, now or later; without effect once the client has gone.
class UnaryReply {
 public:
    UnaryReply(std::weak_ptr<Exchange> exchange, Reply& reply) : exchange_(std::move(exchange)), reply_(&reply) {}
    void ok(const Json& message) const;
    void fail(const RpcError& error) const;
    [[nodiscard]] bool wanted() const { return !exchange_.expired(); }

 private:
    std::weak_ptr<Exchange> exchange_;
    Reply* reply_;
};

/// Collects a body, then hands it to `handler`, once.
class BufferedExchange : public Exchange {
 public:
    using Handler = std::function<void(std::string body, const std::shared_ptr<Exchange>& exchange)>;
    BufferedExchange(Reply& reply, std::size_t limit, Handler handler)
        : reply_(reply), limit_(limit), handler_(std::move(handler)) {}
    void body(std::string_view bytes) override;
    void body_complete() override { handler_(std::move(bytes_), shared_from_this()); }

 private:
    Reply& reply_;
    std::size_t limit_;
    Handler handler_;
    std::string bytes_;
};

/// A unary Connect call: one JSON message in, one out. RpcErrors thrown by the handler become its answer.
using UnaryHandler = std::function<void(const Json& request, const UnaryReply& reply)>;
[[nodiscard]] std::shared_ptr<Exchange> unary_call(const RequestHead& head, Reply& reply, UnaryHandler handler);

/// A Connect call with enveloped messages. The answer is always HTTP 200; an error travels in the last frame.
class StreamCall : public Exchange {
 public:
    StreamCall(Loop& loop, const RequestHead& head, Reply& reply);
    ~StreamCall() override;
    void body(std::string_view bytes) override;
    void body_complete() override;

 protected:
    /// One message of the request. @throws RpcError
    virtual void message(const Json& request) = 0;
    /// All messages were read.
    virtual void messages_complete() {}
    /// The message that tells that the stream is alive, or nothing when it has none.
    [[nodiscard]] virtual Json keepalive() const = 0;

    void send(const Json& message) { send_text(to_text(message)); }
    void send_text(std::string_view message);
    void end(const RpcError* error = nullptr);
    [[nodiscard]] bool ended() const noexcept { return ended_; }
    [[nodiscard]] Reply& reply() noexcept { return reply_; }
    [[nodiscard]] const Reply& reply() const noexcept { return reply_; }
    [[nodiscard]] Loop& loop() noexcept { return loop_; }
    /// The client's Connect-Timeout-Ms.
    [[nodiscard]] std::optional<std::chrono::milliseconds> timeout() const noexcept { return timeout_; }

 private:
    void begin();
    void arm_keepalive();
    template <typename Call>
    void guarded(Call call);

    Loop& loop_;
    Reply& reply_;
    net::ConnectFrameDecoder decoder_;
    std::optional<std::chrono::milliseconds> timeout_;
    std::chrono::seconds keepalive_interval_{90};
    std::optional<Loop::Timer> timeout_timer_;
    std::optional<Loop::Timer> keepalive_timer_;
    bool ended_ = false;
};

/// Whether the request is for streaming calls: otherwise answers 415.
[[nodiscard]] bool is_stream_request(const RequestHead& head, Reply& reply);

}  // namespace spawnai::engine::agent
