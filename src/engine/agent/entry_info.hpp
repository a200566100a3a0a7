#pragma once

#include "engine/agent/encoding.hpp"

#include <map>
#include <optional>
#include <string>

namespace spawnai::engine::agent {

/// The EntryInfo message for what is at `path`, or nothing (errno says why). A symbolic link is described itself, but with the
/// type and mode of what it leads to.
[[nodiscard]] std::optional<Json> entry_info(const std::string& path);

/// Mode bits as Go's fs.FileMode prints them: "drwxr-xr-x", "Lrwxrwxrwx", "dtrwxrwxrwx".
[[nodiscard]] std::string permissions_text(unsigned mode);

/// What a client attached to a file: extended attributes user.e2b.*, shown without that prefix.
using Metadata = std::map<std::string, std::string>;
[[nodiscard]] Metadata read_metadata(const std::string& path);
/// Replaces all of it. @return 0 or errno
[[nodiscard]] int write_metadata(int file, const Metadata& metadata);

}  // namespace spawnai::engine::agent
