#pragma once

#include "engine/agent/dir_watch.hpp"
#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/rpc.hpp"

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace spawnai::engine::agent {

/// The filesystem.Filesystem service.
class FilesystemService {
 public:
    FilesystemService(Loop& loop, ProcessTable& processes) : loop_(loop), processes_(processes) {}

    /// Returns nothing (and has answered) when the request cannot be a call of this service.
    [[nodiscard]] std::shared_ptr<Exchange> call(std::string_view method, const RequestHead& head, Reply& reply);

 private:
    /// A watcher whose events are fetched: the oldest go when nobody fetches.
    struct Polled {
        std::unique_ptr<DirWatch> watch;
        std::deque<Json> events;
    };

    void stat(const Json& request, const UnaryReply& reply);
    void make_dir(const Json& request, const UnaryReply& reply);
    void move(const Json& request, const UnaryReply& reply);
    void list_dir(const Json& request, const UnaryReply& reply);
    void remove(const Json& request, const UnaryReply& reply);
    void create_watcher(const Json& request, const UnaryReply& reply);
    void get_watcher_events(const Json& request, const UnaryReply& reply);
    void remove_watcher(const Json& request, const UnaryReply& reply);
    Polled& find_watcher(const std::string& id);

    Loop& loop_;
    ProcessTable& processes_;
    std::map<std::string, Polled> watchers_;
};

}  // namespace spawnai::engine::agent
