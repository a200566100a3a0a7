#pragma once

#include "context.hpp"
#include "model_choice.hpp"
#include "site.hpp"

#include <spawnai/pipeline/spawn.hpp>

namespace spawnai::cli {

struct SpawnOutput {
    bool json = false;
    bool events = false;
};

/// The part that spawn and respawn share: checks the request, wakes the engine, runs with progress, prints the URL (or the
/// object), and says what was made and what to type next.
pipeline::SpawnResult run_spawn(const pipeline::SpawnRequest& request, Site& site, const ModelChoice& choice,
                                const SpawnOutput& output, Context& context);

}  // namespace spawnai::cli
