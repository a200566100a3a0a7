#pragma once

#include "engine/gateway.hpp"
#include "engine/sandboxes.hpp"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace spawnai::engine {

/// How the decision finds sandboxes.
struct SandboxLookup {
    std::function<LiveSandboxPtr(const std::string& id)> find;
    std::function<std::vector<LiveSandboxPtr>()> all;
};

/// Who gets a request: by Host name, or by the E2b-Sandbox-* headers under the engine's own names. Traffic for the daemon inside
/// is authenticated here (token, or the signature of a file URL); `now` is unix seconds. Everything that is neither for the engine
/// nor for a sandbox is refused, because only a page that rebinds DNS would send it.
[[nodiscard]] Decision decide(const RequestView& request, const SandboxLookup& sandboxes, std::int64_t now);

/// HTML when a browser navigates. A 502 without a port tells clients that the sandbox is gone, as they also take a paused one; all
/// others name the port, and a daemon that does not answer is a 503.
[[nodiscard]] Reply unreachable_reply(const RequestView& request, const std::string& id, std::uint16_t port,
                                      Unreachable why);

/// A JSON error body with an integer code, as E2B's clients want it.
[[nodiscard]] Reply error_reply(int status, const std::string& message, const std::string& error_code = {});

}  // namespace spawnai::engine
