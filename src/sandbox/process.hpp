#pragma once

#include "envd.hpp"

#include <spawnai/sandbox/provider.hpp>

#include <memory>

namespace spawnai::sandbox {

/// Starts a command and follows it to its end, over as many connections as it takes. @throws as Sandbox::run.
[[nodiscard]] ExitStatus run_to_end(const Envd& envd, const Command& command, const OutputSink& output,
                                    const std::stop_token& stop);

/// Starts a command that goes on by itself; a thread of the handle follows it and keeps its latest output for wait().
[[nodiscard]] std::unique_ptr<Process> start_process(const Envd& envd, const Command& command,
                                                     const std::stop_token& stop);

/// The same for a process that runs already; empty when there is none.
[[nodiscard]] std::unique_ptr<Process> connect_process(const Envd& envd, std::int64_t pid, const std::stop_token& stop);

}  // namespace spawnai::sandbox
