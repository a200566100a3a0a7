#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

std::string_view way_out(std::string_view text) {
    for (const std::string_view part : {"/proc/1/root",
                                        "/proc/sys/kernel/core_pattern",
                                        "release_agent",
                                        "/sys/fs/cgroup/release_agent",
                                        "/proc/sysrq-trigger",
                                        "/proc/self/exe",
                                        "/host/proc",
                                        "/dev/kmem",
                                        "/sys/kernel/uevent_helper",
                                        "ld.so.preload",
                                        "/proc/self/mem",
                                        "/proc/sys/fs/binfmt_misc",
                                        "cap_sys_admin",
                                        "nsenter ",
                                        "nsenter",
                                        "--privileged",
                                        "chroot /host",
                                        "runc",
                                        "/sys/firmware",
                                        "unshare -"})
        if (contains(text, part)) return part;
    return {};
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "an app stays inside its sandbox: remove it";
    each_event(app, [&](const FileView& file, const Event& event) {
        if (!file.runs()) return;
        if (event.act == Act::shell || event.act == Act::program) {
            const std::string text = shell_text(event);
            for (const Pipeline& pipeline : shell_pipelines(text))
                for (const ShellCommand& command : pipeline) {
                    const std::string program = program_of(command);
                    const bool tool = is_one_of(program, {"nsenter", "insmod", "modprobe", "kexec", "pivot_root",
                                                          "capsh", "setcap", "unshare"}) ||
                                      (program == "docker" && contains_any(text, {"--privileged", "/:/"})) ||
                                      (program == "mount" && contains_any(text, {"/dev/", "cgroup", "proc"})) ||
                                      (program == "chmod" && contains_any(text, {"u+s", "4755", "+s "})) ||
                                      (program == "iptables") || (program == "gdb" && contains(text, "-p"));
                    if (tool)
                        judge.block(&file, event.offset, "a command reaches out of the sandbox: " + show(text), hint);
                }
        }
        if (event.act == Act::write_file || event.act == Act::read_file || event.act == Act::walk ||
            event.act == Act::shell || event.act == Act::program)
            for (const Value* value : {&event.target, &event.data}) {
                if (event.act == Act::write_file && value == &event.data) continue;
                if (const std::string_view part = way_out(value->text);
                    !part.empty() && part != "nsenter" && part != "runc")
                    judge.block(&file, event.offset, "the program reaches out of its sandbox: " + std::string(part),
                                hint);
            }
        if (event.name == "process.binding" &&
            contains_any(event.data.text, {"spawn_sync", "process_wrap", "pipe_wrap"}))
            judge.block(&file, event.offset, "internals of Node are used to start processes past its own functions",
                        hint);
        // What programs were given is taken by another at load.
        if (event.act == Act::assign &&
            contains_any(event.name, {"process.env.LD_PRELOAD", "process.env.NODE_OPTIONS"}))
            judge.block(&file, event.offset, "other programs are made to load foreign code", hint);
        if (event.act == Act::call && contains_any(event.name, {"ctypes.CDLL().ptrace", "ctypes.CDLL().mount",
                                                                "ctypes.CDLL().unshare", "ctypes.CDLL().setns"}))
            judge.block(&file, event.offset, "the kernel is asked for what a sandbox forbids", hint);
    });
    // The constructor of a host object is the classic way out of vm.
    each_string(app, [&](const FileView& file, const Located& one) {
        if (contains(one.text, "constructor.constructor(") &&
            contains_any(one.text, {"return process", "return this"}) &&
            contains_any(one.text, {"mainModule", "child_process", "process"}))
            judge.block(&file, one.offset, "code that gets out of a context of its own", hint);
    });
}

}  // namespace

const Rule escape{{"escape", Severity::block, "harm",
                   "Ways out of a sandbox: nsenter, release_agent, core_pattern, /proc/1/root, privileged containers, "
                   "set-uid bits, preloaded libraries.",
                   "They are attacks on the machine below."},
                  Scope::file,
                  check};

}  // namespace spawnai::validate::rules
