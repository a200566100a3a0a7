#include <spawnai/core/exit_code.hpp>

#include <array>
#include <stdexcept>

namespace spawnai {

namespace {

constexpr std::array<ExitCode, 10> k_exit_codes{{
    {ErrorKind::internal, 1, "internal", "system_error", false, "unexpected internal error"},
    {ErrorKind::usage, 2, "usage", "user_error", false, "wrong usage, configuration or input"},
    {ErrorKind::not_found, 3, "not_found", "user_error", false, "no such session, file or starter"},
    {ErrorKind::auth, 4, "auth", "user_error", false, "a key is missing or was refused"},
    {ErrorKind::not_ready, 5, "not_ready", "resource_error", true, "the app never became ready"},
    {ErrorKind::limit, 6, "limit", "resource_error", true, "a limit, quota or budget was reached"},
    {ErrorKind::unavailable, 7, "unavailable", "api_error", true,
     "the model or the provider is unavailable, retry later"},
    {ErrorKind::refused, 8, "refused", "user_error", false, "refused by validation"},
    {ErrorKind::no_sandbox, 9, "no_sandbox", "system_error", false, "no sandbox can be made on this machine"},
    {ErrorKind::no_app, 10, "no_app", "api_error", true, "the model gave no usable app"},
}};

}  // namespace

std::span<const ExitCode> exit_codes() noexcept {
    return k_exit_codes;
}

const ExitCode& exit_code(ErrorKind kind) noexcept {
    for (const ExitCode& row : k_exit_codes)
        if (row.kind == kind) return row;
    return k_exit_codes.front();
}

}  // namespace spawnai
