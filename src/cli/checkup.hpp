#pragma once

#include <spawnai/core/environment.hpp>
#include <spawnai/core/error.hpp>

#include <string>
#include <vector>

namespace spawnai::cli {

class Context;

/// absent: something that may be missing is missing.
enum class Health { good, absent, bad };

/// One thing that `doctor` looked at.
struct Check {
    std::string name;
    Health health = Health::good;
    std::string message;
    std::string remedy{};
    int code = 0;  ///< that the command ends with when this is the first bad one
};

[[nodiscard]] Check good(std::string message);
[[nodiscard]] Check absent(std::string message, std::string remedy);
[[nodiscard]] Check bad(const Error& error);

/// The proxies and CA files that the environment names; nothing when it names none. Looks at files, not at the network.
[[nodiscard]] std::vector<Check> network_settings(const Environment& environment);

/// Whether the APIs that keys are there for can be reached and used. All at once, so it takes as long as the slowest.
/// @throws Interrupted
[[nodiscard]] std::vector<Check> remote_checks(Context& context);

}  // namespace spawnai::cli
