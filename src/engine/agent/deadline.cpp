#include "engine/agent/deadline.hpp"

#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace spawnai::engine::agent {
namespace {

constexpr std::int64_t k_grace_ms = 1000;

}  // namespace

Deadline::Deadline(Loop& loop, std::function<void()> reached)
    : timer_(::timerfd_create(CLOCK_REALTIME, TFD_CLOEXEC | TFD_NONBLOCK)) {
    if (!timer_) throw std::runtime_error("no timer");
    loop.watch(timer_.get(), EPOLLIN, [this, reached = std::move(reached)](std::uint32_t) {
        std::uint64_t times = 0;
        // One that was set anew meanwhile has nothing to read.
        if (::read(timer_.get(), &times, sizeof times) == sizeof times) reached();
    });
}

void Deadline::set(std::int64_t milliseconds) {
    // A time of zero would disarm the timer, and the sandbox would live for ever.
    constexpr std::int64_t k_latest = 4102444800000;  // the year 2100
    const std::int64_t time = std::clamp<std::int64_t>(milliseconds, 1, k_latest) + k_grace_ms;
    itimerspec setting{};
    setting.it_value.tv_sec = time / 1000;
    setting.it_value.tv_nsec = time % 1000 * 1000000;
    if (::timerfd_settime(timer_.get(), TFD_TIMER_ABSTIME, &setting, nullptr) != 0) {
        throw std::runtime_error("the deadline cannot be set");
    }
}

}  // namespace spawnai::engine::agent
