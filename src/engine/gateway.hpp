#pragma once

#include <spawnai/core/fd.hpp>

#include <boost/asio/io_context.hpp>

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace spawnai::engine {

/// The head of a request, as far as a decision needs it. Valid during the call only.
struct RequestView {
    std::string_view method;
    std::string_view target;  ///< origin form, starts with '/', or "*"
    /// Value of the first header of that name, empty when absent.
    std::function<std::string_view(std::string_view name)> header;
};

/// An answer that the engine gives itself.
struct Reply {
    int status = 200;
    std::string body;
    std::string content_type = "application/json";
    std::vector<std::pair<std::string, std::string>> headers;
};
/// For the control API: read the whole body, then ask the handler.
struct ToControl {};
/// To be relayed to a sandbox's socket.
struct ToSandbox {
    std::filesystem::path socket;
    std::string preface;            ///< the first line on a new connection, with its '\n'
    bool preface_answered = false;  ///< the agent says "OK" or "ERR ..." before the first byte of HTTP
    std::string id;
    std::uint16_t port = 0;
};
/// For a paused sandbox that traffic wakes: to be decided again when it is awake.
struct ToWake {
    std::string id;
};
using Decision = std::variant<Reply, ToControl, ToSandbox, ToWake>;

struct ControlRequest {
    std::string method;
    std::string target;
    std::string api_key;
    std::string body;
    /// Whether whoever asked has gone away without waiting for the answer; may be called from any thread.
    std::function<bool()> client_gone;
};

/// Why a request got no answer from inside a sandbox.
enum class Unreachable {
    gone,         ///< the sandbox ended
    paused,       ///< it is to be woken first, and traffic does not do that
    port_closed,  ///< it lives, but nothing listens
    silent,       ///< it lives, but what listens gave no answer in HTTP
};

struct GatewayHooks {
    /// Who gets the request. Called on the io thread for every request; must be quick and must not throw.
    std::function<Decision(const RequestView&)> decide;
    /// Called on the io thread; `answer` may be called from any thread, once.
    std::function<void(ControlRequest, std::function<void(Reply)> answer)> control;
    /// Wakes a paused sandbox. Called on the io thread; `done` may be called from any thread, once, whatever came of it.
    std::function<void(const std::string& id, std::function<void()> done)> wake;
    /// What to say then.
    std::function<Reply(const RequestView&, const ToSandbox&, Unreachable why)> unreachable;
    /// A connection ended. Called on the io thread.
    std::function<void()> connection_ended;
};

/// The one HTTP/1.1 server of the engine: control API, daemons and apps, told apart by the hooks. Relays bodies in both directions
/// at once, piece by piece and without a time limit, and upgraded connections as they are. Lives on the io thread.
class Gateway {
 public:
    Gateway(boost::asio::io_context& io, GatewayHooks hooks);
    ~Gateway();
    Gateway(const Gateway&) = delete;
    Gateway& operator=(const Gateway&) = delete;
    /// Accepts on a listening TCP socket.
    void serve(Fd listener, bool v6);
    void stop_accepting();
    [[nodiscard]] std::size_t connections() const noexcept;

    struct State;

 private:
    std::shared_ptr<State> state_;
};

}  // namespace spawnai::engine
