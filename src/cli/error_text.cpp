#include "error_text.hpp"

#include "json_shape.hpp"
#include "terminal.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <csignal>
#include <new>

namespace spawnai::cli {

namespace {

Failure of_kind(ErrorKind kind, std::string message, std::string hint, std::string evidence) {
    const ExitCode& row = exit_code(kind);
    return {.code = row.code,
            .kind = std::string(row.name),
            .error_class = std::string(row.error_class),
            .recoverable = row.recoverable,
            .message = redact(message),
            .hint = redact(hint),
            .evidence = redact(evidence)};
}

}  // namespace

Failure describe(const std::exception& error) {
    if (const auto* ours = dynamic_cast<const Error*>(&error))
        return of_kind(ours->kind(), ours->what(), ours->hint(), ours->evidence());
    if (const auto* interrupted = dynamic_cast<const Interrupted*>(&error)) {
        const int signal = interrupted->signal() > 0 ? interrupted->signal() : SIGINT;
        return {.code = 128 + signal,
                .kind = signal == SIGINT ? "interrupted" : "terminated",
                .error_class = "user_error",
                .recoverable = true,
                .message = signal == SIGINT ? "interrupted" : "terminated",
                .hint = {},
                .evidence = {}};
    }
    if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr)
        return of_kind(ErrorKind::internal, "out of memory", {}, {});
    return of_kind(ErrorKind::internal, std::string("unexpected error: ") + error.what(),
                   "this is a bug in spawnai; run the command again with --debug to record what led to it", {});
}

std::string failure_text(const Failure& failure, const Terminal& terminal) {
    std::string text =
        fmt::format("{} {}\n", terminal.err_styled(Style::red, "error:"), sanitize_for_terminal(failure.message));
    for (const std::string_view line : split_lines(failure.evidence))
        text += fmt::format("  {} {}\n", terminal.err_styled(Style::dim, "|"), sanitize_for_terminal(line));
    bool first = true;
    for (const std::string_view line : split_lines(failure.hint)) {
        text += fmt::format("{} {}\n", first ? terminal.err_styled(Style::cyan, "hint:") : "     ",
                            sanitize_for_terminal(line));
        first = false;
    }
    return text;
}

namespace {

Json failure_object(const Failure& failure, const std::optional<std::string>& session) {
    Json error{{"code", failure.code},
               {"kind", failure.kind},
               {"class", failure.error_class},
               {"message", failure.message},
               {"hint", json_text(failure.hint)},
               {"recoverable", failure.recoverable},
               {"session", session ? Json(*session) : Json()}};
    if (!failure.evidence.empty()) error["evidence"] = failure.evidence;
    return Json{{"schemaVersion", k_schema_version}, {"error", std::move(error)}};
}

}  // namespace

std::string failure_json(const Failure& failure, const std::optional<std::string>& session) {
    return dump_json(failure_object(failure, session)) + "\n";
}

std::string failure_event(const Failure& failure, const std::optional<std::string>& session) {
    Json object = failure_object(failure, session);
    object["type"] = "result";
    return dump_json(object) + "\n";
}

}  // namespace spawnai::cli
