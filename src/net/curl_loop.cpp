#include "curl_loop.hpp"

#include <algorithm>
#include <csignal>
#include <utility>

namespace spawnai::net {

using std::chrono::milliseconds;

CurlLoop::CurlLoop() : multi_(curl_multi_init()) {
    if (!multi_) throw std::bad_alloc();
    curl_multi_setopt(multi_.get(), CURLMOPT_MAXCONNECTS, 128L);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

CurlLoop::~CurlLoop() {
    thread_.request_stop();
    curl_multi_wakeup(multi_.get());
    thread_.join();
}

void CurlLoop::post(Order order) {
    orders_.with([&](auto& orders) { orders.push_back(order); });
    curl_multi_wakeup(multi_.get());
}

void CurlLoop::add(Exchange& exchange) {
    post({Order::Kind::add, &exchange});
}

void CurlLoop::resume(Exchange& exchange) {
    post({Order::Kind::resume, &exchange});
}

void CurlLoop::cancel(Exchange& exchange) noexcept {
    post({Order::Kind::cancel, &exchange});
    exchange.wait_finished();
}

void CurlLoop::run(const std::stop_token& stop) {
    // Signals belong to the main thread, and OpenSSL would raise SIGPIPE for a closed connection.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    while (!stop.stop_requested()) {
        for (const Order& order : orders_.with([](auto& orders) { return std::exchange(orders, {}); })) obey(order);
        int running = 0;
        curl_multi_perform(multi_.get(), &running);
        collect_finished();
        const milliseconds sleep = enforce_limits();
        curl_multi_poll(multi_.get(), nullptr, 0, static_cast<int>(sleep.count()), nullptr);
    }
    while (!active_.empty()) end(*active_.back(), Ended::shut_down, CURLE_OK);
}

void CurlLoop::obey(const Order& order) {
    const auto known = std::find(active_.begin(), active_.end(), order.exchange);
    switch (order.kind) {
        case Order::Kind::add:
            order.exchange->begin();
            active_.push_back(order.exchange);
            if (curl_multi_add_handle(multi_.get(), order.exchange->easy()) != CURLM_OK)
                end(*order.exchange, Ended::shut_down, CURLE_FAILED_INIT);
            break;
        // The transfer may have ended while the order was on its way.
        case Order::Kind::resume:
            if (known != active_.end()) order.exchange->unpause();
            break;
        case Order::Kind::cancel:
            if (known != active_.end()) end(*order.exchange, Ended::shut_down, CURLE_OK);
            break;
    }
}

void CurlLoop::collect_finished() {
    int left = 0;
    while (CURLMsg* message = curl_multi_info_read(multi_.get(), &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        const CURLcode code = message->data.result;
        void* exchange = nullptr;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &exchange);
        end(*static_cast<Exchange*>(exchange), Ended::by_curl, code);
    }
}

void CurlLoop::end(Exchange& exchange, Ended ended, CURLcode code) {
    curl_multi_remove_handle(multi_.get(), exchange.easy());
    std::erase(active_, &exchange);
    // The sender may destroy the exchange as soon as it is told.
    exchange.finish(ended, code);
}

milliseconds CurlLoop::enforce_limits() {
    const SteadyTime now = std::chrono::steady_clock::now();
    SteadyTime earliest = now + std::chrono::hours(1);
    const std::vector<Exchange*> all = active_;
    for (Exchange* exchange : all) {
        const auto limit = exchange->next_limit();
        if (!limit) continue;
        if (limit->when <= now)
            end(*exchange, limit->which, CURLE_OPERATION_TIMEDOUT);
        else
            earliest = std::min(earliest, limit->when);
    }
    return std::chrono::ceil<milliseconds>(earliest - now);
}

}  // namespace spawnai::net
