#include "helpers.hpp"

#include <cctype>

namespace spawnai::validate::rules {
namespace {

/// name() { name | name & }; name
bool is_shell_bomb(std::string_view text) {
    std::string plain;
    for (const char c : text)
        if (std::isspace(static_cast<unsigned char>(c)) == 0) plain.push_back(c);
    for (std::size_t at = plain.find("(){"); at != std::string::npos; at = plain.find("(){", at + 1)) {
        std::size_t begin = at;
        while (begin > 0 && (std::isalnum(static_cast<unsigned char>(plain[begin - 1])) != 0 ||
                             plain[begin - 1] == ':' || plain[begin - 1] == '_'))
            --begin;
        const std::string name = plain.substr(begin, at - begin);
        if (!name.empty() && plain.compare(at + 3, 2 * name.size() + 2, name + "|" + name + "&") == 0) return true;
    }
    return contains(plain, "%0|%0");
}

bool starts_itself(const Event& event) {
    if (event.act == Act::fork) return true;
    const std::string text = event.target.path + " " + event.data.path + " " + shell_text(event);
    return contains_any(text, {"process.argv", "process.execPath", "__filename", "sys.executable", "__file__", "$0"});
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "start a fixed and small number of processes, if any";
    each_string(app, [&](const FileView& file, const Located& one) {
        if (is_shell_bomb(one.text)) judge.block(&file, one.offset, "a fork bomb", hint);
    });
    each_event(app, [&](const FileView& file, const Event& event) {
        const bool starts = event.act == Act::fork || event.act == Act::program || event.act == Act::shell;
        if (!starts) return;
        if (event.loop == Loop::endless || starts_with(event.handler, "interval:0") || event.handler == "interval:1")
            judge.block(&file, event.offset, "processes are started without end", hint);
        // A function that starts the program again and then calls itself.
        else if (event.act == Act::program && event.handler == "timer" && !event.guarded && starts_itself(event) &&
                 contains_any(file.text(), {"__filename", "process.argv[1]", "__file__", "import.meta"}))
            judge.block(&file, event.offset, "the program starts itself again and again", hint);
        // A program that starts itself again, twice and each time.
        else if (event.act != Act::fork && starts_itself(event) && (event.loop == Loop::bounded) && event.at_load &&
                 !event.guarded)
            judge.block(&file, event.offset, "the program starts itself several times, and each of them does the same",
                        hint);
        else if (event.name == "os.fork" && event.loop != Loop::none && !event.guarded)
            judge.warn(&file, event.offset, "processes are forked in a loop", hint);
        else if (event.name == "child_process.fork" && contains(event.target.path, "__filename") && event.at_load &&
                 !event.guarded)
            judge.block(&file, event.offset, "the program starts itself again each time it starts", hint);
        else if (event.act == Act::program && contains_any(event.target.path, {"process.execPath", "process.argv"}) &&
                 event.at_load && !event.guarded && has_taint(event.data, t_user) &&
                 event.data.text.find(k_hole) != std::string::npos && contains(file.text(), "__filename"))
            judge.block(&file, event.offset, "the program starts itself again each time it starts", hint);
    });
}

}  // namespace

const Rule fork_bomb{
    {"fork-bomb", Severity::block, "harm",
     "Processes or workers started in an endless loop, a program that starts itself, the shell's :(){ :|:& };:",
     "It takes the machine down for everybody on it."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
