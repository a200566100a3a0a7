#pragma once

#include "curl_exchange.hpp"

#include <spawnai/core/guarded.hpp>

#include <thread>
#include <vector>

namespace spawnai::net {

/// The one thread that runs libcurl: connections, their cache and all transfers belong to it. Methods are
/// safe from any thread.
class CurlLoop {
 public:
    CurlLoop();
    /// Ends what still runs. No exchange may be added any more.
    ~CurlLoop();
    CurlLoop(const CurlLoop&) = delete;
    CurlLoop& operator=(const CurlLoop&) = delete;

    void add(Exchange& exchange);
    void resume(Exchange& exchange);
    /// Returns once the loop does not touch the exchange any more.
    void cancel(Exchange& exchange) noexcept;

 private:
    struct Order {
        enum class Kind { add, resume, cancel } kind;
        Exchange* exchange;
    };

    void post(Order order);
    void run(const std::stop_token& stop);
    void obey(const Order& order);
    void collect_finished();
    void end(Exchange& exchange, Ended ended, CURLcode code);
    /// Ends what passed a limit. @return how long to sleep at most.
    std::chrono::milliseconds enforce_limits();

    MultiHandle multi_;
    Guarded<std::vector<Order>> orders_;
    std::vector<Exchange*> active_;  ///< only the loop's thread
    std::jthread thread_;            ///< last: it uses all of the above
};

}  // namespace spawnai::net
