#pragma once

#include <spawnai/core/money.hpp>

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::cli {

/// One flag, option or positional argument of a command: what help, manual and completions are made from.
struct ArgumentSpec {
    std::string names;  ///< "-t,--type", or the name of a positional in capitals: "ID"
    std::string value;  ///< placeholder of the value ("DURATION", "ID", "FILE", "DIR" ...); empty for a flag
    std::string help;
    std::vector<std::string> choices;  ///< the values that are allowed, when they are few
    bool positional = false;
    bool required = false;  ///< positionals only
    bool repeatable = false;
    bool global = false;  ///< understood by every command

    /// The long name with its dashes, or the short one when there is no other.
    [[nodiscard]] std::string main_name() const;
};

/// The arguments of one command: each declaration binds a variable, and parse() fills them. The variables must outlive it.
/// Values are converted as they are read; whatever is wrong is Error{usage} that names the argument.
class Arguments {
 public:
    /// `command` is what the user types after "spawnai"; it stands in error messages.
    explicit Arguments(std::string command) : command_(std::move(command)) {}

    void flag(std::string names, bool& target, std::string help);
    void option(std::string names, std::string value, std::optional<std::string>& target, std::string help);
    void option(std::string names, std::string value, std::vector<std::string>& target, std::string help);
    void option(std::string names, std::optional<std::chrono::seconds>& target, std::string help);
    void option(std::string names, std::optional<Money>& target, std::string help);
    /// A whole number in least..most.
    void option(std::string names, std::string value, std::optional<int>& target, int least, int most,
                std::string help);
    void choice(std::string names, const std::vector<std::string>& choices, std::optional<std::string>& target,
                std::string help);
    void required(const std::string& name, std::string& target, std::string help,
                  const std::vector<std::string>& choices = {});
    void optional(const std::string& name, std::optional<std::string>& target, std::string help,
                  const std::vector<std::string>& choices = {});
    /// Takes all that is left; at least one when `needed`.
    void rest(const std::string& name, std::vector<std::string>& target, bool needed, std::string help);

    /// Takes what is left without showing it in help: for a command that wants to refuse it in its own words.
    void surplus(std::vector<std::string>& target) { surplus_ = &target; }

    /// Declarations that follow belong to every command.
    void begin_globals() { global_ = true; }

    /// @throws Error{usage}
    void parse(const std::vector<std::string>& arguments);
    /// Reads flags up to the first word that is none, and returns that word's index. @throws Error{usage}
    [[nodiscard]] std::size_t parse_leading_flags(const std::vector<std::string>& arguments);

    [[nodiscard]] const std::vector<ArgumentSpec>& specs() const noexcept { return specs_; }
    [[nodiscard]] const std::string& command() const noexcept { return command_; }

 private:
    using Take = std::function<void(const std::string&)>;
    void declare(ArgumentSpec spec, Take take);
    [[noreturn]] void fail(const std::string& message, const std::string& hint = {}) const;
    [[noreturn]] void unknown_option(const std::string& given) const;
    void take_positionals(const std::vector<std::string>& words) const;

    std::string command_;
    std::vector<ArgumentSpec> specs_;
    std::vector<Take> takes_;  ///< beside specs_
    std::vector<std::string>* surplus_ = nullptr;
    bool global_ = false;
};

}  // namespace spawnai::cli
