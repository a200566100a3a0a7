#include "completion_scripts.hpp"

#include "arguments.hpp"
#include "command.hpp"
#include "globals.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::cli {

namespace {

struct CommandWords {
    std::string name;                ///< "config get"
    std::vector<std::string> names;  ///< with aliases
    std::string summary;
    std::vector<ArgumentSpec> arguments;
};

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> parts;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(separator), text.size());
        parts.emplace_back(text.substr(0, end));
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return parts;
}

std::string join(const std::vector<std::string>& parts, std::string_view separator) {
    std::string joined;
    for (const std::string& part : parts) joined += (joined.empty() ? "" : std::string(separator)) + part;
    return joined;
}

std::vector<CommandWords> all_commands() {
    std::vector<CommandWords> all;
    for (const CommandSpec& spec : command_table()) {
        if (spec.group == Group::hidden) continue;
        const auto command = spec.make();
        Arguments arguments = arguments_of(spec, *command);
        Globals globals;
        configure(arguments, globals);
        CommandWords words{
            std::string(spec.name), {std::string(spec.name)}, std::string(spec.summary), arguments.specs()};
        for (std::string& alias : split(spec.aliases, ' ')) words.names.push_back(std::move(alias));
        all.push_back(std::move(words));
    }
    return all;
}

bool below_namespace(const CommandWords& command) {
    return command.name.find(' ') != std::string::npos;
}

std::vector<std::pair<std::string, std::string>> first_words() {
    std::vector<std::pair<std::string, std::string>> words;
    for (const CommandWords& command : all_commands())
        if (!below_namespace(command)) words.emplace_back(command.name, command.summary);
    for (const Namespace& space : namespaces()) words.emplace_back(space.name, space.summary);
    return words;
}

// What stands for a value: words, files, or what the store knows.
enum class Values { none, words, files, directories, sessions, settings, topics };

Values values_of(const ArgumentSpec& spec) {
    if (!spec.choices.empty()) return Values::words;
    if (spec.value == "FILE" || spec.value == "PATH") return Values::files;
    if (spec.value == "DIR") return Values::directories;
    if (spec.value == "ID") return Values::sessions;
    if (spec.value == "SETTING") return Values::settings;
    if (spec.value == "TOPIC") return Values::topics;
    return Values::none;
}

std::string kind_word(Values values) {
    switch (values) {
        case Values::sessions:
            return "sessions";
        case Values::settings:
            return "settings";
        case Values::topics:
            return "topics";
        case Values::none:
        case Values::words:
        case Values::files:
        case Values::directories:
            return "";
    }
    return "";
}

std::string bash_values(const ArgumentSpec& spec) {
    switch (values_of(spec)) {
        case Values::words:
            return fmt::format("COMPREPLY=($(compgen -W '{}' -- \"$cur\"))", join(spec.choices, " "));
        case Values::files:
            return "COMPREPLY=($(compgen -f -- \"$cur\"))";
        case Values::directories:
            return "COMPREPLY=($(compgen -d -- \"$cur\"))";
        case Values::sessions:
        case Values::settings:
        case Values::topics:
            return fmt::format("COMPREPLY=($(compgen -W \"$(spawnai complete {} 2>/dev/null | cut -f1)\" -- \"$cur\"))",
                               kind_word(values_of(spec)));
        case Values::none:
            return "COMPREPLY=()";
    }
    return {};
}

std::string single_quoted(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'') {
            quoted += "'\\''";
        } else {
            quoted += c;
        }
    }
    return quoted + "'";
}

}  // namespace

std::string bash_completion() {
    std::string spaces;
    for (const Namespace& space : namespaces()) spaces += (spaces.empty() ? "" : "|") + std::string(space.name);
    std::string first;
    for (const auto& [name, summary] : first_words()) first += (first.empty() ? "" : " ") + name;

    std::string script =
        fmt::format(R"(# bash completion for spawnai; made by 'spawnai generate completions', do not edit.
_spawnai() {{
    local cur=${{COMP_WORDS[COMP_CWORD]}} prev=${{COMP_WORDS[COMP_CWORD - 1]}} command= word i
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${{COMP_WORDS[i]}}
        case $word in -*) continue ;; esac
        command=${{command:+$command }}$word
        case $command in {}) ;; *) break ;; esac
    done
    case $command in
        '') COMPREPLY=($(compgen -W '{} --help --version' -- "$cur")); return ;;
)",
                    spaces, first);
    for (const Namespace& space : namespaces()) {
        std::vector<std::string> below;
        for (const CommandWords& command : all_commands())
            if (command.name.starts_with(std::string(space.name) + " "))
                below.push_back(command.name.substr(space.name.size() + 1));
        script += fmt::format("        {}) COMPREPLY=($(compgen -W '{} --help' -- \"$cur\")); return ;;\n", space.name,
                              join(below, " "));
    }
    script += "    esac\n    case $command:$prev in\n";
    for (const CommandWords& command : all_commands()) {
        for (const ArgumentSpec& spec : command.arguments) {
            if (spec.positional || spec.value.empty()) continue;
            std::vector<std::string> patterns;
            for (const std::string& name : command.names)
                for (const std::string& option : split(spec.names, ','))
                    patterns.push_back(fmt::format("'{}:{}'", name, option));
            script += fmt::format("        {}) {}; return ;;\n", join(patterns, " | "), bash_values(spec));
        }
    }
    script += "    esac\n    case $command in\n";
    for (const CommandWords& command : all_commands()) {
        std::vector<std::string> options;
        std::string positional = "COMPREPLY=()";
        for (const ArgumentSpec& spec : command.arguments) {
            if (!spec.positional) {
                options.push_back(spec.main_name());
            } else if (values_of(spec) != Values::none) {
                positional = bash_values(spec);
            }
        }
        std::vector<std::string> patterns;
        for (const std::string& name : command.names) patterns.push_back("'" + name + "'");
        script += fmt::format(
            "        {})\n            case $cur in\n                -*) COMPREPLY=($(compgen -W '{}' -- \"$cur\")) ;;\n"
            "                *) {} ;;\n            esac ;;\n",
            join(patterns, " | "), join(options, " "), positional);
    }
    return script + "    esac\n}\ncomplete -F _spawnai spawnai\n";
}

namespace {

std::string zsh_values(const ArgumentSpec& spec) {
    switch (values_of(spec)) {
        case Values::words:
            return "(" + join(spec.choices, " ") + ")";
        case Values::files:
            return "_files";
        case Values::directories:
            return "_files -/";
        case Values::sessions:
        case Values::settings:
        case Values::topics:
            // The blank keeps _arguments from slipping options of its own in before the kind.
            return " _spawnai_words " + kind_word(values_of(spec));
        case Values::none:
            return " ";
    }
    return {};
}

// Help inside the brackets of an _arguments specification.
std::string zsh_text(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '[' || c == ']' || c == ':' || c == '\\') safe += '\\';
        safe += c;
    }
    return safe;
}

std::string zsh_argument(const ArgumentSpec& spec) {
    const std::string message = spec.value.find('|') == std::string::npos ? spec.value : "value";
    const std::string value = spec.value.empty() ? "" : ":" + message + ":" + zsh_values(spec);
    if (spec.positional) return single_quoted((spec.repeatable ? "*" : spec.required ? "" : ":") + value);
    const std::vector<std::string> names = split(spec.names, ',');
    const std::string tail = "[" + zsh_text(spec.help) + "]" + value;
    if (names.size() == 1) return single_quoted((spec.repeatable ? "*" : "") + names[0] + tail);
    const std::string before = spec.repeatable ? "'*'" : "'(" + join(names, " ") + ")'";
    return before + "{" + join(names, ",") + "}" + single_quoted(tail);
}

}  // namespace

std::string zsh_completion() {
    std::string script = R"(#compdef spawnai
# zsh completion for spawnai; made by 'spawnai generate completions', do not edit.

_spawnai_words() {
    local -a found
    local word text
    spawnai complete $1 2>/dev/null | while IFS=$'\t' read -r word text; do found+=("$word:$text"); done
    _describe -t $1 $1 found
}

_spawnai() {
    local -a first
    local command
    if (( CURRENT == 2 )); then
        first=(
)";
    for (const auto& [name, summary] : first_words())
        script += "            " + single_quoted(name + ":" + zsh_text(summary)) + "\n";
    script += "        )\n        _describe -t commands command first\n        return\n    fi\n    command=$words[2]\n";
    for (const Namespace& space : namespaces()) {
        script +=
            fmt::format("    if [[ $command == {} ]]; then\n        if (( CURRENT == 3 )); then\n            first=(\n",
                        space.name);
        for (const CommandWords& command : all_commands())
            if (command.name.starts_with(std::string(space.name) + " "))
                script += "                " +
                          single_quoted(command.name.substr(space.name.size() + 1) + ":" + zsh_text(command.summary)) +
                          "\n";
        script +=
            "            )\n            _describe -t commands command first\n            return\n        fi\n"
            "        command=\"$command $words[3]\"\n        shift words\n        (( CURRENT-- ))\n    fi\n";
    }
    script += "    shift words\n    (( CURRENT-- ))\n    case $command in\n";
    for (const CommandWords& command : all_commands()) {
        std::vector<std::string> patterns;
        for (const std::string& name : command.names) patterns.push_back("'" + name + "'");
        script += "        (" + join(patterns, "|") + ") _arguments -s";
        for (const ArgumentSpec& spec : command.arguments) script += " \\\n            " + zsh_argument(spec);
        script += " ;;\n";
    }
    return script +
           "    esac\n}\n\nif [[ $funcstack[1] == _spawnai ]]; then _spawnai \"$@\"; else compdef _spawnai spawnai; "
           "fi\n";
}

namespace {

std::string fish_values(const ArgumentSpec& spec) {
    switch (values_of(spec)) {
        case Values::words:
            return " -xa " + single_quoted(join(spec.choices, " "));
        case Values::files:
            return " -rF";
        case Values::directories:
            return " -xa '(__fish_complete_directories)'";
        case Values::sessions:
        case Values::settings:
        case Values::topics:
            return fmt::format(" -xa '(spawnai complete {} 2>/dev/null)'", kind_word(values_of(spec)));
        case Values::none:
            return " -x";
    }
    return {};
}

}  // namespace

std::string fish_completion() {
    std::string script =
        "# fish completion for spawnai; made by 'spawnai generate completions', do not edit.\ncomplete -c spawnai -f\n";
    for (const auto& [name, summary] : first_words())
        script +=
            fmt::format("complete -c spawnai -n __fish_use_subcommand -a {} -d {}\n", name, single_quoted(summary));
    for (const CommandWords& command : all_commands()) {
        std::string seen;
        if (below_namespace(command)) {
            const auto blank = command.name.find(' ');
            const std::string space = command.name.substr(0, blank);
            const std::string word = command.name.substr(blank + 1);
            std::vector<std::string> siblings;
            for (const CommandWords& other : all_commands())
                if (other.name.starts_with(space + " ")) siblings.push_back(other.name.substr(blank + 1));
            script += fmt::format(
                "complete -c spawnai -n '__fish_seen_subcommand_from {}; and not __fish_seen_subcommand_from {}' -a {} "
                "-d {}\n",
                space, join(siblings, " "), word, single_quoted(command.summary));
            seen = fmt::format("'__fish_seen_subcommand_from {}; and __fish_seen_subcommand_from {}'", space, word);
        } else {
            seen = fmt::format("'__fish_seen_subcommand_from {}'", join(command.names, " "));
        }
        for (const ArgumentSpec& spec : command.arguments) {
            if (spec.positional) {
                if (values_of(spec) == Values::none) continue;
                const std::string values = fish_values(spec);
                script += fmt::format("complete -c spawnai -n {}{}\n", seen, values == " -rF" ? " -F" : values);
                continue;
            }
            std::string names;
            for (const std::string& name : split(spec.names, ','))
                names += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
            script += fmt::format("complete -c spawnai -n {}{}{} -d {}\n", seen, names,
                                  spec.value.empty() ? "" : fish_values(spec), single_quoted(spec.help));
        }
    }
    return script;
}

}  // namespace spawnai::cli
