#pragma once

#include "engine/agent/exchange.hpp"
#include "engine/agent/filesystem_service.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/metrics.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/settings.hpp"
#include "engine/agent/suspension.hpp"
#include "engine/agent/watcher.hpp"

#include <functional>
#include <memory>

namespace spawnai::engine::agent {

/// Every route of the agent: what the engine alone may call, and envd's plain endpoints and services.
class Api : public Router {
 public:
    Api(Loop& loop, Settings& settings, ProcessTable& processes, Suspension& suspension, Watcher& watcher)
        : loop_(loop),
          settings_(settings),
          processes_(processes),
          suspension_(suspension),
          watcher_(watcher),
          filesystem_(loop, processes) {}

    [[nodiscard]] std::shared_ptr<Exchange> route(const RequestHead& head, Origin origin, Reply& reply) override;

    /// Called once the first message has come.
    std::function<void()> on_ready;

 private:
    [[nodiscard]] std::shared_ptr<Exchange> route_engine(const RequestHead& head, Reply& reply);
    [[nodiscard]] std::shared_ptr<Exchange> route_plain(const RequestHead& head, Reply& reply);
    [[nodiscard]] std::shared_ptr<Exchange> route_rpc(const RequestHead& head, Reply& reply);
    [[nodiscard]] std::shared_ptr<Exchange> report_metrics(Reply& reply);
    void initialize(const std::string& body, Reply& reply);
    void move_deadline(const std::string& body, Reply& reply);
    void pause(const std::string& body, Reply& reply, const std::weak_ptr<Exchange>& exchange);
    void resume(const std::string& body, Reply& reply);
    void report_state(Reply& reply) const;

    Loop& loop_;
    Settings& settings_;
    ProcessTable& processes_;
    Suspension& suspension_;
    Watcher& watcher_;
    FilesystemService filesystem_;
    Metrics metrics_;
};

}  // namespace spawnai::engine::agent
