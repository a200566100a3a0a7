#pragma once

#include <spawnai/core/clock.hpp>

#include <chrono>
#include <mutex>
#include <stop_token>
#include <vector>

namespace spawnai::testing {

/// A clock that stands still until told. sleep() moves it by the time asked for and returns at once, so code
/// that waits runs without waiting; what it slept is remembered. Safe from any thread.
class ManualClock : public Clock {
 public:
    explicit ManualClock(WallTime start = WallTime(std::chrono::milliseconds(1'800'000'000'000))) : now_(start) {}

    [[nodiscard]] WallTime now() const override {
        const std::lock_guard lock(mutex_);
        return now_;
    }
    [[nodiscard]] SteadyTime steady() const override { return SteadyTime(now().time_since_epoch()); }
    bool sleep(std::chrono::milliseconds duration, std::stop_token stop) const override {
        if (stop.stop_requested()) return false;
        const std::lock_guard lock(mutex_);
        now_ += duration;
        sleeps_.push_back(duration);
        return true;
    }

    void advance(std::chrono::milliseconds duration) {
        const std::lock_guard lock(mutex_);
        now_ += duration;
    }
    [[nodiscard]] std::vector<std::chrono::milliseconds> sleeps() const {
        const std::lock_guard lock(mutex_);
        return sleeps_;
    }

 private:
    mutable std::mutex mutex_;
    mutable WallTime now_;
    mutable std::vector<std::chrono::milliseconds> sleeps_;
};

}  // namespace spawnai::testing
