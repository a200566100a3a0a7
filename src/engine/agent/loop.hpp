#pragma once

#include <spawnai/core/fd.hpp>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <unordered_map>
#include <utility>

namespace spawnai::engine::agent {

/// The one thread's event loop: descriptors by epoll (level-triggered), timers, and work cut into slices.
/// Handlers may add and remove anything, themselves included. Not thread-safe.
class Loop {
 public:
    using Handler = std::function<void(std::uint32_t events)>;
    using Task = std::function<void()>;
    using Timer = std::uint64_t;

    Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// The descriptor stays the caller's: call forget() before it is closed.
    void watch(int descriptor, std::uint32_t events, Handler handler);
    void change(int descriptor, std::uint32_t events);
    void forget(int descriptor) noexcept;

    Timer after(std::chrono::milliseconds delay, Task task);
    void cancel(Timer timer) noexcept;
    /// Runs `task` once the events at hand are served: long work calls this with its next slice.
    void later(Task task) { tasks_.push_back(std::move(task)); }

    [[noreturn]] void run();

 private:
    using Time = std::chrono::steady_clock::time_point;
    struct Watched {
        std::uint32_t generation;
        Handler handler;
    };
    [[nodiscard]] int poll_timeout() const;
    void run_timers();
    void run_tasks();

    Fd epoll_;
    std::uint32_t generation_ = 0;
    Timer last_timer_ = 0;
    std::unordered_map<int, std::shared_ptr<Watched>> watched_;
    std::map<std::pair<Time, Timer>, Task> timers_;
    std::unordered_map<Timer, Time> timer_times_;
    std::deque<Task> tasks_;
};

}  // namespace spawnai::engine::agent
