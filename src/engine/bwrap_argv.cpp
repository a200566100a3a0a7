#include "engine/bwrap_argv.hpp"

#include <initializer_list>
#include <system_error>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;

// What tells about the host or its kernel and what no app needs.
constexpr const char* k_proc_files[] = {
    "kcore",      "keys",       "key-users",   "timer_list",  "kallsyms",      "cmdline",  "modules",
    "config.gz",  "interrupts", "softirqs",    "sched_debug", "latency_stats", "slabinfo", "vmallocinfo",
    "kpagecount", "kpageflags", "kpagecgroup", "partitions",  "diskstats",     "locks",    "swaps",
    "iomem",      "ioports",    "kmsg",        "buddyinfo",   "pagetypeinfo",  "zoneinfo", "sysrq-trigger",
};
constexpr const char* k_proc_directories[] = {"acpi",   "bus",    "fs",  "scsi",
                                              "asound", "driver", "tty", "pressure"};

constexpr const char* k_etc_files[] = {"ld.so.cache"};
// Where distributions keep the public certificates that /etc/ssl/certs links to.
constexpr const char* k_etc_directories[] = {"alternatives", "ssl/certs", "pki/tls/certs",
                                             "pki/ca-trust/extracted", "ca-certificates/extracted"};

constexpr const char* k_default_path = "/usr/local/bin:/usr/bin:/bin";

}  // namespace

HostView look_at_host() {
    HostView host;
    std::error_code ignored;
    for (const char* name : {"bin", "sbin", "lib", "lib32", "lib64", "libx32"}) {
        const fs::path path = fs::path("/") / name;
        if (fs::is_symlink(path, ignored)) {
            host.top_level[name] = fs::read_symlink(path, ignored).string();
        } else if (fs::is_directory(path, ignored)) {
            host.top_level[name] = "";
        }
    }
    for (const char* name : k_proc_files) {
        if (fs::exists(fs::path("/proc") / name, ignored)) host.proc_files.emplace_back(name);
    }
    for (const char* name : k_proc_directories) {
        if (fs::is_directory(fs::path("/proc") / name, ignored)) host.proc_directories.emplace_back(name);
    }
    for (const char* name : k_etc_files) {
        if (fs::is_regular_file(fs::path("/etc") / name, ignored)) host.etc_files.emplace_back(name);
    }
    for (const char* name : k_etc_directories) {
        if (fs::is_directory(fs::path("/etc") / name, ignored)) host.etc_directories.emplace_back(name);
    }
    return host;
}

std::vector<std::string> bwrap_arguments(const BwrapPolicy& policy, const HostView& host) {
    std::vector<std::string> arguments;
    const auto add = [&arguments](std::initializer_list<std::string> words) {
        arguments.insert(arguments.end(), words);
    };

    // --unshare-all alone only tries the user and cgroup namespaces.
    add({"--unshare-all", "--unshare-user", "--disable-userns", "--assert-userns-disabled"});
    add({"--uid", "1000", "--gid", "1000", "--hostname", "sandbox"});
    add({"--new-session", "--cap-drop", "ALL", "--clearenv", "--as-pid-1"});

    add({"--ro-bind", "/usr", "/usr"});
    for (const auto& [name, target] : host.top_level) {
        if (target.empty()) {
            add({"--ro-bind", "/" + name, "/" + name});
        } else {
            add({"--symlink", target, "/" + name});
        }
    }
    add({"--ro-bind", (policy.state_dir / "etc").string(), "/etc"});
    for (const std::string& name : host.etc_files) add({"--ro-bind", "/etc/" + name, "/etc/" + name});
    for (const std::string& name : host.etc_directories) add({"--ro-bind", "/etc/" + name, "/etc/" + name});

    add({"--proc", "/proc"});
    // Sysctls are checked against the kernel's uid: a second lock in case the engine is ever root.
    add({"--ro-bind", "/proc/sys", "/proc/sys"});
    for (const std::string& name : host.proc_files) add({"--ro-bind", "/dev/null", "/proc/" + name});
    for (const std::string& name : host.proc_directories) {
        const std::string path = "/proc/" + name;
        add({"--size", "4096", "--perms", "0555", "--tmpfs", path, "--remount-ro", path});
    }

    add({"--dev", "/dev", "--bind", (policy.state_dir / "shm").string(), "/dev/shm"});
    // --dev makes a writable tmpfs of half the memory.
    add({"--remount-ro", "/dev"});

    add({"--bind", (policy.state_dir / "tmp").string(), "/tmp"});
    add({"--bind", (policy.state_dir / "home").string(), "/home/user"});
    add({"--bind", (policy.state_dir / "app").string(), "/app"});

    std::string path;
    for (const auto& [descriptor, inside] : policy.runtimes) {
        add({"--ro-bind-fd", std::to_string(descriptor), inside});
        path += inside + "/bin:";
    }

    add({"--size", "65536", "--tmpfs", "/run", "--ro-bind", policy.agent.string(), "/run/agent",
         "--remount-ro", "/run"});
    add({"--dir", "/var", "--symlink", "../tmp", "/var/tmp"});
    // The root is otherwise a writable tmpfs without a limit.
    add({"--remount-ro", "/", "--chdir", "/app"});

    add({"--setenv", "PATH", path + k_default_path, "--setenv", "HOME", "/home/user"});
    add({"--setenv", "TMPDIR", "/tmp", "--setenv", "LANG", "C.UTF-8"});
    for (const auto& [name, value] : policy.environment) add({"--setenv", name, value});
    return arguments;
}

std::map<std::string, std::string> sandbox_etc(bool internet) {
    return {
        {"passwd",
         "root:x:0:0:root:/home/user:/usr/sbin/nologin\n"
         "user:x:1000:1000:user:/home/user:/bin/bash\n"
         "nobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n"},
        {"group", "root:x:0:\nuser:x:1000:\nnogroup:x:65534:\n"},
        // A server told to listen on "localhost" binds the first of these; the relay dials it first.
        {"hosts", "127.0.0.1 localhost sandbox\n::1 localhost ip6-localhost\n"},
        {"nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n"},
        {"resolv.conf", internet ? "nameserver 127.0.0.53\n" : ""},
    };
}

}  // namespace spawnai::engine
