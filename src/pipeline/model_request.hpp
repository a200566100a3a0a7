#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/pipeline/spawn.hpp>

namespace spawnai::pipeline {

/// What the model is asked first: everything but budget and evidence.
[[nodiscard]] claude::GenerationRequest model_request(const SpawnRequest& request, const SpawnPlan& plan);

}  // namespace spawnai::pipeline
