#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <thread>

namespace spawnai::pipeline {

/// A stop token that is requested when the time is up, when `parent` is, or by hand. Real time: it bounds calls to others.
class StopAfter {
 public:
    explicit StopAfter(std::chrono::milliseconds limit, std::stop_token parent = {})
        : forward_(std::move(parent), Forward{&source_}), timer_([this, limit](const std::stop_token& end) {
              std::mutex mutex;
              std::condition_variable_any never;
              std::unique_lock lock(mutex);
              if (!never.wait_for(lock, end, limit, [&] { return end.stop_requested(); })) source_.request_stop();
          }) {}

    [[nodiscard]] std::stop_token token() const noexcept { return source_.get_token(); }

 private:
    struct Forward {
        std::stop_source* source;
        void operator()() const noexcept { source->request_stop(); }
    };
    std::stop_source source_;
    std::stop_callback<Forward> forward_;
    std::jthread timer_;
};

}  // namespace spawnai::pipeline
