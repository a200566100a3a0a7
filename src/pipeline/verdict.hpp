#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/store/session.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace spawnai::pipeline {

/// Clocks differ, and a sandbox may end a moment before its time is up by ours.
inline constexpr auto k_clock_tolerance = std::chrono::seconds(3);

enum class Presence { present, absent, unknown };

/// What is known of a row when it is judged.
struct RowFacts {
    store::Status status = store::Status::creating;
    bool owner_alive = false;  ///< of a working row
    Presence sandbox = Presence::unknown;
    std::optional<WallTime> expires_at{};
    WallTime now{};
};

/// What the row must say; without a status it is right as it is.
struct RowVerdict {
    std::optional<store::Status> status{};
    std::string message{};
    std::string error_kind{};
    WallTime ended_at{};
    bool is_error = false;
};

/// Pure.
[[nodiscard]] RowVerdict judge_row(const RowFacts& facts);

}  // namespace spawnai::pipeline
