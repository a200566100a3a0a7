#pragma once

#include <spawnai/pipeline/surroundings.hpp>

#include <optional>
#include <stop_token>
#include <string>

namespace spawnai::pipeline {

inline constexpr const char* k_session_key = "spawnai_session";  ///< metadata of our sandboxes
inline constexpr const char* k_store_key = "spawnai_store";

/// The plan whose prices the use of a session's sandbox has: the one it was made under, else the one in force here.
[[nodiscard]] const PlanLimits& plan_of(const Surroundings& with, const store::Session& session);

/// When the use of a sandbox was over that was just ended (`ended`) or was found gone, as far as its row tells. Pure.
[[nodiscard]] WallTime used_until(const store::Session& session, bool ended, WallTime now) noexcept;

/// Books what the session's sandbox used until `end`, once. @return false when somebody had booked it.
bool book_sandbox(const Surroundings& with, const store::Session& session, WallTime end);

/// Ends the sandbox of a session, found by its id or, when that is not known, by its metadata, and books it.
/// @return whether there was one. @throws Error{unavailable} when that could not be done: the row then still says what is owed.
bool end_sandbox(const Surroundings& with, const store::Session& session, const std::stop_token& stop);

/// Fetches the output that the provider kept of a sandbox that is gone, if there is any and none is kept yet. Never throws but
/// Interrupted.
void collect_log(const Surroundings& with, const store::Session& session, const std::stop_token& stop);

}  // namespace spawnai::pipeline
