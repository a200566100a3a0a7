#pragma once

#include <exception>
#include <optional>
#include <string>

namespace spawnai::cli {

/// What the run ended with, in the words of the manual's table of exit codes. Made from any exception; texts are redacted.
struct Failure {
    int code = 1;
    std::string kind;         ///< stable word: "not_found", "interrupted" ...
    std::string error_class;  ///< user_error, api_error, resource_error, system_error
    bool recoverable = false;
    std::string message;
    std::string hint;
    std::string evidence;
};

/// The one place where an exception becomes an exit code and words.
[[nodiscard]] Failure describe(const std::exception& error);

class Terminal;
/// For people: what failed, the evidence, what to type next. Sanitised; in the colours of stderr. Several lines.
[[nodiscard]] std::string failure_text(const Failure& failure, const Terminal& terminal);
/// For scripts: one line of JSON. `session` is the id that the command was about, or empty.
[[nodiscard]] std::string failure_json(const Failure& failure, const std::optional<std::string>& session);

/// As the last line of --events: the same object, as the event "result".
[[nodiscard]] std::string failure_event(const Failure& failure, const std::optional<std::string>& session);

}  // namespace spawnai::cli
