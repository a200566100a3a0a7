#pragma once

#include <stdexcept>
#include <string>

namespace spawnai {

/// What went wrong, as far as a caller or a script can act on it. One process exit code each (exit_code.hpp).
enum class ErrorKind {
    internal,     ///< a bug, or something outside that nothing can be said about
    usage,        ///< the command line, a file given to us or the configuration is wrong
    not_found,    ///< no such session, file or starter
    auth,         ///< a key is missing or was refused
    not_ready,    ///< the app was deployed but never became ready
    limit,        ///< a plan limit, quota or budget stands in the way
    unavailable,  ///< the model or the provider cannot be reached or is overloaded; later may work
    refused,      ///< validation refused the code
    no_sandbox,   ///< this machine cannot make a sandbox
    no_app,       ///< the model gave nothing usable
};

/// Every failure of ours. `what()` says what failed and why; `hint()` what to type next (may be empty);
/// `evidence()` holds the lines that show it (last log lines, compiler output; may be empty, may have many
/// lines).
class Error : public std::runtime_error {
 public:
    explicit Error(ErrorKind kind, const std::string& message, std::string hint = {},
                   std::string evidence = {})
        : std::runtime_error(message), kind_(kind), hint_(std::move(hint)), evidence_(std::move(evidence)) {}

    [[nodiscard]] ErrorKind kind() const noexcept { return kind_; }
    [[nodiscard]] const std::string& hint() const noexcept { return hint_; }
    [[nodiscard]] const std::string& evidence() const noexcept { return evidence_; }

    /// The same error with `context: ` before its message.
    [[nodiscard]] Error within(const std::string& context) const {
        return Error(kind_, context + ": " + what(), hint_, evidence_);
    }

 private:
    ErrorKind kind_;
    std::string hint_;
    std::string evidence_;
};

/// The user or the system asked us to stop (SIGINT, SIGTERM, SIGHUP). Not an Error: `catch (const Error&)`
/// never swallows it.
class Interrupted : public std::exception {
 public:
    explicit Interrupted(int signal) noexcept : signal_(signal) {}
    [[nodiscard]] int signal() const noexcept { return signal_; }
    [[nodiscard]] const char* what() const noexcept override { return "interrupted"; }

 private:
    int signal_;
};

}  // namespace spawnai
