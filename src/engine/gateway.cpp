#include "engine/gateway.hpp"

#include "engine/relay.hpp"

#include <spawnai/core/text.hpp>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/rfc7230.hpp>
#include <boost/optional.hpp>
#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <optional>

namespace spawnai::engine {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using asio::ip::tcp;
using boost::system::error_code;
using RequestParser = http::request_parser<http::buffer_body>;
using RequestParserPtr = std::shared_ptr<RequestParser>;
using ResponseParser = http::response_parser<http::buffer_body>;
using Fields = http::fields;

constexpr std::size_t k_piece = 65536;
constexpr std::uint32_t k_largest_head = 65536;
constexpr std::size_t k_largest_control_body = 16U << 20U;
constexpr std::chrono::seconds k_keep_alive_idle{640};
constexpr std::chrono::seconds k_head_patience{60};
constexpr std::chrono::seconds k_agent_patience{10};
// A server that was just started opens its port within these, mostly; a longer wait is the client's own affair.
constexpr std::chrono::milliseconds k_dial_pauses[] = {std::chrono::milliseconds(20), std::chrono::milliseconds(60),
                                                       std::chrono::milliseconds(120)};

auto into(error_code& error) {
    return asio::redirect_error(asio::use_awaitable, error);
}

struct Connection {
    explicit Connection(asio::io_context& io) : socket(io), timer(io) { buffer.reserve(k_piece); }
    tcp::socket socket;
    asio::steady_timer timer;
    boost::beast::flat_buffer buffer;
    std::string peer;
    std::array<char, k_piece> piece{};
};
using ConnectionPtr = std::shared_ptr<Connection>;

/// A connection to a sandbox, behind its preface.
struct Upstream {
    explicit Upstream(asio::io_context& io) : socket(io), timer(io) { buffer.reserve(k_piece); }
    asio::local::stream_protocol::socket socket;
    asio::steady_timer timer;
    boost::beast::flat_buffer buffer;
    std::string key;  ///< socket and preface: whom it leads to
};
using UpstreamPtr = std::shared_ptr<Upstream>;

/// Closes the socket of `holder` unless the timer is cancelled first.
template <class Holder>
void close_after(const std::shared_ptr<Holder>& holder, std::chrono::milliseconds patience) {
    holder->timer.expires_after(patience);
    holder->timer.async_wait([holder](const error_code& error) {
        error_code ignored;
        if (!error) holder->socket.close(ignored);
    });
}

bool list_has(std::string_view list, std::string_view token) {
    for (const auto& item : http::token_list{boost::beast::string_view(list.data(), list.size())})
        if (ascii_lower(std::string_view(item.data(), item.size())) == token) return true;
    return false;
}

std::string_view view(boost::beast::string_view text) {
    return {text.data(), text.size()};
}

std::string_view field(const Fields& fields, std::string_view name) {
    return view(fields[boost::beast::string_view(name.data(), name.size())]);
}

/// Headers about one connection, which say nothing about the next (RFC 9110, 7.6.1), and those that the gateway writes itself.
bool hop_by_hop(const std::string& lower_name, std::string_view connection) {
    static constexpr std::string_view k_names[] = {
        "connection", "keep-alive",         "proxy-connection",   "te", "trailer", "transfer-encoding",
        "upgrade",    "proxy-authenticate", "proxy-authorization"};
    for (const std::string_view name : k_names)
        if (lower_name == name) return true;
    return !connection.empty() && list_has(connection, lower_name);
}

void append_header(std::string& head, std::string_view name, std::string_view value) {
    head.append(name).append(": ").append(value).append("\r\n");
}

void append_end_to_end(std::string& head, const Fields& fields, std::initializer_list<std::string_view> without) {
    const std::string_view connection = field(fields, "connection");
    for (const auto& item : fields) {
        const std::string lower = ascii_lower(view(item.name_string()));
        if (hop_by_hop(lower, connection) || std::find(without.begin(), without.end(), lower) != without.end())
            continue;
        append_header(head, view(item.name_string()), view(item.value()));
    }
}

/// The protocol that a request or response changes to; empty when it does not. HTTP/2 is not a thing that apps here speak.
std::string_view upgrade_of(const Fields& fields) {
    if (!list_has(field(fields, "connection"), "upgrade")) return {};
    const std::string_view protocol = field(fields, "upgrade");
    return ascii_lower(protocol) == "h2c" ? std::string_view() : protocol;
}

RequestView view_of(const RequestParser& parser) {
    const auto& request = parser.get();
    return {view(request.method_string()), view(request.target()),
            [&request](std::string_view name) { return field(request, name); }};
}

std::string_view reason_of(int status) {
    return view(http::obsolete_reason(static_cast<http::status>(status)));
}

/// What is wrong with a head that parsed, or nothing.
const char* unacceptable(const RequestParser& parser) {
    const auto& request = parser.get();
    const std::string_view target = view(request.target());
    if (request.method() == http::verb::connect) return "CONNECT is not supported";
    if (target.empty() || (target.front() != '/' && target != "*")) return "the request target must start with '/'";
    if (request.count(http::field::host) > 1) return "more than one Host header";
    if (request.count(http::field::transfer_encoding) > 0 &&
        (request.count(http::field::transfer_encoding) > 1 ||
         ascii_lower(field(request, "transfer-encoding")) != "chunked" ||
         request.count(http::field::content_length) > 0 || request.version() < 11))
        return "this Transfer-Encoding is not supported";
    return nullptr;
}

bool has_body(const RequestParser& parser) {
    return parser.chunked() || parser.content_length_remaining().value_or(0) > 0;
}

}  // namespace

struct Gateway::State : std::enable_shared_from_this<State> {
    State(asio::io_context& context, GatewayHooks h) : io(context), hooks(std::move(h)) {}

    asio::io_context& io;
    const GatewayHooks hooks;
    std::vector<std::shared_ptr<tcp::acceptor>> acceptors;
    std::size_t connections = 0;
    bool closed = false;  ///< whom the hooks lead to may be gone
};

namespace {

using StatePtr = std::shared_ptr<Gateway::State>;

asio::awaitable<bool> write_all(ConnectionPtr client, std::string text) {
    error_code error;
    co_await asio::async_write(client->socket, asio::buffer(text), into(error));
    co_return !error;
}

/// @return whether it could be written.
asio::awaitable<bool> send_reply(ConnectionPtr client, Reply reply, bool head_only, bool keep_alive) {
    std::string text = fmt::format("HTTP/1.1 {} {}\r\n", reply.status, reason_of(reply.status));
    for (const auto& [name, value] : reply.headers) append_header(text, name, value);
    if (reply.status != 204) {
        append_header(text, "Content-Type", reply.content_type);
        append_header(text, "Content-Length", std::to_string(reply.body.size()));
    }
    append_header(text, "X-Content-Type-Options", "nosniff");
    append_header(text, "Connection", keep_alive ? "keep-alive" : "close");
    text += "\r\n";
    if (!head_only && reply.status != 204) text += reply.body;
    co_return co_await write_all(std::move(client), std::move(text));
}

Reply plain_error(int status, const std::string& message) {
    return {status, fmt::format(R"({{"code":{},"message":"{}"}})", status, message), "application/json", {}};
}

/// Reads the next piece of a body into `piece`. @return its size, which may be 0 before the end.
template <class Socket, class Parser>
asio::awaitable<std::size_t> read_piece(Socket& socket, boost::beast::flat_buffer& buffer, Parser& parser, char* piece,
                                        error_code& error) {
    auto& body = parser.get().body();
    body.data = piece;
    body.size = k_piece;
    co_await http::async_read_some(socket, buffer, parser, into(error));
    if (error == http::error::need_buffer) error = {};
    co_return k_piece - body.size;
}

/// The request's way to the sandbox, running beside the response's way back.
struct Upload {
    explicit Upload(asio::io_context& io) : ended(io) { ended.expires_at(asio::steady_timer::time_point::max()); }
    RequestParserPtr parser;
    bool complete = false;  ///< the whole body went on
    bool client_gone = false;
    bool stopping = false;  ///< the response is through
    bool running = true;
    asio::steady_timer ended;
};

/// Waits until the client sends something or goes; what it sends early stays in the socket.
asio::awaitable<void> watch_client(ConnectionPtr client, UpstreamPtr upstream, std::shared_ptr<Upload> upload) {
    if (client->buffer.size() > 0) co_return;
    error_code error;
    co_await client->socket.async_wait(tcp::socket::wait_read, into(error));
    if (error || upload->stopping) co_return;
    char byte = 0;
    if (::recv(client->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0) co_return;
    upload->client_gone = true;
    error_code ignored;
    upstream->socket.close(ignored);
}

asio::awaitable<void> upload_body(ConnectionPtr client, UpstreamPtr upstream, std::shared_ptr<Upload> upload) {
    error_code error;
    const bool chunked = upload->parser->chunked();
    const auto piece = has_body(*upload->parser) ? std::make_unique<std::array<char, k_piece>>() : nullptr;
    while (!upload->parser->is_done() && !upload->stopping) {
        const std::size_t got =
            co_await read_piece(client->socket, client->buffer, *upload->parser, piece->data(), error);
        if (error) {
            upload->client_gone = !upload->stopping;
            error_code ignored;
            upstream->socket.close(ignored);
            break;
        }
        if (got == 0) continue;
        const std::string size = chunked ? fmt::format("{:x}\r\n", got) : std::string();
        const std::array<asio::const_buffer, 3> parts{asio::buffer(size), asio::buffer(piece->data(), got),
                                                      asio::buffer("\r\n", chunked ? 2 : 0)};
        co_await asio::async_write(upstream->socket, parts, into(error));
        // An app may answer and stop reading; its answer is still worth having.
        if (error) break;
    }
    if (!error && upload->parser->is_done()) {
        if (chunked) co_await asio::async_write(upstream->socket, asio::buffer("0\r\n\r\n", 5), into(error));
        upload->complete = !error;
    }
    if (upload->complete && !upload->stopping) co_await watch_client(client, upstream, upload);
    upload->running = false;
    upload->ended.cancel();
}

asio::awaitable<void> stop_upload(ConnectionPtr client, std::shared_ptr<Upload> upload) {
    upload->stopping = true;
    error_code ignored;
    if (upload->running) client->socket.cancel(ignored);
    while (upload->running) co_await upload->ended.async_wait(into(ignored));
}

/// "OK", or what the agent says instead; empty when it says nothing proper.
asio::awaitable<std::string> read_preface_answer(UpstreamPtr upstream) {
    constexpr std::size_t k_longest = 128;
    for (;;) {
        const auto data = upstream->buffer.cdata();
        const std::string_view text(static_cast<const char*>(data.data()), data.size());
        const std::size_t end = text.find('\n');
        if (end != std::string_view::npos) {
            std::string line(text.substr(0, end));
            upstream->buffer.consume(end + 1);
            co_return line;
        }
        if (text.size() > k_longest) co_return std::string();
        error_code error;
        const auto space = upstream->buffer.prepare(k_longest);
        const std::size_t got = co_await upstream->socket.async_read_some(space, into(error));
        upstream->buffer.commit(got);
        if (error) co_return std::string();
    }
}

struct Dialled {
    std::optional<Unreachable> failure;
    UpstreamPtr upstream;
};

/// A dead agent leaves its socket's file behind, or nothing; any other failure is a matter of this moment.
bool says_dead(error_code error) {
    return error == asio::error::connection_refused || error == boost::system::errc::no_such_file_or_directory;
}

asio::awaitable<Dialled> dial_once(StatePtr state, ToSandbox target) {
    Dialled dialled;
    dialled.upstream = std::make_shared<Upstream>(state->io);
    const UpstreamPtr upstream = dialled.upstream;
    upstream->key = target.socket.string() + target.preface;
    error_code error;
    close_after(upstream, k_agent_patience);
    co_await upstream->socket.async_connect(asio::local::stream_protocol::endpoint(target.socket.string()),
                                            into(error));
    if (!error) co_await asio::async_write(upstream->socket, asio::buffer(target.preface), into(error));
    std::string answer = "OK";
    if (!error && target.preface_answered) answer = co_await read_preface_answer(upstream);
    upstream->timer.cancel();
    if (says_dead(error)) {
        dialled.failure = Unreachable::gone;
    } else if (answer.starts_with("ERR")) {
        dialled.failure = Unreachable::port_closed;
    } else if (error || answer != "OK") {
        dialled.failure = Unreachable::silent;
    }
    co_return dialled;
}

asio::awaitable<Dialled> dial(StatePtr state, ToSandbox target) {
    Dialled dialled = co_await dial_once(state, target);
    asio::steady_timer timer(state->io);
    for (const auto pause : k_dial_pauses) {
        if (dialled.failure != Unreachable::port_closed) break;
        error_code ignored;
        timer.expires_after(pause);
        co_await timer.async_wait(into(ignored));
        dialled = co_await dial_once(state, target);
    }
    co_return dialled;
}

/// Nothing came and nothing ended since its last use.
bool still_good(Upstream& upstream) {
    char byte = 0;
    return upstream.socket.is_open() && upstream.buffer.size() == 0 &&
           ::recv(upstream.socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 &&
           (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::string forwarded_request(const Connection& client, const RequestParser& parser, std::string_view upgrade) {
    const auto& request = parser.get();
    std::string head = fmt::format("{} {} HTTP/1.1\r\n", view(request.method_string()), view(request.target()));
    // The engine's own key never enters a sandbox; Expect is answered here.
    append_end_to_end(
        head, request,
        {"x-api-key", "expect", "x-forwarded-for", "x-forwarded-host", "x-forwarded-proto", "http2-settings"});
    const std::string_view before = field(request, "x-forwarded-for");
    append_header(head, "X-Forwarded-For", before.empty() ? client.peer : std::string(before) + ", " + client.peer);
    append_header(head, "X-Forwarded-Host", field(request, "host"));
    append_header(head, "X-Forwarded-Proto", "http");
    if (parser.chunked()) append_header(head, "Transfer-Encoding", "chunked");
    if (!upgrade.empty()) {
        append_header(head, "Connection", "Upgrade");
        append_header(head, "Upgrade", upgrade);
    }
    head += "\r\n";
    return head;
}

/// Sends an informational response on; 100 was given by the gateway itself.
asio::awaitable<void> forward_informational(ConnectionPtr client, const ResponseParser& parser,
                                            unsigned client_version) {
    const auto& response = parser.get();
    if (client_version < 11 || response.result_int() == 100) co_return;
    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", response.result_int(), view(response.reason()));
    append_end_to_end(head, response, {"content-length"});
    head += "\r\n";
    co_await write_all(client, std::move(head));
}

/// Relays the final response. @return whether it went through whole and the client's connection can carry another one.
asio::awaitable<bool> forward_response(ConnectionPtr client, UpstreamPtr upstream, ResponseParser& parser,
                                       bool head_only, unsigned client_version, bool keep_alive) {
    const auto& response = parser.get();
    const unsigned status = response.result_int();
    const bool bodiless = head_only || status == 204 || status == 304;
    const bool sized = response.count(http::field::content_length) > 0 && !parser.chunked();
    const bool chunk = !bodiless && !sized && client_version >= 11;
    if (!bodiless && !sized && !chunk) keep_alive = false;

    std::string head = fmt::format("HTTP/1.1 {} {}\r\n", status, view(response.reason()));
    append_end_to_end(head, response, {});
    if (chunk) append_header(head, "Transfer-Encoding", "chunked");
    append_header(head, "Connection", keep_alive ? "keep-alive" : "close");
    head += "\r\n";

    error_code error;
    bool done = parser.is_done();
    if (!done && upstream->buffer.size() == 0) {
        co_await asio::async_write(client->socket, asio::buffer(head), into(error));
        head.clear();
    }
    while (!error) {
        std::size_t got = 0;
        if (!done) {
            got = co_await read_piece(upstream->socket, upstream->buffer, parser, client->piece.data(), error);
            // A response that was cut is passed on cut: ending it properly would make it look whole.
            if (error) break;
            done = parser.is_done();
        }
        const std::string size = chunk && got > 0 ? fmt::format("{:x}\r\n", got) : std::string();
        std::string tail = chunk && got > 0 ? "\r\n" : "";
        if (chunk && done) tail += "0\r\n\r\n";
        // What came with the head goes out with the head: one write, one packet for a small answer.
        const std::array<asio::const_buffer, 4> parts{asio::buffer(head), asio::buffer(size),
                                                      asio::buffer(client->piece.data(), got), asio::buffer(tail)};
        if (asio::buffer_size(parts) > 0) co_await asio::async_write(client->socket, parts, into(error));
        head.clear();
        if (done) break;
    }
    co_return !error && keep_alive;
}

/// Both ends agreed to speak something else: pass on what was read too far, then bytes as they come.
asio::awaitable<void> tunnel(ConnectionPtr client, UpstreamPtr upstream, const ResponseParser& parser,
                             std::string_view protocol) {
    const auto& response = parser.get();
    std::string head = fmt::format("HTTP/1.1 101 {}\r\n", view(response.reason()));
    append_end_to_end(head, response, {"content-length"});
    append_header(head, "Connection", "Upgrade");
    append_header(head, "Upgrade", protocol);
    head += "\r\n";
    error_code error;
    const std::array<asio::const_buffer, 2> to_client{asio::buffer(head), upstream->buffer.cdata()};
    co_await asio::async_write(client->socket, to_client, into(error));
    if (!error && client->buffer.size() > 0)
        co_await asio::async_write(upstream->socket, client->buffer.cdata(), into(error));
    if (!error) co_await relay_both_ways(client->socket, upstream->socket);
}

/// One exchange with a sandbox.
class Exchange {
 public:
    Exchange(StatePtr state, ConnectionPtr client, UpstreamPtr& kept, ToSandbox target)
        : state_(std::move(state)), client_(std::move(client)), kept_(kept), target_(std::move(target)) {}

    /// @return whether the client's connection can carry another request.
    asio::awaitable<bool> run(RequestParserPtr parser) {
        upload_ = std::make_shared<Upload>(state_->io);
        upload_->parser = std::move(parser);
        const auto& request = upload_->parser->get();
        version_ = request.version();
        head_only_ = request.method() == http::verb::head;
        const bool repeatable = !has_body(*upload_->parser) && (request.method() == http::verb::get || head_only_ ||
                                                                request.method() == http::verb::options);
        const std::string upgrade(upgrade_of(request));
        keep_alive_ = request.keep_alive();

        // A connection that an app closes while a request is under way loses that request, so only what can be asked twice
        // goes out on a used one.
        bool reused = repeatable && upgrade.empty() && kept_ &&
                      kept_->key == target_.socket.string() + target_.preface && still_good(*kept_);
        UpstreamPtr upstream = std::move(kept_);
        kept_.reset();
        for (;;) {
            if (!reused) {
                const Dialled dialled = co_await dial(state_, target_);
                if (dialled.failure) co_return co_await refuse(*dialled.failure);
                upstream = dialled.upstream;
            }
            const Outcome outcome = co_await talk(upstream, upgrade);
            if (outcome == Outcome::nothing_came && reused) {
                reused = false;
                continue;
            }
            if (outcome == Outcome::nothing_came && !upload_->client_gone) co_return co_await tell_silence();
            if (outcome == Outcome::whole_and_open && repeatable) kept_ = upstream;
            co_return outcome == Outcome::whole_and_open || outcome == Outcome::whole;
        }
    }

 private:
    enum class Outcome {
        nothing_came,    ///< no response, and nothing was sent to the client
        whole_and_open,  ///< and the sandbox's connection may be used again
        whole,
        broken,  ///< the client's connection must end
    };

    asio::awaitable<bool> refuse(Unreachable why) {
        const Reply reply = state_->hooks.unreachable(view_of(*upload_->parser), target_, why);
        // An unread body would be taken for the next request.
        const bool keep = keep_alive_ && !has_body(*upload_->parser);
        const bool sent = co_await send_reply(client_, reply, head_only_, keep);
        co_return sent&& keep;
    }

    /// A connection was closed without an answer: because the sandbox ended, or because of what listens in it.
    asio::awaitable<bool> tell_silence() {
        const Dialled again = co_await dial_once(state_, target_);
        keep_alive_ = false;
        co_return co_await refuse(again.failure.value_or(Unreachable::silent));
    }

    asio::awaitable<Outcome> talk(UpstreamPtr upstream, std::string upgrade) {
        error_code error;
        const std::string head = forwarded_request(*client_, *upload_->parser, upgrade);
        co_await asio::async_write(upstream->socket, asio::buffer(head), into(error));
        if (error) co_return Outcome::nothing_came;
        if (list_has(field(upload_->parser->get(), "expect"), "100-continue") && has_body(*upload_->parser) &&
            client_->buffer.size() == 0) {
            const bool sent = co_await write_all(client_, "HTTP/1.1 100 Continue\r\n\r\n");
            if (!sent) co_return Outcome::broken;
        }
        upload_->running = true;
        upload_->stopping = false;
        asio::co_spawn(state_->io, upload_body(client_, upstream, upload_), asio::detached);
        const Outcome outcome = co_await receive(upstream, upgrade);
        co_await stop_upload(client_, upload_);
        // The rest of a request body that nobody wanted is still on its way.
        if (outcome != Outcome::nothing_came && !upload_->complete) co_return Outcome::broken;
        co_return outcome;
    }

    asio::awaitable<Outcome> receive(UpstreamPtr upstream, std::string upgrade) {
        for (;;) {
            ResponseParser parser;
            parser.header_limit(k_largest_head);
            parser.body_limit(boost::none);
            parser.skip(head_only_);
            error_code error;
            co_await http::async_read_header(upstream->socket, upstream->buffer, parser, into(error));
            if (error) co_return Outcome::nothing_came;
            const unsigned status = parser.get().result_int();
            if (status == 101) {
                co_await stop_upload(client_, upload_);
                const std::string protocol(upgrade_of(parser.get()));
                if (!upgrade.empty() && !protocol.empty()) co_await tunnel(client_, upstream, parser, protocol);
                co_return Outcome::broken;
            }
            if (status < 200) {
                co_await forward_informational(client_, parser, version_);
                continue;
            }
            const bool reusable = parser.keep_alive();
            const bool open = co_await forward_response(client_, upstream, parser, head_only_, version_, keep_alive_);
            if (!open) co_return Outcome::broken;
            co_return reusable && upload_->complete && upstream->buffer.size() == 0 ? Outcome::whole_and_open
                                                                                    : Outcome::whole;
        }
    }

    StatePtr state_;
    ConnectionPtr client_;
    UpstreamPtr& kept_;
    ToSandbox target_;
    std::shared_ptr<Upload> upload_;
    unsigned version_ = 11;
    bool head_only_ = false;
    bool keep_alive_ = true;
};

/// Something that another thread says once.
struct Awaited {
    explicit Awaited(asio::io_context& io) : timer(io) { timer.expires_at(asio::steady_timer::time_point::max()); }
    bool here = false;  ///< io thread
    asio::steady_timer timer;
};

void come(asio::io_context& io, const std::shared_ptr<Awaited>& awaited) {
    asio::post(io, [awaited] {
        awaited->here = true;
        awaited->timer.cancel();
    });
}

asio::awaitable<void> until(std::shared_ptr<Awaited> awaited) {
    error_code ignored;
    while (!awaited->here) co_await awaited->timer.async_wait(into(ignored));
}

/// Wakes a paused sandbox. @return who is to get the request now.
asio::awaitable<Decision> wake(StatePtr state, RequestParserPtr parser, std::string id) {
    const auto woken = std::make_shared<Awaited>(state->io);
    state->hooks.wake(id, [state, woken] { come(state->io, woken); });
    co_await until(woken);
    Decision decision = state->hooks.decide(view_of(*parser));
    if (std::holds_alternative<ToWake>(decision)) decision = plain_error(503, "the sandbox cannot be woken");
    co_return decision;
}

/// Reads a control request's body and has it answered. @return whether the connection can carry another request.
asio::awaitable<bool> serve_control(StatePtr state, ConnectionPtr client, RequestParserPtr parser) {
    const bool keep_alive = parser->get().keep_alive();
    const bool head_only = parser->get().method() == http::verb::head;
    ControlRequest request;
    request.method = view(parser->get().method_string());
    request.target = view(parser->get().target());
    request.api_key = field(parser->get(), "x-api-key");
    if (list_has(field(parser->get(), "expect"), "100-continue") && has_body(*parser)) {
        const bool sent = co_await write_all(client, "HTTP/1.1 100 Continue\r\n\r\n");
        if (!sent) co_return false;
    }
    close_after(client, k_head_patience);
    while (!parser->is_done()) {
        error_code error;
        const std::size_t got =
            co_await read_piece(client->socket, client->buffer, *parser, client->piece.data(), error);
        if (error) co_return false;
        request.body.append(client->piece.data(), got);
        if (request.body.size() > k_largest_control_body) {
            co_await send_reply(client, plain_error(413, "the request body is too large"), head_only, false);
            co_return false;
        }
    }
    client->timer.cancel();
    request.client_gone = [client] {
        char byte = 0;
        return ::recv(client->socket.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 0;
    };

    const auto answered = std::make_shared<Awaited>(state->io);
    const auto reply = std::make_shared<Reply>();
    state->hooks.control(std::move(request), [state, answered, reply](Reply given) {
        *reply = std::move(given);
        come(state->io, answered);
    });
    co_await until(answered);
    const bool sent = co_await send_reply(client, std::move(*reply), head_only, keep_alive);
    co_return sent&& keep_alive;
}

/// Reads the next head. @return false when the connection is to end.
asio::awaitable<bool> read_head(ConnectionPtr client, RequestParser& parser) {
    parser.header_limit(k_largest_head);
    parser.body_limit(boost::none);
    error_code error;
    if (client->buffer.size() == 0) {
        close_after(client, k_keep_alive_idle);
        co_await client->socket.async_wait(tcp::socket::wait_read, into(error));
        if (error) co_return false;
    }
    close_after(client, k_head_patience);
    co_await http::async_read_header(client->socket, client->buffer, parser, into(error));
    client->timer.cancel();
    if (!error) {
        const char* wrong = unacceptable(parser);
        if (wrong == nullptr) co_return true;
        co_await send_reply(client, plain_error(400, wrong), false, false);
        co_return false;
    }
    if (error == http::error::header_limit) {
        co_await send_reply(client, plain_error(431, "the request head is too large"), false, false);
    } else if (error.category() == http::make_error_code(http::error::end_of_stream).category() &&
               error != http::error::end_of_stream && error != http::error::partial_message) {
        co_await send_reply(client, plain_error(400, "this is not a proper HTTP/1.1 request"), false, false);
    }
    co_return false;
}

/// Closes without losing what was written last: data that is still coming in would turn the close into a reset.
asio::awaitable<void> linger(ConnectionPtr client) {
    constexpr int k_most_pieces = 64;
    error_code error;
    client->socket.shutdown(tcp::socket::shutdown_send, error);
    if (error) co_return;
    close_after(client, std::chrono::seconds(1));
    for (int i = 0; i < k_most_pieces && !error; ++i)
        co_await client->socket.async_read_some(asio::buffer(client->piece), into(error));
    client->timer.cancel();
}

/// Counts a connection for as long as it is served.
class Counted {
 public:
    explicit Counted(StatePtr state) : state_(std::move(state)) { ++state_->connections; }
    ~Counted() {
        --state_->connections;
        if (!state_->closed) state_->hooks.connection_ended();
    }
    Counted(const Counted&) = delete;
    Counted& operator=(const Counted&) = delete;

 private:
    StatePtr state_;
};

asio::awaitable<void> serve_connection(StatePtr state, ConnectionPtr client) {
    const Counted counted(state);
    UpstreamPtr kept;
    bool open = true;
    while (open) {
        // Every head is judged anew: what pools connections in front of us may mix hosts on one.
        const auto parser = std::make_shared<RequestParser>();
        open = co_await read_head(client, *parser);
        if (!open) break;
        Decision decision = state->hooks.decide(view_of(*parser));
        if (const auto* asleep = std::get_if<ToWake>(&decision)) {
            std::string id = asleep->id;
            decision = co_await wake(state, parser, std::move(id));
        }
        if (std::holds_alternative<ToControl>(decision)) {
            open = co_await serve_control(state, client, parser);
        } else if (const auto* reply = std::get_if<Reply>(&decision)) {
            const bool keep = parser->get().keep_alive() && !has_body(*parser);
            const bool sent = co_await send_reply(client, *reply, parser->get().method() == http::verb::head, keep);
            open = sent && keep;
        } else {
            Exchange exchange(state, client, kept, std::get<ToSandbox>(std::move(decision)));
            open = co_await exchange.run(parser);
        }
    }
    if (client->socket.is_open()) co_await linger(client);
    error_code ignored;
    client->socket.close(ignored);
}

asio::awaitable<void> accept_connections(StatePtr state, std::shared_ptr<tcp::acceptor> acceptor) {
    asio::steady_timer pause(state->io);
    for (;;) {
        error_code error;
        auto client = std::make_shared<Connection>(state->io);
        co_await acceptor->async_accept(client->socket, into(error));
        if (error == asio::error::operation_aborted || !acceptor->is_open()) co_return;
        if (error) {
            // Out of descriptors, most likely: the waiting connection stays in the backlog meanwhile.
            error_code ignored;
            pause.expires_after(std::chrono::milliseconds(50));
            co_await pause.async_wait(into(ignored));
            continue;
        }
        error_code ignored;
        client->socket.set_option(tcp::no_delay(true), ignored);
        const auto peer = client->socket.remote_endpoint(error);
        if (error) continue;
        client->peer = peer.address().to_string();
        asio::co_spawn(state->io, serve_connection(state, client), asio::detached);
    }
}

}  // namespace

Gateway::Gateway(asio::io_context& io, GatewayHooks hooks) : state_(std::make_shared<State>(io, std::move(hooks))) {}

Gateway::~Gateway() {
    state_->closed = true;
}

void Gateway::serve(Fd listener, bool v6) {
    auto acceptor = std::make_shared<tcp::acceptor>(state_->io);
    acceptor->assign(v6 ? tcp::v6() : tcp::v4(), listener.release());
    state_->acceptors.push_back(acceptor);
    asio::co_spawn(state_->io, accept_connections(state_, acceptor), asio::detached);
}

void Gateway::stop_accepting() {
    error_code ignored;
    for (const auto& acceptor : state_->acceptors) acceptor->close(ignored);
}

std::size_t Gateway::connections() const noexcept {
    return state_->connections;
}

}  // namespace spawnai::engine
