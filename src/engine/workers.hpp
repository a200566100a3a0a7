#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace spawnai::engine {

/// A few threads for work that blocks. Jobs must not throw. The destructor runs what is queued, then joins.
class Workers {
 public:
    explicit Workers(unsigned count);
    ~Workers();
    Workers(const Workers&) = delete;
    Workers& operator=(const Workers&) = delete;
    void post(std::function<void()> job);

 private:
    void run();
    std::mutex mutex_;
    std::condition_variable wake_;
    std::deque<std::function<void()>> jobs_;
    bool ending_ = false;
    std::vector<std::jthread> threads_;
};

}  // namespace spawnai::engine
