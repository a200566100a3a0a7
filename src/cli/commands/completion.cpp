#include "../arguments.hpp"
#include "../completion_scripts.hpp"
#include "../context.hpp"
#include "../help.hpp"
#include "../manual.hpp"
#include "factories.hpp"

#include <spawnai/core/config.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/store/store.hpp>

namespace spawnai::cli {

namespace {

struct CompletionOptions {
    std::string shell;
};

void configure_completion(Arguments& arguments, CompletionOptions& options) {
    arguments.required("SHELL", options.shell, "which shell", {"bash", "zsh", "fish"});
}

int run_completion(const CompletionOptions& options, Context& context) {
    context.terminal().result(options.shell == "bash"  ? bash_completion()
                              : options.shell == "zsh" ? zsh_completion()
                                                       : fish_completion());
    return 0;
}

struct CompleteOptions {
    std::string kind;
};

void configure_complete(Arguments& arguments, CompleteOptions& options) {
    arguments.required("KIND", options.kind, "what to list", {"sessions", "settings", "topics"});
}

constexpr std::size_t k_most_sessions = 100;
constexpr std::size_t k_description_width = 60;

int run_complete(const CompleteOptions& options, Context& context) {
    std::string words;
    if (options.kind == "settings") {
        for (const SettingSpec& spec : setting_specs())
            words += std::string(spec.name) + "\t" + std::string(spec.meaning) + "\n";
    } else if (options.kind == "topics") {
        for (const HelpTopic& topic : help_topics())
            words += std::string(topic.name) + "\t" + std::string(topic.summary) + "\n";
        for (const CommandSpec& spec : command_table())
            if (spec.group != Group::hidden) words += std::string(spec.name) + "\t" + std::string(spec.summary) + "\n";
    } else if (std::filesystem::exists(context.paths().store_file)) {
        store::SessionQuery query;
        query.limit = k_most_sessions;
        for (const store::Session& session : context.store().list(query))
            words += session.name + "\t" + std::string(to_string(session.status)) + ": " +
                     one_line(session.prompt, k_description_width) + "\n";
    }
    context.terminal().result(words);
    return 0;
}

struct GenerateOptions {
    std::string what;
    std::string directory;
};

void configure_generate(Arguments& arguments, GenerateOptions& options) {
    arguments.required("WHAT", options.what, "what to write", {"man", "completions"});
    arguments.required("DIR", options.directory, "where to");
}

constexpr unsigned k_public_file = 0644;

int run_generate(const GenerateOptions& options, Context& /*context*/) {
    const std::filesystem::path directory(options.directory);
    if (!std::filesystem::is_directory(directory))
        throw Error(ErrorKind::not_found, "there is no directory " + options.directory);
    if (options.what == "man") {
        write_file_atomic(directory / "spawnai.1", manual_page(), k_public_file);
    } else {
        write_file_atomic(directory / "spawnai.bash", bash_completion(), k_public_file);
        write_file_atomic(directory / "_spawnai", zsh_completion(), k_public_file);
        write_file_atomic(directory / "spawnai.fish", fish_completion(), k_public_file);
    }
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_completion() {
    return bind_command<CompletionOptions>(&configure_completion, &run_completion);
}
std::unique_ptr<Command> make_complete() {
    return bind_command<CompleteOptions>(&configure_complete, &run_complete);
}
std::unique_ptr<Command> make_generate() {
    return bind_command<GenerateOptions>(&configure_generate, &run_generate);
}

}  // namespace spawnai::cli
