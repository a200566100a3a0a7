#pragma once

#include <spawnai/core/fd.hpp>

#include <cstdint>
#include <vector>

namespace spawnai::engine {

/// Sockets inside a sandbox's network namespace.
struct NamespaceSockets {
    std::vector<Fd> listeners;  ///< TCP, one per port asked for, on every address
    Fd dns_datagram;            ///< UDP 127.0.0.53:53
    Fd dns_listener;            ///< TCP 127.0.0.53:53
};

/// Joins the namespace in a short-lived child, makes every address local to it (so that a connection to anywhere arrives at the
/// listeners and their local address is the destination that the app meant), and opens the sockets. Blocks for a few
/// milliseconds; safe from any thread. @throws Error{no_sandbox} naming the step that failed.
[[nodiscard]] NamespaceSockets open_namespace_sockets(const Fd& network_namespace,
                                                      const std::vector<std::uint16_t>& ports);

}  // namespace spawnai::engine
