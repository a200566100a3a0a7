#pragma once

#include <cstdint>
#include <ctime>

namespace spawnai::validate::checker {

/// A point in the processor time of this thread, which other processes do not use up.
class Deadline {
 public:
    explicit Deadline(std::uint32_t milliseconds) noexcept : at_(now() + std::int64_t{milliseconds} * 1'000'000) {}
    [[nodiscard]] bool passed() const noexcept { return now() >= at_; }

 private:
    static std::int64_t now() noexcept {
        timespec time{};
        ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
        return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
    }
    std::int64_t at_;
};

}  // namespace spawnai::validate::checker
