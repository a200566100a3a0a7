#pragma once

#include "terminal.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/store/session.hpp>

#include <chrono>
#include <optional>
#include <string>

namespace spawnai::cli {

/// The first eight characters: what people see of an id.
[[nodiscard]] std::string short_id(const SessionId& id);
/// "45s", "14m", "2h 5m", "3d 4h": two parts at most; from ten minutes on in whole minutes.
[[nodiscard]] std::string rough_duration(std::chrono::seconds duration);
/// Until the session's end: "14m", "-" when it has none or is paused, "0s" when it is over.
[[nodiscard]] std::string remaining_text(const store::Session& session, WallTime now);
/// When a paused session ends for good, if that is known.
[[nodiscard]] std::optional<WallTime> kept_until(const store::Session& session);
/// Local time of day, with the date unless it is today: "14:32", "2026-01-02 14:32".
[[nodiscard]] std::string local_time(WallTime time, WallTime now);
[[nodiscard]] Style style_of(store::Status status) noexcept;
/// The fields of a session as every --json shows them, without "schemaVersion".
[[nodiscard]] Json session_json(const store::Session& session, WallTime now);

}  // namespace spawnai::cli
