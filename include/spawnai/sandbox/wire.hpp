#pragma once

#include <string_view>

namespace spawnai::sandbox::wire {

inline constexpr int k_envd_port = 49983;

/// Where the app's own output goes inside a sandbox: the client redirects it there, the engine keeps its end
/// when the sandbox dies.
inline constexpr std::string_view k_app_log = "/home/user/app.log";

/// The `logger` of a log line that holds the app's own output; clouds log only envd's events, under other
/// names.
inline constexpr const char* k_app_logger = "app";

}  // namespace spawnai::sandbox::wire
