#include "arguments.hpp"
#include "command.hpp"
#include "commands/factories.hpp"
#include "suggest.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>

#include <algorithm>
#include <array>

namespace spawnai::cli {

namespace {

constexpr CommandSpec k_commands[] = {
    {"cost", "", Group::money, "show what was spent",
     "spawnai cost\tthis month\n"
     "spawnai cost --for all --by model\tby model, since the beginning\n"
     "spawnai cost --by day --csv\tfor a spreadsheet",
     "", &make_cost},
    {"config get", "", Group::settings, "print one setting",
     "spawnai config get ttl\tits value\nspawnai config get ttl --show-origin\tand where it comes from", "",
     &make_config_get},
    {"config set", "", Group::settings, "write one setting to config.json",
     "spawnai config set provider local\tfrom now on\nspawnai config set provider --unset\tback to the default", "",
     &make_config_set},
    {"config list", "", Group::settings, "list all settings with their origin", "", "", &make_config_list},
    {"config path", "", Group::settings, "print the place of config.json", "", "", &make_config_path},
    {"keys set", "", Group::settings, "store a key, read from standard input or a hidden prompt",
     "spawnai keys set claude\tasks for it\nspawnai keys set e2b < key.txt\tfrom a file",
     "The key is kept in keys.json, readable by you alone. Variables of the environment come first.", &make_keys_set},
    {"keys list", "", Group::settings, "list the names of the keys that are known", "", "", &make_keys_list},
    {"keys rm", "", Group::settings, "forget a stored key", "", "", &make_keys_rm},
    {"completion", "", Group::settings, "print a completion script for a shell",
     "eval \"$(spawnai completion bash)\"\tfor this shell\n"
     "spawnai completion zsh > ~/.zfunc/_spawnai\tfor good\n"
     "spawnai completion fish > ~/.config/fish/completions/spawnai.fish\tfor good",
     "", &make_completion},
    {"help", "", Group::settings, "explain a command or a topic",
     "spawnai help exit-codes\ta topic\nspawnai help spawn\ta command", "", &make_help},
    {"generate", "", Group::hidden, "write man pages or completions to a directory", "", "", &make_generate},
    {"complete", "", Group::hidden, "print words for completion scripts", "", "", &make_complete},
};

constexpr Namespace k_namespaces[] = {
    {"config", "settings in config.json"},
    {"keys", "API keys in a file that only you can read"},
};

bool has_name(const CommandSpec& spec, std::string_view word) {
    if (spec.name == word) return true;
    std::string_view aliases = spec.aliases;
    while (!aliases.empty()) {
        const std::size_t end = std::min(aliases.find(' '), aliases.size());
        if (aliases.substr(0, end) == word) return true;
        aliases.remove_prefix(std::min(end + 1, aliases.size()));
    }
    return false;
}

[[noreturn]] void unknown(const std::string& word, const std::vector<std::string>& known, const std::string& where,
                          const std::string& otherwise) {
    const auto near = closest(word, known);
    throw Error(ErrorKind::usage, "unknown command '" + where + one_line(word, 60) + "'",
                near ? "did you mean 'spawnai " + where + *near + "'?" : otherwise);
}

}  // namespace

std::string_view title(Group group) noexcept {
    switch (group) {
        case Group::apps:
            return "Apps";
        case Group::money:
            return "Money";
        case Group::upkeep:
            return "Upkeep";
        case Group::settings:
            return "Settings and help";
        case Group::hidden:
            return "";
    }
    return "";
}

std::span<const CommandSpec> command_table() noexcept {
    return k_commands;
}
std::span<const Namespace> namespaces() noexcept {
    return k_namespaces;
}

Found find_command(std::span<const std::string> words) {
    const std::string& first = words[0];
    for (const Namespace& space : k_namespaces) {
        if (space.name != first) continue;
        if (words.size() == 1 || words[1].starts_with('-')) return {nullptr, &space, 1};
        const std::string name = first + " " + words[1];
        std::vector<std::string> known;
        for (const CommandSpec& spec : k_commands) {
            if (spec.name == name) return {&spec, &space, 2};
            if (spec.group != Group::hidden && spec.name.starts_with(first + " "))
                known.emplace_back(spec.name.substr(first.size() + 1));
        }
        unknown(words[1], known, first + " ", "see 'spawnai " + first + "'");
    }
    std::vector<std::string> known;
    for (const CommandSpec& spec : k_commands) {
        if (has_name(spec, first)) return {&spec, nullptr, 1};
        if (spec.group != Group::hidden && spec.name.find(' ') == std::string_view::npos) known.emplace_back(spec.name);
    }
    for (const Namespace& space : k_namespaces) known.emplace_back(space.name);
    std::string prompt = first;
    for (const std::string& word : words.subspan(1)) {
        if (word.starts_with('-')) break;
        prompt += " " + word;
    }
    unknown(first, first.find(' ') == std::string::npos ? known : std::vector<std::string>{}, "",
            "to make an app of it: spawnai spawn \"" + one_line(prompt, 60) + "\"\nfor the commands: spawnai --help");
}

Arguments arguments_of(const CommandSpec& spec, Command& command) {
    Arguments arguments{std::string(spec.name)};
    command.configure(arguments);
    return arguments;
}

}  // namespace spawnai::cli
