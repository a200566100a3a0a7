#include "engine/agent/loop.hpp"

#include <sys/epoll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <stdexcept>

namespace spawnai::engine::agent {
namespace {

std::uint64_t key(int descriptor, std::uint32_t generation) {
    return (std::uint64_t{generation} << 32U) | static_cast<std::uint32_t>(descriptor);
}

/// One request's failure must not end pid 1 and the sandbox with it.
template <typename Call>
void contain(Call&& call) noexcept {
    try {
        call();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "spawnai-agent: %s\n", failure.what());
    }
}

}  // namespace

Loop::Loop() : epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
    if (!epoll_) throw std::runtime_error("no epoll");
}

void Loop::watch(int descriptor, std::uint32_t events, Handler handler) {
    auto watched = std::make_shared<Watched>(Watched{++generation_, std::move(handler)});
    epoll_event event{};
    event.events = events;
    event.data.u64 = key(descriptor, watched->generation);
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, descriptor, &event) != 0) throw std::runtime_error("epoll_ctl failed");
    watched_[descriptor] = std::move(watched);
}

void Loop::change(int descriptor, std::uint32_t events) {
    const auto found = watched_.find(descriptor);
    if (found == watched_.end()) return;
    epoll_event event{};
    event.events = events;
    event.data.u64 = key(descriptor, found->second->generation);
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, descriptor, &event);
}

void Loop::forget(int descriptor) noexcept {
    if (watched_.erase(descriptor) != 0) ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, descriptor, nullptr);
}

Loop::Timer Loop::after(std::chrono::milliseconds delay, Task task) {
    const Time time = std::chrono::steady_clock::now() + delay;
    const Timer timer = ++last_timer_;
    timers_.emplace(std::pair(time, timer), std::move(task));
    timer_times_.emplace(timer, time);
    return timer;
}

void Loop::cancel(Timer timer) noexcept {
    const auto found = timer_times_.find(timer);
    if (found == timer_times_.end()) return;
    timers_.erase({found->second, timer});
    timer_times_.erase(found);
}

int Loop::poll_timeout() const {
    if (!tasks_.empty()) return 0;
    if (timers_.empty()) return -1;
    const auto wait =
        std::chrono::ceil<std::chrono::milliseconds>(timers_.begin()->first.first - std::chrono::steady_clock::now());
    constexpr std::int64_t k_longest = 3600 * 1000;
    return static_cast<int>(std::clamp<std::int64_t>(wait.count(), 0, k_longest));
}

void Loop::run_timers() {
    const Time now = std::chrono::steady_clock::now();
    while (!timers_.empty() && timers_.begin()->first.first <= now) {
        const auto first = timers_.begin();
        const Task task = std::move(first->second);
        timer_times_.erase(first->first.second);
        timers_.erase(first);
        contain(task);
    }
}

void Loop::run_tasks() {
    // Only those that were there: a task that goes on asks for its next turn and lets events come first.
    for (std::size_t count = tasks_.size(); count > 0; --count) {
        const Task task = std::move(tasks_.front());
        tasks_.pop_front();
        contain(task);
    }
}

void Loop::run() {
    std::array<epoll_event, 64> events{};
    for (;;) {
        const int count = ::epoll_wait(epoll_.get(), events.data(), static_cast<int>(events.size()), poll_timeout());
        if (count < 0 && errno != EINTR) throw std::runtime_error("epoll_wait failed");
        for (int index = 0; index < count; ++index) {
            const epoll_event& event = events[static_cast<std::size_t>(index)];
            const auto found = watched_.find(static_cast<int>(event.data.u64 & 0xffffffffU));
            // A handler before this one may have closed the descriptor, and another may have taken its
            // number.
            if (found == watched_.end() || found->second->generation != event.data.u64 >> 32U) continue;
            const std::shared_ptr<Watched> keep = found->second;
            contain([&] { keep->handler(event.events); });
        }
        run_timers();
        run_tasks();
    }
}

}  // namespace spawnai::engine::agent
