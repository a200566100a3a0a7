#include "help.hpp"

#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_widest = 100;

std::size_t page_width(const Terminal& terminal) {
    return terminal.out_is_tty() ? std::min(terminal.out_width(), k_widest) : 80;
}

std::string heading(const Terminal& terminal, std::string_view text) {
    return "\n" + terminal.out_styled(Style::bold, text) + "\n";
}

// Two columns, the second one wrapped.
std::string columns(const std::vector<std::pair<std::string, std::string>>& rows, const Terminal& terminal,
                    std::size_t widest_left) {
    std::size_t left = 0;
    for (const auto& [name, text] : rows)
        if (name.size() <= widest_left) left = std::max(left, name.size());
    std::string block;
    const std::size_t indent = left + 4;
    const std::size_t width = std::max<std::size_t>(page_width(terminal), indent + 20) - indent;
    for (const auto& [name, text] : rows) {
        const std::string padding =
            name.size() <= left ? std::string(left - name.size() + 2, ' ') : "\n" + std::string(indent, ' ');
        block += fmt::format("  {}{}{}\n", terminal.out_styled(Style::cyan, name), padding, wrap(text, width, indent));
    }
    return block;
}

std::string option_left(const ArgumentSpec& spec) {
    std::string names;
    const auto comma = spec.names.find(',');
    names = comma == std::string::npos ? (spec.names.starts_with("--") ? "    " : "") + spec.names
                                       : spec.names.substr(0, comma) + ", " + spec.names.substr(comma + 1);
    return spec.value.empty() ? names : names + " " + spec.value;
}

std::string examples(std::string_view text, const Terminal& terminal) {
    std::vector<std::pair<std::string, std::string>> rows;
    for (const std::string_view line : split_lines(text)) {
        const auto tab = line.find('\t');
        rows.emplace_back(std::string(line.substr(0, tab)),
                          tab == std::string_view::npos ? "" : std::string(line.substr(tab + 1)));
    }
    return columns(rows, terminal, 52);
}

}  // namespace

std::string wrap(std::string_view text, std::size_t width, std::size_t indent) {
    std::string wrapped;
    std::size_t column = 0;
    while (!text.empty()) {
        const std::size_t end = std::min(text.find(' '), text.size());
        const std::string_view word = text.substr(0, end);
        const std::size_t length = utf8_length(word);
        if (column > 0 && column + 1 + length > width) {
            wrapped += "\n" + std::string(indent, ' ');
            column = 0;
        } else if (column > 0) {
            wrapped += ' ';
            ++column;
        }
        wrapped += word;
        column += length;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return wrapped;
}

std::string usage_line(const CommandSpec& spec, const Arguments& arguments) {
    std::string line = fmt::format("spawnai {} [OPTIONS]", spec.name);
    for (const ArgumentSpec& argument : arguments.specs()) {
        if (!argument.positional) continue;
        const std::string name = argument.names + (argument.repeatable ? "..." : "");
        line += argument.required ? " " + name : " [" + name + "]";
    }
    return line;
}

std::string main_help(const Terminal& terminal) {
    std::string page = "spawnai turns a sentence into a running app and prints its URL.\n";
    page += heading(terminal, "Usage") + "  spawnai COMMAND [OPTIONS] [ARGUMENTS]\n";
    page += heading(terminal, "Examples") + examples(
                                                "spawnai spawn \"todo app\"\tan app, live, its URL on stdout\n"
                                                "spawnai ls\twhat is running\n"
                                                "spawnai extend @last 30m\tmore time for the newest one\n"
                                                "spawnai kill todo-app-k3f9\tend it",
                                                terminal);
    for (const Group group : {Group::apps, Group::money, Group::upkeep, Group::settings}) {
        std::vector<std::pair<std::string, std::string>> rows;
        std::string_view last_space;
        for (const CommandSpec& spec : command_table()) {
            if (spec.group != group) continue;
            const auto blank = spec.name.find(' ');
            if (blank == std::string_view::npos) {
                std::string name(spec.name);
                rows.emplace_back(std::move(name), spec.summary);
                continue;
            }
            const std::string_view space = spec.name.substr(0, blank);
            if (space == last_space) continue;
            last_space = space;
            for (const Namespace& known : namespaces())
                if (known.name == space) rows.emplace_back(known.name, known.summary);
        }
        page += heading(terminal, title(group)) + columns(rows, terminal, 20);
    }
    std::string topics;
    for (const HelpTopic& topic : help_topics()) topics += (topics.empty() ? "" : ", ") + std::string(topic.name);
    page += heading(terminal, "More");
    page += columns({{"spawnai COMMAND --help", "all about one command"},
                     {"spawnai help TOPIC", topics},
                     {"man spawnai", "the manual"}},
                    terminal, 30);
    return page;
}

std::string namespace_help(const Namespace& name_space, const Terminal& terminal) {
    std::string page = fmt::format("spawnai {}: {}.\n", name_space.name, name_space.summary);
    std::vector<std::pair<std::string, std::string>> rows;
    for (const CommandSpec& spec : command_table())
        if (spec.group != Group::hidden && spec.name.starts_with(std::string(name_space.name) + " "))
            rows.emplace_back("spawnai " + std::string(spec.name), spec.summary);
    page += heading(terminal, "Commands") + columns(rows, terminal, 40);
    return page;
}

std::string command_help(const CommandSpec& spec, const Arguments& arguments, const Terminal& terminal) {
    std::string summary(spec.summary);
    summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
    std::string page = summary + ".\n";
    page += heading(terminal, "Usage") + "  " + usage_line(spec, arguments) + "\n";
    if (!spec.aliases.empty()) page += fmt::format("  also: {}\n", spec.aliases);
    if (!spec.examples.empty()) page += heading(terminal, "Examples") + examples(spec.examples, terminal);

    std::vector<std::pair<std::string, std::string>> positionals;
    std::vector<std::pair<std::string, std::string>> options;
    std::vector<std::pair<std::string, std::string>> globals;
    for (const ArgumentSpec& argument : arguments.specs()) {
        std::string text = argument.help;
        if (argument.positional) {
            if (!argument.choices.empty()) {
                text += " (";
                for (const std::string& choice : argument.choices) text += (text.back() == '(' ? "" : ", ") + choice;
                text += ")";
            }
            positionals.emplace_back(argument.names, text);
            continue;
        }
        if (argument.repeatable) text += " (may be repeated)";
        (argument.global ? globals : options).emplace_back(option_left(argument), text);
    }
    if (!positionals.empty()) page += heading(terminal, "Arguments") + columns(positionals, terminal, 30);
    if (!options.empty()) page += heading(terminal, "Options") + columns(options, terminal, 30);
    page += heading(terminal, "Options of every command") + columns(globals, terminal, 30);
    if (!spec.details.empty()) {
        page += "\n";
        for (const std::string_view paragraph : split_lines(spec.details))
            page += wrap(paragraph, page_width(terminal), 0) + "\n";
    }
    return page;
}

}  // namespace spawnai::cli
