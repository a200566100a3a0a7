#pragma once

#include <string_view>

namespace spawnai::sandbox {

/// Where the app's own output goes inside a sandbox: the client redirects it there, the engine keeps its end when the sandbox dies.
inline constexpr std::string_view k_app_log = "/home/user/app.log";

/// The port on which the daemon inside every sandbox answers.
inline constexpr int k_envd_port = 49983;

}  // namespace spawnai::sandbox
