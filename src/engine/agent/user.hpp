#pragma once

#include "engine/agent/http_message.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace spawnai::engine::agent {

/// The user name of HTTP Basic authorization; nothing without such a header. The password does not count.
[[nodiscard]] std::optional<std::string> basic_user(const RequestHead& head);

/// The sandbox has one uid; "root" is accepted for it too, since clients of the cloud ask for it.
[[nodiscard]] bool is_known_user(std::string_view name) noexcept;

/// Where a path given by a client leads: empty and "~" are the home directory, relative paths start there.
/// Nothing for "~other" and for a zero byte. The result is absolute; "." and ".." are resolved by text.
[[nodiscard]] std::optional<std::string> resolve_path(std::string_view path);

}  // namespace spawnai::engine::agent
