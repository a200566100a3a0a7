#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>

namespace spawnai::engine {

struct Account {
    uid_t uid = 0;
    gid_t gid = 0;
};

/// Whom an engine that root starts becomes: the account `spawnai` if there is one, else a number that no
/// account has.
[[nodiscard]] Account unprivileged_account();

/// The first directory on the way to `path` (itself included, as far as it exists) that `account` cannot
/// pass; empty when it can.
[[nodiscard]] std::optional<std::filesystem::path> obstacle_for(const std::filesystem::path& path,
                                                                const Account& account);

/// As root: makes `directory` and its missing parents; it alone, or all that are made, belong to `account`,
/// so that the engine can pass and write. @throws Error{no_sandbox} naming the directory in the way.
void make_directory_for(const std::filesystem::path& directory, const Account& account);

/// As root: shows `directory` at `place` to this process and its children alone, read-only, in a mount namespace of their own.
/// @return whether the system lets us.
[[nodiscard]] bool show_privately(const std::filesystem::path& directory, const std::filesystem::path& place,
                                  const Account& account);

/// Gives up root for good, groups first. @throws Error{no_sandbox} when the system does not let us.
void become(const Account& account);

}  // namespace spawnai::engine
