#pragma once

#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

namespace spawnai::engine::agent {

/// Accepts the engine's connections on the inherited socket, reads each one's preface line and hands it to
/// HTTP, the relay or the namespace answer (docs/agent-protocol.md).
class Server {
 public:
    Server(Loop& loop, Fd listener, Fd network_namespace, Router& router);
    Server(const Server&) = delete;
    Server& operator=(const Server&) = delete;

    /// Ports are relayed only from here on.
    void allow_relays() { relays_allowed_ = true; }

 private:
    void accept_all();
    void read_preface(Fd socket);
    void dispatch(Fd socket, std::string_view line, std::string received);
    void hand_out_namespace(const Fd& socket) const;

    Loop& loop_;
    Fd listener_;
    Fd network_namespace_;
    Router& router_;
    bool relays_allowed_ = false;
};

}  // namespace spawnai::engine::agent
