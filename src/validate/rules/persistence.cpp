#include "helpers.hpp"

#include <spawnai/core/text.hpp>

namespace spawnai::validate::rules {
namespace {

bool is_startup_place(std::string_view path) {
    return contains_any(path, {"/.bashrc",
                               "/.bash_profile",
                               "/.profile",
                               "/.zshrc",
                               "/.zprofile",
                               "/etc/cron",
                               "/var/spool/cron",
                               "/etc/rc.local",
                               "/etc/systemd/system",
                               "/.config/systemd/user",
                               "/lib/systemd/system",
                               "/.config/autostart",
                               "LaunchAgents",
                               "LaunchDaemons",
                               ".ssh/authorized_keys",
                               "/etc/init.d",
                               "/etc/profile",
                               "/etc/ld.so.preload",
                               "Start Menu\\Programs\\Startup",
                               "Programs/Startup",
                               "CurrentVersion\\Run",
                               "/etc/sudoers"});
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "an app ends with its session: remove it";
    each_event(app, [&](const FileView& file, const Event& event) {
        if (!file.runs()) return;
        if (event.act == Act::write_file && is_startup_place(event.target.text))
            judge.block(&file, event.offset, "the program makes itself start again: " + show(event.target.text), hint);
        if (event.act != Act::shell && event.act != Act::program) return;
        const std::string text = shell_text(event);
        for (const Pipeline& pipeline : shell_pipelines(text))
            for (const ShellCommand& command : pipeline) {
                const std::string program = program_of(command);
                const bool crontab =
                    program == "crontab" && !(command.size() > 1 && command[1] == "-l" && pipeline.size() == 1);
                if (crontab || is_one_of(program, {"at", "schtasks", "launchctl", "chkconfig", "update-rc.d"}) ||
                    (program == "systemctl" && contains(text, "enable")) || (program == "reg" && contains(text, "Run")))
                    judge.block(&file, event.offset, "the program makes itself start again: " + show(text), hint);
            }
        if (contains_any(text, {">> ~/.bashrc", ">>~/.bashrc", ">> ~/.profile", ">> ~/.zshrc", ">> /etc/",
                                "> /etc/cron", "authorized_keys"}))
            judge.block(&file, event.offset, "the program makes itself start again: " + show(text), hint);
    });
}

}  // namespace

const Rule persistence{
    {"persistence", Severity::block, "harm",
     "Writing to start-up files, cron, systemd, launch agents, the registry's Run keys or authorized_keys.",
     "Only what should not be there needs to come back by itself."},
    Scope::file,
    check};

}  // namespace spawnai::validate::rules
