#pragma once

#include "../arguments.hpp"

#include <spawnai/core/config.hpp>
#include <spawnai/core/environment.hpp>
#include <spawnai/pipeline/spawn.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::cli {

struct SpawnOptions {
    std::vector<std::string> prompt;
    std::optional<std::string> type;
    std::optional<std::string> model;
    std::optional<std::chrono::seconds> ttl;
    std::optional<std::string> provider;
    std::optional<std::string> template_id;
    std::optional<int> cpu;
    std::optional<std::string> memory;
    bool internet = false;
    bool no_internet = false;
    std::optional<int> port;
    std::optional<std::string> on_timeout;
    std::vector<std::string> files;
    std::vector<std::string> environment;
    std::optional<std::string> name;
    std::optional<std::string> tag;
    std::optional<Money> max_cost;
    std::optional<int> max_repairs;
    bool fresh = false;
    bool offline = false;
    bool dry_run = false;
    bool open = false;
    bool detach = false;
    bool json = false;
    bool events = false;
};

void configure(Arguments& arguments, SpawnOptions& options);

/// What the options, the configuration and the files that they name ask for. `prompt` was read already; the model is left to
/// the caller. @throws Error{usage}, Error{not_found}
[[nodiscard]] pipeline::SpawnRequest make_request(const SpawnOptions& options, std::string prompt, const Config& config,
                                                  const Environment& environment);

}  // namespace spawnai::cli
