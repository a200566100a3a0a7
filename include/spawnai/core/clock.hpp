#pragma once

#include <chrono>
#include <stop_token>
#include <string>
#include <string_view>

namespace spawnai {

/// Wall time in whole milliseconds, UTC: what is recorded and shown.
using WallTime = std::chrono::sys_time<std::chrono::milliseconds>;
/// Monotonic time: what deadlines inside one process are measured with.
using SteadyTime = std::chrono::steady_clock::time_point;

/// Where code that decides by time gets it from, so that tests can move it. Implementations are safe from any
/// thread.
class Clock {
 public:
    virtual ~Clock() = default;
    [[nodiscard]] virtual WallTime now() const = 0;
    [[nodiscard]] virtual SteadyTime steady() const = 0;
    /// Sleeps until `duration` has passed or `stop` is requested. @return false when it was stopped.
    virtual bool sleep(std::chrono::milliseconds duration, std::stop_token stop) const = 0;
};

/// The system's clocks. Lives for the whole process.
[[nodiscard]] const Clock& system_clock();

/// "2026-01-02T03:04:05.678Z"; the fraction is left out when it is zero.
[[nodiscard]] std::string format_rfc3339(WallTime time);
/// RFC 3339 with 0 to 9 fraction digits and Z or a numeric offset. @throws Error{usage}
[[nodiscard]] WallTime parse_rfc3339(std::string_view text);

}  // namespace spawnai
