#include "../help.hpp"

#include "../arguments.hpp"
#include "../context.hpp"
#include "../suggest.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>

namespace spawnai::cli {

namespace {

struct Options {
    std::vector<std::string> words;
};

void configure(Arguments& arguments, Options& options) {
    arguments.rest("TOPIC", options.words, false,
                   "a command, or environment, exit-codes, formatting, security, starters");
}

int run(const Options& options, Context& context) {
    Terminal& terminal = context.terminal();
    if (options.words.empty()) {
        terminal.result(main_help(terminal));
        return 0;
    }
    for (const HelpTopic& topic : help_topics()) {
        if (topic.name != options.words[0]) continue;
        terminal.result(topic.text());
        return 0;
    }
    Found found;
    try {
        found = find_command(options.words);
    } catch (const Error&) {
        std::vector<std::string> known;
        for (const HelpTopic& topic : help_topics()) known.emplace_back(topic.name);
        for (const CommandSpec& spec : command_table())
            if (spec.group != Group::hidden) known.emplace_back(spec.name);
        const auto near = closest(options.words[0], known);
        throw Error(ErrorKind::usage, "there is no help on '" + options.words[0] + "'",
                    near ? "did you mean 'spawnai help " + *near + "'?" : "see 'spawnai help'");
    }
    if (found.command == nullptr) {
        terminal.result(namespace_help(*found.name_space, terminal));
        return 0;
    }
    const auto command = found.command->make();
    Arguments arguments = arguments_of(*found.command, *command);
    Globals globals;
    configure(arguments, globals);
    terminal.result(command_help(*found.command, arguments, terminal));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_help() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
