#pragma once

#include <spawnai/pipeline/surroundings.hpp>

#include <optional>

namespace spawnai::pipeline {

/// Whether what the provider says of a sandbox cannot be true of a ready or paused row. Pure.
[[nodiscard]] bool contradicts(const store::Session& row, const sandbox::SandboxInfo& info) noexcept;

/// Makes the row of a ready or paused session say what the provider says of its living sandbox, which may have been paused at
/// its time-out, woken by a visitor, or extended by somebody else; books what ended. @return the row as it is now.
store::Session follow(const Surroundings& with, const store::Session& row, const sandbox::SandboxInfo& info);

/// When the sandbox of a row ends by itself, if anybody knows: nobody says how long a cloud keeps a paused one.
[[nodiscard]] std::optional<WallTime> end_of(const store::Session& row, const Place& place);

}  // namespace spawnai::pipeline
