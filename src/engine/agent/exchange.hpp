#pragma once

#include "engine/agent/http_message.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnai::engine::agent {

using Headers = std::vector<std::pair<std::string, std::string>>;

/// The sending side of one request. Either send(), or begin(), write()..., finish().
class Reply {
 public:
    virtual ~Reply() = default;
    /// The whole answer at once.
    virtual void send(int status, Headers headers, std::string_view body) = 0;
    /// Without a length the body goes out in chunks.
    virtual void begin(int status, Headers headers, std::optional<std::uint64_t> length = std::nullopt) = 0;
    virtual void write(std::string_view bytes) = 0;
    virtual void finish() = 0;
    /// The answer cannot be completed as it was begun: the connection is cut so that the client notices.
    virtual void abort() = 0;
    [[nodiscard]] virtual bool begun() const = 0;
    /// Bytes that the client has not taken yet. Producers stop at k_congestion and go on when drained() is
    /// called.
    [[nodiscard]] virtual std::size_t backlog() const = 0;
    /// The request's body is left unread until it is resumed.
    virtual void pause_body() = 0;
    virtual void resume_body() = 0;

    static constexpr std::size_t k_congestion = 256U << 10U;
};

/// One request on its way. The connection owns it and destroys it when the answer is out or the client is
/// gone; whoever needs it later keeps a weak_ptr. The reply outlives it.
class Exchange : public std::enable_shared_from_this<Exchange> {
 public:
    virtual ~Exchange() = default;
    virtual void body(std::string_view bytes) = 0;
    virtual void body_complete() = 0;
    /// What was written has gone out, down to less than the mark of congestion.
    virtual void drained() {}
};

enum class Origin { engine, client };

/// Makes the exchange for a request; it may answer at once and return nothing.
class Router {
 public:
    virtual ~Router() = default;
    [[nodiscard]] virtual std::shared_ptr<Exchange> route(const RequestHead& head, Origin origin, Reply& reply) = 0;
};

/// {"code":status,"message":...} as the plain endpoints report errors.
void send_error(Reply& reply, int status, const std::string& message);
void send_json(Reply& reply, int status, const std::string& text);

}  // namespace spawnai::engine::agent
