#pragma once

#include "database.hpp"

#include <filesystem>
#include <span>
#include <string_view>

namespace spawnai::store {

/// Step n (from 0) takes a store from version n to n + 1. A step that was shipped is never changed: stores
/// exist that ran it.
[[nodiscard]] std::span<const std::string_view> migrations() noexcept;

/// Brings the schema up to `steps`, one transaction a step, after a copy of an existing older file to
/// FILE.vN.backup. Safe when many processes do it at once. @throws Error{usage} for a newer version or a
/// database of something else.
void migrate(Database& database, const std::filesystem::path& file, std::span<const std::string_view> steps);

}  // namespace spawnai::store
