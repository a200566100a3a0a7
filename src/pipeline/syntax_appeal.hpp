#pragma once

#include "deployment.hpp"

#include <spawnai/core/generated_app.hpp>
#include <spawnai/validate/finding.hpp>

#include <stop_token>

namespace spawnai::pipeline {

/// Our own JavaScript parser is older than the runtimes. Asks the sandbox's Node (parse only) about every file that was refused for its
/// syntax alone; what Node accepts becomes a warning in `report`.
void appeal_syntax(validate::Report& report, const GeneratedApp& app, Deployment& deployment,
                   const std::stop_token& stop);

}  // namespace spawnai::pipeline
