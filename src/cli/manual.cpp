#include "manual.hpp"

#include "arguments.hpp"
#include "command.hpp"
#include "globals.hpp"
#include "help.hpp"

#include <spawnai/core/text.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

// Text that roff must not read as a request, an escape or a hyphen.
std::string escaped(std::string_view text) {
    std::string safe;
    for (const char c : text) {
        if (c == '\\') {
            safe += "\\e";
        } else if (c == '-') {
            safe += "\\-";
        } else {
            safe += c;
        }
    }
    if (!safe.empty() && (safe[0] == '.' || safe[0] == '\'')) safe.insert(0, "\\&");
    return safe;
}

std::string preformatted(std::string_view text) {
    std::string block = ".nf\n";
    for (const std::string_view line : split_lines(text)) block += escaped(line) + "\n";
    return block + ".fi\n";
}

std::string argument_entry(const ArgumentSpec& spec) {
    std::string names;
    std::size_t start = 0;
    for (;;) {
        const std::size_t comma = spec.names.find(',', start);
        names += (names.empty() ? "\\fB" : ", \\fB") + escaped(spec.names.substr(start, comma - start)) + "\\fR";
        if (comma == std::string::npos) break;
        start = comma + 1;
    }
    if (!spec.positional && !spec.value.empty()) names += " \\fI" + escaped(spec.value) + "\\fR";
    std::string text = spec.help;
    if (spec.positional && !spec.choices.empty()) {
        text += ": ";
        for (const std::string& choice : spec.choices) text += (text.ends_with(": ") ? "" : ", ") + choice;
    }
    if (spec.repeatable && !spec.positional) text += " (may be repeated)";
    return ".TP\n" + names + "\n" + escaped(text) + "\n";
}

std::string command_section(const CommandSpec& spec) {
    const auto command = spec.make();
    const Arguments arguments = arguments_of(spec, *command);
    std::string section = fmt::format(".SS \"spawnai {}\"\n", escaped(spec.name));
    section += ".B " + escaped(usage_line(spec, arguments)) + "\n.PP\n";
    std::string summary(spec.summary);
    summary[0] = static_cast<char>(std::toupper(static_cast<unsigned char>(summary[0])));
    section += escaped(summary) + ".\n";
    if (!spec.aliases.empty()) {
        std::string names(spec.aliases);
        for (std::size_t blank = names.find(' '); blank != std::string::npos; blank = names.find(' ', blank + 2))
            names.replace(blank, 1, ", ");
        section += "Other names: " + escaped(names) + ".\n";
    }
    for (const std::string_view paragraph : split_lines(spec.details)) section += ".PP\n" + escaped(paragraph) + "\n";
    for (const ArgumentSpec& argument : arguments.specs()) section += argument_entry(argument);
    if (!spec.examples.empty()) {
        section += ".PP\nExamples:\n";
        for (const std::string_view line : split_lines(spec.examples)) {
            const auto tab = line.find('\t');
            section += ".TP\n\\fB" + escaped(line.substr(0, tab)) + "\\fR\n";
            section += (tab == std::string_view::npos ? std::string("\\&") : escaped(line.substr(tab + 1))) + "\n";
        }
    }
    return section;
}

}  // namespace

std::string manual_page() {
    std::string page = fmt::format(
        ".\\\" Made by 'spawnai generate man'; do not edit.\n.TH SPAWNAI 1 \"\" \"spawnai {}\" \"User Commands\"\n",
        SPAWNAI_VERSION);
    page +=
        ".SH NAME\nspawnai \\- turn a sentence into a running app\n"
        ".SH SYNOPSIS\n.B spawnai spawn \\(dq\\fIPROMPT\\fB\\(dq\n.br\n.B spawnai\n.I COMMAND\n[OPTIONS] [ARGUMENTS]\n"
        ".SH DESCRIPTION\n"
        "A model writes the app, the code is checked, the app is deployed into an isolated sandbox, and once it "
        "answers its "
        "URL is printed on standard output. Sandboxes are on this machine (no account, no cost) or in E2B's cloud. "
        "They end "
        "by themselves after a while; their code and what they cost stay in a local store.\n"
        ".SH COMMANDS\n";
    for (const CommandSpec& spec : command_table())
        if (spec.group != Group::hidden) page += command_section(spec);
    page += ".SH OPTIONS OF EVERY COMMAND\n";
    Globals globals;
    Arguments common("");
    configure(common, globals);
    for (const ArgumentSpec& argument : common.specs()) page += argument_entry(argument);
    page += ".TP\n\\fB\\-V\\fR, \\fB\\-\\-version\\fR\nprint the version, before any command\n";
    for (const HelpTopic& topic : help_topics()) {
        std::string heading;
        if (topic.name == "exit-codes") {
            heading = "EXIT STATUS";
        } else {
            for (const char c : topic.name) heading += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
        }
        page += ".SH " + heading + "\n" + preformatted(topic.text());
    }
    page +=
        ".SH FILES\n"
        ".TP\n.I ~/.config/spawnai/config.json\nsettings, see spawnai config\n"
        ".TP\n.I ~/.config/spawnai/keys.json\nkeys, see spawnai keys\n"
        ".TP\n.I ~/.local/share/spawnai/spawnai.db\nthe store: sessions, code and costs (SQLite)\n"
        ".TP\n.I ~/.local/share/spawnai/engine\nstate of the local engine; /var/lib/spawnai for root\n"
        ".TP\n.I ~/.local/state/spawnai\nlock files and the diagnostic log\n"
        ".PP\nThe XDG variables move them; SPAWNAI_HOME puts all of them into one directory.\n";
    return page;
}

}  // namespace spawnai::cli
