#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::cli {

class Arguments;
class Context;

/// One command as it was typed: declares its arguments, then runs.
class Command {
 public:
    virtual ~Command() = default;
    virtual void configure(Arguments& arguments) = 0;
    /// @return the exit code. @throws Error, Interrupted, BrokenPipe
    virtual int run(Context& context) = 0;
};

/// A command from its parts: a struct of options, what binds them, and what acts on them.
template <class Options>
class BoundCommand final : public Command {
 public:
    using Configure = void (*)(Arguments&, Options&);
    using Run = int (*)(const Options&, Context&);
    BoundCommand(Configure configurer, Run runner) : configure_(configurer), run_(runner) {}
    void configure(Arguments& arguments) override { configure_(arguments, options_); }
    int run(Context& context) override { return run_(options_, context); }

 private:
    Options options_;
    Configure configure_;
    Run run_;
};

template <class Options>
[[nodiscard]] std::unique_ptr<Command> bind_command(void (*configure)(Arguments&, Options&),
                                                    int (*run)(const Options&, Context&)) {
    return std::make_unique<BoundCommand<Options>>(configure, run);
}

enum class Group { apps, money, upkeep, settings, hidden };
[[nodiscard]] std::string_view title(Group group) noexcept;

/// One row of the command table. Names of two words ("config get") are commands below a common word.
struct CommandSpec {
    std::string_view name;
    std::string_view aliases;  ///< separated by blanks
    Group group = Group::apps;
    std::string_view summary;   ///< one line, lower case, no full stop
    std::string_view examples;  ///< lines "command<TAB>what it does"
    std::string_view details;   ///< paragraphs for --help and the manual; may be empty
    std::unique_ptr<Command> (*make)();
};

/// All commands, in the order of the manual.
[[nodiscard]] std::span<const CommandSpec> command_table() noexcept;

/// A word before other commands that is none itself: "config", "keys", "engine".
struct Namespace {
    std::string_view name;
    std::string_view summary;
};
[[nodiscard]] std::span<const Namespace> namespaces() noexcept;

/// What the first words of a command line name.
struct Found {
    const CommandSpec* command = nullptr;
    const Namespace* name_space = nullptr;  ///< set alone when only the common word was typed
    std::size_t words = 0;                  ///< how many words were used
};
/// @throws Error{usage} for an unknown command, with a suggestion.
[[nodiscard]] Found find_command(std::span<const std::string> words);

/// `spec`'s arguments, without running it. `command` owns what they are bound to.
[[nodiscard]] Arguments arguments_of(const CommandSpec& spec, Command& command);

}  // namespace spawnai::cli
