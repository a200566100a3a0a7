#pragma once

#include <spawnai/core/json.hpp>
#include <spawnai/net/http.hpp>

#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnai::testing {

/// One answer of a Messages API server, as a test wants it.
struct ModelAnswer {
    int status = 200;
    std::vector<net::Header> headers{{"content-type", "text/event-stream"}, {"request-id", "req_test"}};
    std::string body;
    /// Thrown after the body, as by a connection that breaks.
    std::optional<net::TransportError> then;
    std::size_t piece = 0;  ///< bytes handed on at a time; 0: all at once
};

/// An event stream that says `text` in pieces, and then stops for `stop_reason`; without one it just ends.
inline std::string message_stream(std::string_view text, const std::string& stop_reason = "end_turn",
                                  std::int64_t output = 64, const std::string& model = "claude-haiku-5-5",
                                  std::size_t piece = 24) {
    std::string stream;
    const auto event = [&stream](const Json& payload) {
        stream += "event: " + payload["type"].get<std::string>() +
                  "\ndata: " + payload.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n\n";
    };
    event({{"type", "message_start"},
           {"message",
            {{"id", "msg_1"},
             {"model", model},
             {"usage", {{"input_tokens", 1000}, {"output_tokens", 1}, {"cache_read_input_tokens", 500}}}}}});
    event({{"type", "content_block_start"}, {"index", 0}, {"content_block", {{"type", "text"}, {"text", ""}}}});
    event({{"type", "ping"}});
    for (std::size_t at = 0; at < text.size(); at += piece)
        event({{"type", "content_block_delta"},
               {"index", 0},
               {"delta", {{"type", "text_delta"}, {"text", text.substr(at, piece)}}}});
    if (stop_reason.empty()) return stream;
    event({{"type", "content_block_stop"}, {"index", 0}});
    event(
        {{"type", "message_delta"}, {"delta", {{"stop_reason", stop_reason}}}, {"usage", {{"output_tokens", output}}}});
    event({{"type", "message_stop"}});
    return stream;
}

/// A transport that answers by a function and remembers what it was asked. Used from one thread.
class ScriptedModelServer : public net::Transport {
 public:
    using Script = std::function<ModelAnswer(const Json& body, std::size_t number)>;
    explicit ScriptedModelServer(Script script) : script_(std::move(script)) {}

    net::Response send(const net::Request& request, std::stop_token stop) override {
        std::string body;
        net::Response response = stream(
            request, [](const net::Response&) {},
            [&body](std::string_view piece) {
                body.append(piece);
                return true;
            },
            std::move(stop));
        if (response.body.empty()) response.body = std::move(body);
        return response;
    }

    net::Response stream(const net::Request& request, const net::HeadSink& head, const net::BodySink& sink,
                         std::stop_token stop) override {
        requests.push_back(request);
        bodies.push_back(Json::parse(request.body));
        const ModelAnswer answer = script_(bodies.back(), bodies.size() - 1);
        net::Response response;
        response.status = answer.status;
        response.headers = answer.headers;
        if (answer.status != 0) head(response);
        if (answer.status < 200 || answer.status > 299) {
            if (answer.status == 0) throw *answer.then;
            response.body = answer.body;
            return response;
        }
        const std::size_t piece = answer.piece == 0 ? answer.body.size() : answer.piece;
        for (std::size_t at = 0; at < answer.body.size(); at += piece) {
            if (stop.stop_requested()) throw Interrupted(2);
            if (!sink(std::string_view(answer.body).substr(at, piece))) return response;
        }
        if (answer.then) throw *answer.then;
        return response;
    }

    /// The nonce that the request asks for.
    static std::string nonce_of(const Json& body) {
        const std::string all = body["messages"].dump();
        const std::size_t at = all.find("<file-") + 6;
        return all.substr(at, all.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789", at) - at);
    }

    std::vector<net::Request> requests;
    std::vector<Json> bodies;

 private:
    Script script_;
};

}  // namespace spawnai::testing
