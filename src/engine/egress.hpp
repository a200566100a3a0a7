#pragma once

#include "engine/host_network.hpp"

#include <spawnai/core/fd.hpp>
#include <spawnai/core/log.hpp>

#include <boost/asio/io_context.hpp>

#include <memory>
#include <string>

namespace spawnai::engine {

/// The way out of sandboxes that may use the internet: accepts what they dial on their own loopback, judges the address that
/// they meant, dials it from the host and relays. Their name look-ups go to the host's resolver. Must outlive the io_context's run.
class Egress {
 public:
    Egress(boost::asio::io_context& io, HostNetwork network, std::vector<IpAddress> name_servers, Log log);
    ~Egress();
    Egress(const Egress&) = delete;
    Egress& operator=(const Egress&) = delete;

    /// Opens the way for one sandbox. Blocks for a few milliseconds; from any thread. @throws Error{no_sandbox}
    void attach(const std::string& id, const Fd& network_namespace);
    /// Closes it: listeners and every connection. From any thread; unknown ids are fine.
    void detach(const std::string& id);
    [[nodiscard]] const HostNetwork& network() const noexcept;

 private:
    struct State;
    std::shared_ptr<State> state_;
};

}  // namespace spawnai::engine
