#pragma once

#include <spawnai/core/environment.hpp>
#include <spawnai/core/error.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::net {

struct Header {
    std::string name;
    std::string value;
};

/// Where the time of one request may go; zero means no limit.
struct Timeouts {
    std::chrono::milliseconds connect{10000};
    std::chrono::milliseconds first_byte{60000};  ///< from the request being sent to the response head
    std::chrono::milliseconds idle{60000};        ///< between two pieces of the body
    std::chrono::milliseconds total{0};           ///< the whole exchange
};

struct Request {
    std::string method = "GET";
    std::string url;  ///< absolute, http or https
    std::vector<Header> headers{};
    std::string body{};
    /// When set, the body comes from here instead: fill at most `size` bytes, return the count, 0 at the end.
    /// Sent chunked, or as the Content-Length among `headers` says. Called on the thread that sends.
    std::function<std::size_t(char* buffer, std::size_t size)> body_source{};
    /// Never sent twice. Otherwise a request that meets a kept connection which the server has just closed goes out again by itself.
    bool at_most_once = false;
    Timeouts timeouts{};
    std::size_t response_limit = 64U << 20U;  ///< a larger buffered body is an error, not a truncation
};

struct Response {
    int status = 0;
    std::vector<Header> headers;
    std::string body;  ///< empty when the body went to a sink

    /// The first header of that name, any case.
    [[nodiscard]] std::optional<std::string> header(std::string_view name) const;
};

/// Takes the next piece of a response body as it arrives, on the thread that asked; return false to end the
/// exchange (not an error).
using BodySink = std::function<bool(std::string_view piece)>;
/// Told the status and headers before the first piece.
using HeadSink = std::function<void(const Response& head)>;

/// Why an exchange gave no whole response.
enum class TransportFault {
    resolve,    ///< the host name has no address
    connect,    ///< nobody accepted the connection
    tls,        ///< the peer's certificate or protocol was not acceptable
    timeout,    ///< one of Timeouts passed
    cut,        ///< the connection ended before the response did
    too_large,  ///< the body passed response_limit
};

/// The Error{unavailable} of a Transport, with what happened in a form that callers can branch on.
class TransportError : public Error {
 public:
    TransportError(TransportFault fault, const std::string& message, std::string hint = {})
        : TransportError(
              fault, message, std::move(hint),
              fault != TransportFault::resolve && fault != TransportFault::connect && fault != TransportFault::tls) {}
    TransportError(TransportFault fault, const std::string& message, std::string hint, bool may_have_arrived)
        : Error(ErrorKind::unavailable, message, std::move(hint)), fault_(fault), may_have_arrived_(may_have_arrived) {}
    [[nodiscard]] TransportFault fault() const noexcept { return fault_; }
    /// False when the request surely did not reach the server, so that repeating it cannot do anything twice.
    [[nodiscard]] bool may_have_arrived() const noexcept { return may_have_arrived_; }

 private:
    TransportFault fault_;
    bool may_have_arrived_;
};

/// One way to exchange HTTP messages. Every status is a value; exceptions are for exchanges that gave no
/// whole response: TransportError (resolve, connect, TLS, time-out, cut connection; the message says which
/// and names the host without userinfo or query) and Interrupted when `stop` was requested. Implementations
/// are safe from any thread.
class Transport {
 public:
    virtual ~Transport() = default;
    [[nodiscard]] virtual Response send(const Request& request, std::stop_token stop) = 0;
    /// As send, with the body handed on piece by piece. With a non-2xx status the body is buffered in the
    /// response instead.
    virtual Response stream(const Request& request, const HeadSink& head, const BodySink& sink,
                            std::stop_token stop) = 0;
};

/// libcurl: HTTP/2 over TLS where offered, connections kept and shared, proxies (HTTPS_PROXY, NO_PROXY ...)
/// and CURL_CA_BUNDLE / SSL_CERT_FILE from `environment`. Names below .localhost always connect to 127.0.0.1.
/// Redirects are not followed. Environment variables that stand for a proxy never apply to loopback.
[[nodiscard]] std::unique_ptr<Transport> make_curl_transport(const Environment& environment);

}  // namespace spawnai::net
