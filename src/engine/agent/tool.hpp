#pragma once

#include "engine/agent/process.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace spawnai::engine::agent {

/// Runs a program of the sandbox for the agent itself, as one more process with limits: work on trees of any size belongs outside
/// pid 1. `done` gets the exit code (-1 for a signal) and the last of what it wrote to stderr. @throws RpcError
void run_tool(ProcessTable& processes, std::vector<std::string> words,
              std::function<void(int, const std::string&)> done);

}  // namespace spawnai::engine::agent
