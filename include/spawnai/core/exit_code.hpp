#pragma once

#include <spawnai/core/error.hpp>

#include <span>
#include <string_view>

namespace spawnai {

/// One row of the table of exit codes that the manual prints and scripts rely on.
struct ExitCode {
    ErrorKind kind;
    int code;
    std::string_view name;         ///< stable word for --json, e.g. "not_found"
    std::string_view error_class;  ///< user_error, api_error, resource_error or system_error
    bool recoverable;              ///< the same command may work later without a change
    std::string_view meaning;
};

[[nodiscard]] std::span<const ExitCode> exit_codes() noexcept;
[[nodiscard]] const ExitCode& exit_code(ErrorKind kind) noexcept;

}  // namespace spawnai
