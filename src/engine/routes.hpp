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

/// Why a sandbox cannot be reached. Clients take a paused one for one that is gone, and people are told.
enum class Unreachable { gone, paused, port_closed };
/// The 502 that says so; HTML when a browser navigates.
[[nodiscard]] Reply unreachable_reply(const RequestView& request, const std::string& id, std::uint16_t port,
                                      Unreachable why);

/// A JSON error body with an integer code, as E2B's clients want it.
[[nodiscard]] Reply error_reply(int status, const std::string& message, const std::string& error_code = {});

}  // namespace spawnai::engine
