#include "app.hpp"

#include "arguments.hpp"
#include "command.hpp"
#include "context.hpp"
#include "error_text.hpp"
#include "globals.hpp"
#include "help.hpp"

#include <spawnai/core/error.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <optional>

namespace spawnai::cli {

namespace {

// Read from the raw words, because a command line that cannot be parsed must fail in the form that was asked for.
bool wants(const std::vector<std::string>& arguments, std::string_view flag) {
    const auto end = std::find(arguments.begin(), arguments.end(), "--");
    return std::find(arguments.begin(), end, flag) != end;
}

int dispatch(const std::vector<std::string>& arguments, Context& context) {
    Terminal& terminal = context.terminal();
    Globals globals;
    bool version = false;
    Arguments leading("");
    leading.flag("-V,--version", version, "");
    configure(leading, globals);
    const std::size_t first = leading.parse_leading_flags(arguments);
    const std::vector<std::string> words(arguments.begin() + static_cast<std::ptrdiff_t>(first), arguments.end());
    if (globals.no_color) terminal.set_no_color();
    if (version) {
        terminal.result(fmt::format("spawnai {}\n", SPAWNAI_VERSION));
        return 0;
    }
    if (words.empty()) {
        terminal.result(main_help(terminal));
        return 0;
    }

    const Found found = find_command(words);
    if (found.command == nullptr) {
        terminal.result(namespace_help(*found.name_space, terminal));
        return 0;
    }
    const std::unique_ptr<Command> command = found.command->make();
    Arguments declared{std::string(found.command->name)};
    command->configure(declared);
    configure(declared, globals);
    const std::vector<std::string> rest(words.begin() + static_cast<std::ptrdiff_t>(found.words), words.end());
    if (wants(rest, "--help") || wants(rest, "-h") || globals.help) {
        if (wants(rest, "--no-color")) terminal.set_no_color();
        terminal.result(command_help(*found.command, declared, terminal));
        return 0;
    }
    declared.parse(rest);
    if (globals.no_color) terminal.set_no_color();
    if (globals.quiet) terminal.set_quiet();
    context.apply(globals);
    return command->run(context);
}

// A descriptor that the caller closed must not become the store's: a read-only stand-in makes writes to it fail.
void occupy_standard_descriptors() {
    for (int fd = 0; fd <= 2; ++fd) {
        if (::fcntl(fd, F_GETFD) >= 0) continue;
        const int opened = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
        if (opened >= 0 && opened != fd) ::close(opened);
    }
}

}  // namespace

int run(const std::vector<std::string>& arguments, const Streams& streams, const Environment& environment) {
    Terminal terminal(streams, environment);
    std::optional<Failure> failure;
    std::optional<std::string> session;
    try {
        Context context(terminal, environment);
        try {
            return dispatch(arguments, context);
        } catch (const BrokenPipe&) {
            return 0;
        } catch (const std::exception& error) {
            session = context.session();
            // Whatever broke while stopping, the reason is that somebody wanted us to stop.
            failure = context.signal() != 0 ? describe(Interrupted(context.signal())) : describe(error);
        }
    } catch (const std::exception& error) {
        failure = describe(error);
    }
    terminal.close_live();
    const bool json = wants(arguments, "--json");
    if (json || wants(arguments, "--events")) {
        try {
            terminal.result(json ? failure_json(*failure, session) : failure_event(*failure, session));
        } catch (const std::exception&) {
            // stdout is gone; stderr below still tells it.
        }
        // On one screen the text would only repeat it.
        if (terminal.out_is_tty() && terminal.err_is_tty()) return failure->code;
    }
    terminal.insist(failure_text(*failure, terminal));
    return failure->code;
}

int run(int argc, char** argv) {
    std::signal(SIGPIPE, SIG_IGN);
    occupy_standard_descriptors();
    return run({argv + std::min(argc, 1), argv + argc}, Streams{}, Environment::of_process());
}

}  // namespace spawnai::cli
