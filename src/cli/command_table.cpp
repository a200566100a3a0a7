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
    {"spawn", "", Group::apps, "turn a sentence into a running app and print its URL",
     "spawnai spawn \"todo app\"\ta web page\n"
     "spawnai spawn \"REST API for books\" -t api --ttl 1h\tan API that lives for an hour\n"
     "spawnai spawn \"mean of column 2\" -t script -f data.csv\ta script with a data file\n"
     "spawnai spawn @prompt.md --json\tthe prompt from a file, the result as JSON\n"
     "url=$(spawnai spawn \"kanban board\" --offline)\ta built-in app, no model asked\n"
     "spawnai spawn \"chess clock\" --dry-run\tplan, price and limits only",
     "The prompt has 1 to 2000 characters. '-' reads it from standard input, '@FILE' from a file.\n"
     "stdout gets one line, the URL, after the app answered from outside. Everything else goes to stderr. With --json "
     "the line "
     "is an object instead, with --events a stream of objects. When it fails or is interrupted the sandbox is ended, "
     "and the "
     "session and its code stay in the store.",
     &make_spawn},
    {"ls", "list ps", Group::apps, "list live sessions",
     "spawnai ls\tlive sessions\n"
     "spawnai ls -a\tended ones too\n"
     "spawnai ls -q --tag ci\tids only, of one tag\n"
     "spawnai ls --json\tfor scripts",
     "", &make_list},
    {"show", "status info", Group::apps, "show everything about one session",
     "spawnai show todo-app-k3f9\tby name\nspawnai show @last --json\tthe newest one, as JSON", "", &make_show},
    {"extend", "", Group::apps, "give a session more time",
     "spawnai extend todo-app-k3f9 30m\tit ends 30 minutes later than it would\n"
     "spawnai extend @last 1h\tthe newest one",
     "The new end may lie at most the plan's maximum after the start.", &make_extend},
    {"kill", "rm", Group::apps, "end sessions and their sandboxes",
     "spawnai kill todo-app-k3f9\tone\n"
     "spawnai kill --tag ci --yes\tall of one tag\n"
     "spawnai kill --all --yes\tall\n"
     "spawnai kill --expired\twhatever outlived its time",
     "A session that has ended already is no error. The code stays in the store: see respawn and export.", &make_kill},
    {"pause", "", Group::apps, "stop a session's clock and price, and keep its state",
     "spawnai pause todo-app-k3f9\tuntil 'spawnai resume todo-app-k3f9'",
     "A paused app does not answer and costs no compute. Files stay, and what runs stays as it is.\n"
     "On this machine its processes are stopped; they keep their memory, and the session its slot. It is ended when "
     "local.max-lifetime has passed since it was made. In a cloud its memory is written to disk, and the provider "
     "decides how long it is kept.\n"
     "With 'spawn --on-timeout pause' an app is paused by itself when its time is up, and wakes for five more minutes "
     "or longer when its URL is opened: in a cloud that costs again.",
     &make_pause},
    {"resume", "", Group::apps, "let a paused session go on",
     "spawnai resume todo-app-k3f9\twith its full lifetime again\n"
     "spawnai resume @last --ttl 10m\tfor ten minutes",
     "stdout gets its URL, once the app answers.", &make_resume},
    {"stats", "", Group::apps, "show cpu, memory and disk use of a session",
     "spawnai stats todo-app-k3f9\tnow\n"
     "spawnai stats @last --watch\tagain and again\n"
     "spawnai stats @last --json\tfor scripts",
     "Figures are the provider's; a cloud measures every few seconds.", &make_stats},
    {"logs", "", Group::apps, "show what the app itself printed",
     "spawnai logs @last\tso far\nspawnai logs todo-app-k3f9 -f\tand as it comes", "", &make_logs},
    {"open", "", Group::apps, "open the app in a browser",
     "spawnai open @last\tin the browser, or its URL where there is none", "", &make_open},
    {"respawn", "", Group::apps, "start an ended app again from the store, without a model",
     "spawnai respawn todo-app-k3f9\tthe same code, a new URL", "", &make_respawn},
    {"export", "", Group::apps, "write the app's source to a directory",
     "spawnai export @last ./todo\tall files of the deployed version", "", &make_export},
    {"cost", "", Group::money, "show what was spent",
     "spawnai cost\tthis month\n"
     "spawnai cost --for all --by model\tby model, since the beginning\n"
     "spawnai cost --by day --csv\tfor a spreadsheet",
     "", &make_cost},
    {"plan", "", Group::money, "show plan limits against use", "spawnai plan\tslots, rates and lifetimes", "",
     &make_plan},
    {"validate", "", Group::upkeep, "check an app's source the way spawn does",
     "spawnai validate ./todo\ta directory\nspawnai validate page.html --json\tone file",
     "Exit code 8 when it would be refused.", &make_validate},
    {"prompt show", "", Group::upkeep, "show the texts that a model is sent for a type of app",
     "spawnai prompt show webapp\tsystem prompt and templates",
     "Their version is part of what decides whether an app is reused.", &make_prompt_show},
    {"gc", "", Group::upkeep, "reconcile with the provider: expired, lost and orphaned sandboxes",
     "spawnai gc\tend what was left over", "", &make_gc},
    {"doctor", "", Group::upkeep, "check keys, sandboxing, store and network",
     "spawnai doctor\twhat works and what to do about the rest", "", &make_doctor},
    {"engine start", "", Group::upkeep, "start the local engine", "", "It starts by itself when it is needed.",
     &make_engine_start},
    {"engine stop", "", Group::upkeep, "stop the local engine", "", "", &make_engine_stop},
    {"engine status", "", Group::upkeep, "show the local engine", "", "", &make_engine_status},
    {"engine env", "", Group::upkeep, "print the variables that point E2B SDKs and CLI at the local engine",
     "eval \"$(spawnai engine env)\"\tinto this shell", "", &make_engine_env},
    {"engine run", "", Group::hidden, "be the engine (started by spawnai itself)", "", "", &make_engine_run},
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
    {"engine", "the local engine by hand"},
    {"config", "settings in config.json"},
    {"keys", "API keys in a file that only you can read"},
    {"prompt", "the texts that a model is sent"},
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
