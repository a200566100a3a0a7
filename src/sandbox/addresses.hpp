#pragma once

#include <spawnai/sandbox/e2b_provider.hpp>

#include <string>
#include <string_view>

namespace spawnai::sandbox {

/// Where the daemon inside a sandbox is reached; no slash at its end. `domain` is that of the sandbox.
[[nodiscard]] std::string envd_url(const E2bOptions& options, std::string_view id, std::string_view domain);

/// "http" or "https": how a browser asks for the apps below `domain`.
[[nodiscard]] std::string app_scheme(const E2bOptions& options, std::string_view domain);

}  // namespace spawnai::sandbox
