#pragma once

#include "engine/agent/deadline.hpp"
#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/settings.hpp"

#include <functional>
#include <memory>

namespace spawnai::engine::agent {

/// Every route of the agent: what the engine alone may call, and envd's plain endpoints and services.
class Api : public Router {
 public:
    Api(Loop& loop, Settings& settings, ProcessTable& processes, Deadline& deadline)
        : loop_(loop), settings_(settings), processes_(processes), deadline_(deadline) {}

    [[nodiscard]] std::shared_ptr<Exchange> route(const RequestHead& head, Origin origin,
                                                  Reply& reply) override;

    /// Called once the first message has come.
    std::function<void()> on_ready;

 private:
    [[nodiscard]] std::shared_ptr<Exchange> route_engine(const RequestHead& head, Reply& reply);
    [[nodiscard]] std::shared_ptr<Exchange> route_plain(const RequestHead& head, Reply& reply);
    [[nodiscard]] std::shared_ptr<Exchange> route_rpc(const RequestHead& head, Reply& reply);
    void initialize(const std::string& body, Reply& reply);
    void move_deadline(const std::string& body, Reply& reply);

    Loop& loop_;
    Settings& settings_;
    ProcessTable& processes_;
    Deadline& deadline_;
};

}  // namespace spawnai::engine::agent
