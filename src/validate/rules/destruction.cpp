#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

/// A path outside of the app that nobody should delete.
bool is_precious(std::string_view path) {
    if (path.empty()) return false;
    std::string text(path);
    while (text.size() > 1 && (text.back() == '/' || text.back() == '*')) text.pop_back();
    if (is_one_of(text,
                  {"/",    "~",     "/*",     "*",    "/home", "/etc",    "/usr",  "/var", "/root", "/bin",
                   "/lib", "/boot", "/sbin",  "/opt", "/dev",  "/sys",    "/proc", "..",   "../..", "../../..",
                   "C:",   "C:\\",  "C:\\\\", "C:/",  "$HOME", "${HOME}", "/app",  "/srv", "/mnt",  "/home/user"}))
        return true;
    return starts_with(text, "/etc/") || starts_with(text, "/usr/") || starts_with(text, "/bin/") ||
           starts_with(text, "/lib/") || starts_with(text, "/boot/") || starts_with(text, "/root/") ||
           starts_with(text, "C:\\Windows") || starts_with(text, "/var/log") || starts_with(text, "~/");
}

bool is_home_or_root(const Value& value) {
    return contains_any(value.path, {"os.homedir()", "process.env.HOME", "os.environ.HOME", "Path.home()"}) &&
           !contains(value.text, "/");
}

bool destroys(const std::string& text) {
    if (contains_any(text, {"--no-preserve-root", "mkfs.", "> /dev/sd", ">/dev/sd", "of=/dev/sd", "of=/dev/nvme",
                            "of=/dev/vd", "of=/dev/hd", "of=/dev/mem", "> /dev/mem"}))
        return true;
    for (const Pipeline& pipeline : shell_pipelines(text))
        for (const ShellCommand& command : pipeline) {
            const std::string program = program_of(command);
            if (program == "rm") {
                bool recursive = false;
                bool precious = false;
                for (const std::string& word : command) {
                    if (word.size() > 1 && word[0] == '-' && (contains(word, "r") || contains(word, "R")))
                        recursive = true;
                    if (word == "rm" || word == "sudo") continue;
                    precious = precious || is_precious(word);
                }
                if (recursive && precious) return true;
            }
            if (is_one_of(program, {"shred", "wipefs"})) return true;
            if (program == "find" && contains(text, "-delete") && command.size() > 1 && is_precious(command[1]))
                return true;
            if (program == "dd" && contains(text, "if=/dev/") && contains(text, "of=/")) return true;
            if (program == "chmod" && contains(text, "-R") && command.size() > 1 && is_precious(command.back()) &&
                contains_any(text, {" 000 ", " 777 ", " 0 "}))
                return true;
            if (is_one_of(program, {"shutdown", "reboot", "halt", "poweroff"})) return true;
            if (is_one_of(program, {"del", "rd", "rmdir"}) && contains(text, "/s") && contains_any(text, {"C:", "%"}))
                return true;
            if (program == "format" && contains(text, "C:")) return true;
        }
    return false;
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "delete only files that the app itself made";
    each_event(app, [&](const FileView& file, const Event& event) {
        if (event.act == Act::delete_) {
            const bool home = is_home_or_root(event.target);
            if ((event.target.exact && is_precious(event.target.text)) || home)
                judge.block(&file, event.offset,
                            "files outside of the app are deleted: " +
                                (home ? std::string("the home directory") : show(event.target.text)),
                            hint);
            else if (!event.target.exact && starts_with(event.target.text, "/") &&
                     is_precious(event.target.text.substr(0, event.target.text.find(k_hole))))
                judge.block(&file, event.offset, "files outside of the app are deleted: " + show(event.target.text),
                            hint);
            // Everything that a walk over such a directory finds.
            else if (!event.target.exact && event.loop != Loop::none)
                for (const Event& other : file.facts.code.events)
                    if (other.act == Act::walk &&
                        ((other.target.exact && is_precious(other.target.text)) || is_home_or_root(other.target))) {
                        judge.block(&file, event.offset,
                                    "everything below " +
                                        show(other.target.exact ? other.target.text : "the home directory") +
                                        " is deleted",
                                    hint);
                        break;
                    }
        } else if (event.act == Act::shell || event.act == Act::program) {
            if (destroys(shell_text(event)))
                judge.block(&file, event.offset, "a command destroys files or disks: " + show(shell_text(event)), hint);
        } else if (event.act == Act::write_file && event.target.exact &&
                   (starts_with(event.target.text, "/dev/sd") || starts_with(event.target.text, "/dev/nvme") ||
                    starts_with(event.target.text, "/dev/mem") ||
                    is_one_of(event.target.text, {"/etc/passwd", "/etc/hosts", "/etc/shadow"}))) {
            judge.block(&file, event.offset, "a file of the system is overwritten: " + show(event.target.text), hint);
        }
    });
    // Functions that delete whatever they are given, called on a precious directory.
    for (const FileView& file : app.files) {
        if (!file.runs()) continue;
        bool deletes_unknown = false;
        for (const Event& event : file.facts.code.events)
            deletes_unknown = deletes_unknown ||
                              (event.act == Act::delete_ && !event.target.exact &&
                               event.target.text.find_first_not_of(std::string(1, k_hole) + "/") == std::string::npos);
        if (!deletes_unknown) continue;
        for (const Event& event : file.facts.code.events)
            if (event.act == Act::call && event.data.exact &&
                is_one_of(event.data.text, {"/", "/home", "/etc", "/root", "/usr", "/var"}) &&
                !contains(event.name, "."))
                judge.block(&file, event.offset, "everything below " + event.data.text + " is deleted", hint);
    }
    // An endless loop that writes fills the disk.
    each_event(app, Act::write_file, [&](const FileView& file, const Event& event) {
        if (event.loop != Loop::endless) return;
        for (const EndlessLoop& loop : file.facts.code.loops)
            if (!loop.leaves && loop.offset < event.offset) {
                judge.block(&file, event.offset, "files are written without end", hint);
                return;
            }
    });
}

}  // namespace

const Rule destruction{{"destruction", Severity::block, "harm",
                        "Deleting or overwriting what is not the app's: rm -rf of root or home, rmSync of such paths, "
                        "disks, system files; filling the disk.",
                        "Even inside a sandbox nobody asks for that."},
                       Scope::file,
                       check};

}  // namespace spawnai::validate::rules
