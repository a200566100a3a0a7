#include "engine/agent/rpc.hpp"

#include <charconv>
#include <exception>

namespace spawnai::engine::agent {
namespace {

constexpr const char* k_stream_type = "application/connect+json";

Json error_json(const RpcError& error) {
    return {{"code", error.code()}, {"message", error.what()}};
}

int http_status(const std::string& code) {
    const net::ConnectCode* known = net::find_connect_code(code);
    return known == nullptr ? 500 : known->http_status;
}

Json parse_message(std::string_view text) {
    if (text.empty()) return Json::object();
    Json message = Json::parse(text, nullptr, false);
    if (!message.is_object()) throw RpcError("invalid_argument", "the request is not a JSON object");
    return message;
}

std::optional<std::int64_t> header_number(const RequestHead& head, std::string_view name) {
    const std::string_view text = head.header(name);
    std::int64_t value = 0;
    const auto [stop, failure] = std::from_chars(text.data(), text.data() + text.size(), value);
    constexpr std::size_t k_digits = 10;
    if (text.empty() || text.size() > k_digits || failure != std::errc{} || stop != text.data() + text.size() ||
        value <= 0) {
        return std::nullopt;
    }
    return value;
}

}  // namespace

void UnaryReply::ok(const Json& message) const {
    if (const auto exchange = exchange_.lock()) send_json(*reply_, 200, to_text(message));
}

void UnaryReply::fail(const RpcError& error) const {
    if (const auto exchange = exchange_.lock())
        send_json(*reply_, http_status(error.code()), to_text(error_json(error)));
}

void BufferedExchange::body(std::string_view bytes) {
    if (reply_.begun()) return;
    if (bytes_.size() + bytes.size() > limit_) {
        send_error(reply_, 413, "the request is too large");
        return;
    }
    bytes_ += bytes;
}

std::shared_ptr<Exchange> unary_call(const RequestHead& head, Reply& reply, UnaryHandler handler) {
    const ParameterizedValue type = parse_parameterized(head.header("content-type"));
    if (type.value != "application/json") {
        send_error(reply, 415, "a unary call takes application/json");
        return nullptr;
    }
    return std::make_shared<BufferedExchange>(
        reply, k_message_limit,
        [&reply, handler = std::move(handler)](const std::string& body, const std::shared_ptr<Exchange>& exchange) {
            const UnaryReply answer(exchange, reply);
            try {
                handler(parse_message(body), answer);
            } catch (const RpcError& error) {
                answer.fail(error);
            }
        });
}

bool is_stream_request(const RequestHead& head, Reply& reply) {
    if (parse_parameterized(head.header("content-type")).value == k_stream_type) return true;
    reply.send(415, {{"Accept-Post", k_stream_type}}, {});
    return false;
}

StreamCall::StreamCall(Loop& loop, const RequestHead& head, Reply& reply)
    : loop_(loop), reply_(reply), decoder_(k_message_limit) {
    if (const auto timeout = header_number(head, "connect-timeout-ms")) {
        timeout_ = std::chrono::milliseconds(*timeout);
        timeout_timer_ = loop_.after(*timeout_, [this] {
            timeout_timer_.reset();
            const RpcError error("deadline_exceeded", "the call took longer than its timeout");
            end(&error);
        });
    }
    if (const auto interval = header_number(head, "keepalive-ping-interval")) {
        keepalive_interval_ = std::chrono::seconds(*interval);
    }
}

StreamCall::~StreamCall() {
    if (timeout_timer_) loop_.cancel(*timeout_timer_);
    if (keepalive_timer_) loop_.cancel(*keepalive_timer_);
}

template <typename Call>
void StreamCall::guarded(Call call) {
    try {
        call();
    } catch (const RpcError& error) {
        end(&error);
    } catch (const std::exception& failure) {
        const RpcError error("internal", failure.what());
        end(&error);
    }
}

void StreamCall::body(std::string_view bytes) {
    if (ended_) return;
    decoder_.feed(bytes);
    guarded([this] {
        while (!ended_) {
            const auto frame = decoder_.next();
            if (!frame) break;
            if (!frame->end_of_stream()) message(parse_message(frame->payload));
        }
        if (decoder_.failed()) throw RpcError("invalid_argument", "malformed envelope");
    });
}

void StreamCall::body_complete() {
    if (ended_) return;
    guarded([this] {
        if (decoder_.mid_frame()) throw RpcError("invalid_argument", "the request was cut");
        messages_complete();
    });
}

void StreamCall::begin() {
    if (!reply_.begun()) reply_.begin(200, {{"Content-Type", k_stream_type}});
}

void StreamCall::send_text(std::string_view message) {
    if (ended_) return;
    begin();
    reply_.write(net::encode_connect_frame(message));
    arm_keepalive();
}

void StreamCall::arm_keepalive() {
    if (keepalive_timer_) loop_.cancel(*keepalive_timer_);
    keepalive_timer_ = loop_.after(keepalive_interval_, [this] {
        keepalive_timer_.reset();
        send(keepalive());
    });
}

void StreamCall::end(const RpcError* error) {
    if (ended_) return;
    begin();
    ended_ = true;
    if (keepalive_timer_) loop_.cancel(*keepalive_timer_);
    keepalive_timer_.reset();
    const Json last = error == nullptr ? Json::object() : Json{{"error", error_json(*error)}};
    reply_.write(net::encode_connect_frame(to_text(last), net::ConnectFrame::k_end_of_stream));
    reply_.finish();
}

}  // namespace spawnai::engine::agent
