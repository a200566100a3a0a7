// Runs inside a sandbox and tries to get out, one attempt a line: "ok NAME" when the sandbox held, "BAD NAME: what happened" when
// not, "n/a NAME" when this kernel or architecture has nothing to try. Static, so that it runs in any root file system.
//
// Arguments, each a bait that the test laid out on the host: --secret TEXT --loopback PORT --abstract NAME --socket PATH
// --file PATH --shm KEY --posix-shm NAME --pid PID, and --terminal when a pseudo-terminal is expected.
//
// Two other uses: `take RESOURCE` takes that until a limit stops it, `serve PORT` and `serve6 PORT` are a TCP echo server.
#include <arpa/inet.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <map>
#include <sstream>
#include <string>
#include <vector>

namespace {

void report(const std::string& name, bool held, const std::string& detail = {}) {
    if (held) {
        std::printf("ok %s\n", name.c_str());
    } else {
        std::printf("BAD %s: %s\n", name.c_str(), detail.c_str());
    }
}

void not_here(const std::string& name) {
    std::printf("n/a %s\n", name.c_str());
}

/// The attempt must fail, with one of these reasons.
void refused(const std::string& name, long result, std::initializer_list<int> reasons) {
    const int code = errno;
    if (result >= 0) {
        report(name, false, "it worked");
        return;
    }
    report(name, std::find(reasons.begin(), reasons.end(), code) != reasons.end(), std::strerror(code));
}

std::string content(const std::string& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
}

std::vector<std::string> entries(const std::string& path) {
    std::vector<std::string> names;
    DIR* directory = ::opendir(path.c_str());
    if (directory == nullptr) return names;
    while (const dirent* entry = ::readdir(directory)) {
        if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
    }
    ::closedir(directory);
    return names;
}

std::string joined(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += word + " ";
    return text;
}

/// The line `key:` of /proc/self/status.
std::string status_field(const std::string& key) {
    std::istringstream lines(content("/proc/self/status"));
    for (std::string line; std::getline(lines, line);) {
        if (line.rfind(key + ":\t", 0) == 0) return line.substr(key.size() + 2);
    }
    return {};
}

/// How a child that runs `body` ended, as waitpid says.
template <typename Body>
int child_status(Body body) {
    const pid_t child = ::fork();
    if (child == 0) {
        body();
        ::_exit(0);
    }
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
}

/// For attempts that would change this process if they worked.
template <typename Attempt>
void refused_in_child(const std::string& name, Attempt attempt, std::initializer_list<int> reasons) {
    std::fflush(stdout);
    child_status([&] {
        refused(name, attempt(), reasons);
        std::fflush(stdout);
    });
}

long write_to(const std::string& path, const char* text) {
    const int file = ::open(path.c_str(), O_WRONLY);
    if (file < 0) return -1;
    const long result = ::write(file, text, std::strlen(text));
    const int code = errno;
    ::close(file);
    errno = code;
    return result;
}

/// Lets go again if it worked: a stopped pid 1 would end with nothing.
long attach_to_pid_one() {
    const long result = ::ptrace(PTRACE_ATTACH, 1, nullptr, nullptr);
    if (result != 0) return result;
    ::waitpid(1, nullptr, __WALL);
    ::ptrace(PTRACE_DETACH, 1, nullptr, SIGCONT);
    return 0;
}

using Baits = std::map<std::string, std::string>;

void identity(const Baits& baits) {
    const std::string& secret = baits.at("secret");
    bool leaked = false;
    for (char** entry = environ; *entry != nullptr; ++entry)
        leaked = leaked || std::strstr(*entry, secret.c_str()) != nullptr;
    report("own environment holds no host secret", !leaked);
    report("own environ file holds no host secret", content("/proc/self/environ").find(secret) == std::string::npos);
    report("parent's environ holds no host secret",
           content("/proc/" + std::to_string(::getppid()) + "/environ").find(secret) == std::string::npos);
    report("uid is 1000", ::getuid() == 1000 && ::geteuid() == 1000);
    report("gid is 1000", ::getgid() == 1000 && ::getegid() == 1000);
    for (const char* set : {"CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"}) {
        report(std::string("no capabilities in ") + set, status_field(set) == "0000000000000000", status_field(set));
    }
    report("no new privileges", status_field("NoNewPrivs") == "1");
    report("seccomp filter is on", status_field("Seccomp") == "2");
    char name[65] = {};
    ::gethostname(name, sizeof(name) - 1);
    report("host name is hidden", std::string(name) == "sandbox", name);
    refused("setuid(0)", ::setuid(0), {EPERM, EINVAL});
    refused("setgid(0)", ::setgid(0), {EPERM, EINVAL});
    refused("setresuid to another", ::setresuid(1001, 1001, 1001), {EPERM, EINVAL});
    const gid_t none[1] = {0};
    refused("setgroups", ::syscall(SYS_setgroups, 1, none), {EPERM});
    report("sorted out first by the OOM killer", content("/proc/self/oom_score_adj") == "1000\n",
           content("/proc/self/oom_score_adj"));
    // A process may take back what it volunteered, down to the host's own level but not below.
    refused("an OOM score below the host's", write_to("/proc/self/oom_score_adj", "-500"), {EACCES, EPERM});
    for (const char* map : {"uid_map", "gid_map"}) {
        refused(std::string("writing own ") + map, write_to(std::string("/proc/self/") + map, "0 0 1"),
                {EPERM, EACCES});
    }
    const int status = child_status([] {
        DIR* directory = ::opendir("/usr/bin");
        while (const dirent* entry = directory == nullptr ? nullptr : ::readdir(directory)) {
            struct stat file {};
            const std::string path = std::string("/usr/bin/") + entry->d_name;
            if (::stat(path.c_str(), &file) == 0 && (file.st_mode & S_ISUID) != 0 &&
                ::access(path.c_str(), X_OK) == 0) {
                struct statvfs mount {};
                ::_exit(::statvfs(path.c_str(), &mount) == 0 && (mount.f_flag & ST_NOSUID) != 0 ? 0 : 1);
            }
        }
    });
    report("setuid programs are on a nosuid mount", status == 0);
}

void hidden_files(const Baits& baits) {
    for (const char* path : {"/etc/machine-id",
                             "/etc/shadow",
                             "/etc/ssh",
                             "/etc/hostname",
                             "/etc/fstab",
                             "/etc/sudoers",
                             "/root",
                             "/sys",
                             "/sys/fs/cgroup",
                             "/boot",
                             "/srv",
                             "/mnt",
                             "/media",
                             "/lost+found",
                             "/var/lib",
                             "/var/log",
                             "/var/run",
                             "/run/dbus",
                             "/run/docker.sock",
                             "/run/systemd",
                             "/run/user",
                             "/dev/log",
                             "/dev/mqueue",
                             "/dev/kvm",
                             "/dev/net/tun",
                             "/dev/fuse",
                             "/dev/mem",
                             "/dev/kmsg",
                             "/dev/port",
                             "/dev/sda",
                             "/dev/vda",
                             "/dev/nvme0n1",
                             "/dev/loop0",
                             "/dev/loop-control",
                             "/dev/vsock",
                             "/dev/vhost-vsock",
                             "/dev/uinput",
                             "/dev/snd",
                             "/dev/dri",
                             "/dev/hpet"}) {
        refused(std::string("no ") + path, ::access(path, F_OK), {ENOENT});
    }
    refused("a file of the host", ::access(baits.at("file").c_str(), F_OK), {ENOENT});
    report("/home holds the user alone", entries("/home") == std::vector<std::string>{"user"},
           joined(entries("/home")));
    report("/run holds the agent alone", entries("/run") == std::vector<std::string>{"agent"}, joined(entries("/run")));
    const std::string users = content("/etc/passwd");
    report("/etc/passwd is generated", std::count(users.begin(), users.end(), '\n') == 3, users);
    std::vector<std::string> top = entries("/");
    std::sort(top.begin(), top.end());
    for (const std::string& name : top) {
        static const std::vector<std::string> k_expected = {"app",   "bin",   "dev",    "etc", "home", "lib",
                                                            "lib32", "lib64", "libx32", "opt", "proc", "run",
                                                            "sbin",  "tmp",   "usr",    "var"};
        if (std::find(k_expected.begin(), k_expected.end(), name) == k_expected.end()) report("top level", false, name);
    }
    report("top level directories", top.size() <= 16, joined(top));
}

void masked_proc() {
    for (const char* name :
         {"kcore",      "keys",       "key-users",   "timer_list",  "kallsyms",      "cmdline",  "modules",
          "config.gz",  "interrupts", "softirqs",    "sched_debug", "latency_stats", "slabinfo", "vmallocinfo",
          "kpagecount", "kpageflags", "kpagecgroup", "partitions",  "diskstats",     "locks",    "swaps",
          "iomem",      "ioports",    "kmsg",        "buddyinfo",   "pagetypeinfo",  "zoneinfo"}) {
        const std::string path = std::string("/proc/") + name;
        if (::access(path.c_str(), F_OK) != 0) {
            not_here(path);
            continue;
        }
        char byte = 0;
        const int file = ::open(path.c_str(), O_RDONLY | O_NONBLOCK);
        report(path + " says nothing", file < 0 || ::read(file, &byte, 1) <= 0);
        if (file >= 0) ::close(file);
    }
    for (const char* name : {"acpi", "bus", "fs", "scsi", "asound", "driver", "tty", "pressure"}) {
        const std::string path = std::string("/proc/") + name;
        report(path + " is empty", entries(path).empty(), joined(entries(path)));
    }
    bool only_root = true;
    std::istringstream groups(content("/proc/self/cgroup"));
    for (std::string line; std::getline(groups, line);)
        only_root = only_root && line.substr(line.rfind(':') + 1) == "/";
    report("cgroup paths are hidden", only_root, content("/proc/self/cgroup"));
    const std::vector<std::string> all = entries("/proc");
    const auto processes =
        std::count_if(all.begin(), all.end(), [](const std::string& name) { return name[0] >= '1' && name[0] <= '9'; });
    report("other processes are invisible", processes <= 8, std::to_string(processes) + " processes");
}

void read_only_places() {
    for (const char* path : {"/probe",
                             "/usr/probe",
                             "/usr/bin/probe",
                             "/usr/local/bin/probe",
                             "/usr/lib/probe",
                             "/bin/probe",
                             "/lib/probe",
                             "/etc/probe",
                             "/etc/passwd",
                             "/etc/resolv.conf",
                             "/etc/ssl/certs/probe",
                             "/dev/probe",
                             "/run/probe",
                             "/run/agent",
                             "/var/probe",
                             "/home/probe",
                             "/proc/probe",
                             "/proc/sys/kernel/core_pattern",
                             "/proc/sys/kernel/hostname",
                             "/proc/sys/vm/drop_caches",
                             "/proc/sys/vm/overcommit_memory",
                             "/proc/sys/net/ipv4/ip_forward",
                             "/proc/sys/kernel/yama/ptrace_scope",
                             "/proc/sys/user/max_user_namespaces",
                             "/proc/sysrq-trigger",
                             "/proc/1/oom_score_adj",
                             "/proc/1/mem",
                             "/proc/1/comm",
                             "/proc/1/clear_refs",
                             "/proc/1/coredump_filter",
                             "/proc/fs/probe"}) {
        refused(std::string("writing ") + path, ::open(path, O_WRONLY | O_CREAT | O_NONBLOCK, 0600),
                {EROFS, EACCES, EPERM, ENOENT, ETXTBSY});
    }
    for (const char* path : {"/", "/usr", "/etc", "/dev", "/run", "/proc/sys"}) {
        struct statvfs mount {};
        report(std::string(path) + " is read-only", ::statvfs(path, &mount) == 0 && (mount.f_flag & ST_RDONLY) != 0);
    }
    for (const char* path :
         {"/app/probe-file", "/tmp/probe-file", "/home/user/probe-file", "/dev/shm/probe-file", "/var/tmp/probe-2"}) {
        const int file = ::open(path, O_WRONLY | O_CREAT, 0600);
        report(std::string("an app can write ") + path, file >= 0, std::strerror(errno));
        ::close(file);
        ::unlink(path);
    }
}

void pid_one(const Baits& baits) {
    for (const char* name :
         {"mem", "environ", "maps", "stack", "syscall", "auxv", "io", "smaps", "pagemap", "fd/0", "fd/3", "fd/4"}) {
        refused(std::string("reading /proc/1/") + name, ::open((std::string("/proc/1/") + name).c_str(), O_RDONLY),
                {EACCES, EPERM, ENOENT});
    }
    refused("reading and writing /proc/1/mem", ::open("/proc/1/mem", O_RDWR), {EACCES, EPERM});
    char link[256];
    for (const char* name : {"root", "cwd", "exe", "ns/net", "ns/mnt", "ns/user", "ns/pid"}) {
        refused(std::string("following /proc/1/") + name,
                ::readlink((std::string("/proc/1/") + name).c_str(), link, sizeof(link)), {EACCES, EPERM});
    }
    report("/proc/1/fd cannot be listed", entries("/proc/1/fd").empty());
    for (const int number : {SIGKILL, SIGSTOP, SIGTERM, SIGINT, SIGSEGV, SIGABRT, SIGUSR1, SIGHUP, SIGTSTP, SIGALRM}) {
        ::kill(1, number);
        ::syscall(SYS_tgkill, 1, 1, number);
    }
    report("pid 1 outlives its signals", ::kill(1, 0) == 0);
    refused("ptrace(ATTACH, 1)", attach_to_pid_one(), {EPERM});
    refused_in_child("ptrace(TRACEME)", [] { return ::ptrace(PTRACE_TRACEME, 0, nullptr, nullptr); }, {EPERM});
    const rlimit low{1, 1};
    refused("prlimit(1)", ::syscall(SYS_prlimit64, 1, RLIMIT_NOFILE, &low, nullptr), {EPERM});
    sched_param parameters{};
    refused("sched_setscheduler(1)", ::sched_setscheduler(1, SCHED_IDLE, &parameters), {EPERM});
    cpu_set_t processors;
    CPU_ZERO(&processors);
    CPU_SET(0, &processors);
    refused("sched_setaffinity(1)", ::sched_setaffinity(1, sizeof(processors), &processors), {EPERM});
    refused("setpriority(1)", ::setpriority(PRIO_PROCESS, 1, 19), {EPERM});
    refused("setpriority of every process", ::setpriority(PRIO_USER, 0, 19), {EPERM});
    refused("setpriority of a user", ::setpriority(PRIO_USER, 1000, 19), {EPERM});
    refused("ioprio_set(1)", ::syscall(SYS_ioprio_set, 1, 1, 3 << 13), {EPERM});
    refused("signal to a host process", ::kill(std::atoi(baits.at("pid").c_str()), 0), {ESRCH});
    iovec piece{link, sizeof(link)};
    refused("process_vm_readv(1)", ::syscall(SYS_process_vm_readv, 1, &piece, 1, &piece, 1, 0), {EPERM});
    refused("process_vm_writev(1)", ::syscall(SYS_process_vm_writev, 1, &piece, 1, &piece, 1, 0), {EPERM});
    refused("kcmp(1)", ::syscall(SYS_kcmp, ::getpid(), 1, 0, 0, 0), {EPERM});
    const long handle = ::syscall(SYS_pidfd_open, 1, 0);
    refused("pidfd_getfd of pid 1", ::syscall(SYS_pidfd_getfd, handle, 3, 0), {EPERM});
    if (handle >= 0) ::close(static_cast<int>(handle));
}

void descriptors() {
    int stray = -1;
    for (int number = 3; number < 4096; ++number) {
        if (::fcntl(number, F_GETFD) >= 0) stray = number;
    }
    report("no stray descriptors", stray < 0, std::to_string(stray));
}

long connect_to(const char* address, int port) {
    sockaddr_in target{};
    target.sin_family = AF_INET;
    target.sin_port = htons(static_cast<std::uint16_t>(port));
    ::inet_pton(AF_INET, address, &target.sin_addr);
    const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
    const long result = ::connect(socket, reinterpret_cast<const sockaddr*>(&target), sizeof(target));
    const int code = errno;
    ::close(socket);
    errno = code;
    return result;
}

long connect_unix(const std::string& name, bool abstract) {
    sockaddr_un target{};
    target.sun_family = AF_UNIX;
    std::memcpy(target.sun_path + (abstract ? 1 : 0), name.data(), std::min(name.size(), sizeof(target.sun_path) - 2));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
    const int socket = ::socket(AF_UNIX, SOCK_STREAM, 0);
    const long result = ::connect(socket, reinterpret_cast<const sockaddr*>(&target), size);
    const int code = errno;
    ::close(socket);
    errno = code;
    return result;
}

bool loopback_works() {
    const int listener = ::socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener, reinterpret_cast<const sockaddr*>(&address), size) != 0 || ::listen(listener, 1) != 0)
        return false;
    ::getsockname(listener, reinterpret_cast<sockaddr*>(&address), &size);
    const bool connected = connect_to("127.0.0.1", ntohs(address.sin_port)) == 0;
    ::close(listener);
    return connected;
}

void network(const Baits& baits) {
    refused("host loopback", connect_to("127.0.0.1", std::atoi(baits.at("loopback").c_str())), {ECONNREFUSED});
    for (const char* address :
         {"1.1.1.1", "10.0.0.1", "172.17.0.1", "192.168.0.1", "192.168.1.1", "169.254.169.254", "100.64.0.1"}) {
        refused(std::string("connect ") + address, connect_to(address, 80), {ENETUNREACH});
    }
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(80);
    ::inet_pton(AF_INET6, "2606:4700:4700::1111", &target.sin6_addr);
    const int six = ::socket(AF_INET6, SOCK_STREAM, 0);
    refused("connect IPv6", ::connect(six, reinterpret_cast<const sockaddr*>(&target), sizeof(target)),
            {ENETUNREACH, EADDRNOTAVAIL});
    sockaddr_in server{};
    server.sin_family = AF_INET;
    server.sin_port = htons(53);
    ::inet_pton(AF_INET, "8.8.8.8", &server.sin_addr);
    const int udp = ::socket(AF_INET, SOCK_DGRAM, 0);
    refused("send UDP", ::sendto(udp, "x", 1, 0, reinterpret_cast<const sockaddr*>(&server), sizeof(server)),
            {ENETUNREACH});
    refused("abstract socket of the host", connect_unix(baits.at("abstract"), true), {ECONNREFUSED});
    refused("path socket of the host", connect_unix(baits.at("socket"), false), {ENOENT, ENOTDIR});
    const std::string devices = content("/proc/net/dev");
    report("loopback is the only interface", std::count(devices.begin(), devices.end(), ':') == 1, devices);
    refused("raw socket", ::socket(AF_INET, SOCK_RAW, IPPROTO_ICMP), {EPERM});
    refused("raw IPv6 socket", ::socket(AF_INET6, SOCK_RAW, IPPROTO_ICMPV6), {EPERM});
    refused("ping socket", ::socket(AF_INET, SOCK_DGRAM, IPPROTO_ICMP), {EACCES, EPERM});
    struct Family {
        const char* name;
        int number;
    };
    for (const Family& family : {Family{"AF_AX25", 3},
                                 {"AF_IPX", 4},
                                 {"AF_APPLETALK", 5},
                                 {"AF_X25", 9},
                                 {"AF_KEY", 15},
                                 {"AF_PACKET", 17},
                                 {"AF_RDS", 21},
                                 {"AF_PPPOX", 24},
                                 {"AF_CAN", 29},
                                 {"AF_TIPC", 30},
                                 {"AF_BLUETOOTH", 31},
                                 {"AF_RXRPC", 33},
                                 {"AF_ALG", 38},
                                 {"AF_NFC", 39},
                                 {"AF_VSOCK", 40},
                                 {"AF_KCM", 41},
                                 {"AF_QIPCRTR", 42},
                                 {"AF_SMC", 43},
                                 {"AF_XDP", 44}}) {
        refused(std::string("socket ") + family.name, ::socket(family.number, SOCK_DGRAM, 0), {EAFNOSUPPORT});
    }
    refused("AF_VSOCK with upper bits set", ::syscall(SYS_socket, (1L << 32) | 40, SOCK_STREAM, 0), {EAFNOSUPPORT});
    for (const int protocol :
         {NETLINK_AUDIT, NETLINK_KOBJECT_UEVENT, NETLINK_SOCK_DIAG, NETLINK_CRYPTO, NETLINK_NETFILTER}) {
        refused("netlink protocol " + std::to_string(protocol), ::socket(AF_NETLINK, SOCK_RAW, protocol), {EPERM});
    }
    ifreq request{};
    std::strcpy(request.ifr_name, "lo");
    refused("taking the interface down", ::ioctl(udp, SIOCSIFFLAGS, &request), {EPERM});
    const int route = ::socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
    report("an app can read its routes", route >= 0);
    int pair[2];
    report("an app can make socket pairs", ::socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0);
    refused("socketpair of another family", ::socketpair(30, SOCK_STREAM, 0, pair), {EAFNOSUPPORT});
    report("an app can serve on loopback", loopback_works());
}

void shared_memory(const Baits& baits) {
    refused("System V segment of the host",
            ::shmget(static_cast<key_t>(std::strtol(baits.at("shm").c_str(), nullptr, 10)), 1, 0), {ENOENT});
    refused("POSIX shared memory of the host", ::shm_open(baits.at("posix-shm").c_str(), O_RDONLY, 0), {ENOENT});
}

void system_calls() {
    struct Call {
        const char* name;
        long number;
    };
    const Call forbidden[] = {
#define CALL(name) {#name, SYS_##name}
        CALL(acct),
        CALL(add_key),
        CALL(adjtimex),
        CALL(bpf),
        CALL(chroot),
        CALL(clock_adjtime),
        CALL(clock_settime),
        CALL(delete_module),
        CALL(fanotify_init),
        CALL(finit_module),
        CALL(get_mempolicy),
        CALL(init_module),
        CALL(kexec_load),
        CALL(keyctl),
        CALL(mbind),
        CALL(migrate_pages),
        CALL(mount),
        CALL(move_pages),
        CALL(name_to_handle_at),
        CALL(open_by_handle_at),
        CALL(perf_event_open),
        CALL(pivot_root),
        CALL(quotactl),
        CALL(reboot),
        CALL(request_key),
        CALL(set_mempolicy),
        CALL(setdomainname),
        CALL(sethostname),
        CALL(setns),
        CALL(settimeofday),
        CALL(swapoff),
        CALL(swapon),
        CALL(syslog),
        CALL(umount2),
        CALL(unshare),
        CALL(userfaultfd),
        CALL(vhangup),
#ifdef SYS_memfd_secret
        CALL(memfd_secret),
#endif
#ifdef SYS_quotactl_fd
        CALL(quotactl_fd),
#endif
#ifdef SYS_kexec_file_load
        CALL(kexec_file_load),
#endif
#ifdef SYS_process_madvise
        CALL(process_madvise),
#endif
#ifdef SYS_iopl
        CALL(iopl),
        CALL(ioperm),
        CALL(modify_ldt),
#endif
    };
    // Arguments that an unfiltered kernel answers with another error, or not at all.
    for (const Call& call : forbidden) {
        refused_in_child(std::string("system call ") + call.name,
                         [&] { return ::syscall(call.number, 0, 0, 0, 0, 0, 0); }, {EPERM});
    }
    const Call unknown[] = {
        CALL(clone3),        CALL(io_uring_setup), CALL(io_uring_enter), CALL(io_uring_register),
        CALL(open_tree),     CALL(move_mount),     CALL(fsopen),         CALL(fsconfig),
        CALL(fsmount),       CALL(fspick),         CALL(memfd_create),
#ifdef SYS_mount_setattr
        CALL(mount_setattr),
#endif
#undef CALL
    };
    for (const Call& call : unknown) {
        refused(std::string("system call ") + call.name, ::syscall(call.number, 0, 0, 0, 0, 0, 0), {ENOSYS});
    }
    for (const long flag :
         {CLONE_NEWUSER, CLONE_NEWNS, CLONE_NEWNET, CLONE_NEWPID, CLONE_NEWIPC, CLONE_NEWUTS, CLONE_NEWCGROUP}) {
        char name[32];
        std::snprintf(name, sizeof(name), "clone with %lx", flag);
        const long child = ::syscall(SYS_clone, flag | SIGCHLD, 0, 0, 0, 0);
        if (child == 0) ::_exit(0);
        refused(name, child, {EPERM});
        std::snprintf(name, sizeof(name), "unshare %lx", flag);
        refused_in_child(name, [flag] { return ::unshare(static_cast<int>(flag)); }, {EPERM});
    }
    const int own = ::open("/proc/self/ns/user", O_RDONLY);
    refused("setns to the own namespace", ::setns(own, 0), {EPERM});
    ::close(own);
    refused("personality without address randomisation", ::syscall(SYS_personality, 0x0040000), {EPERM});
    refused("block device", ::mknod("/tmp/probe-block", S_IFBLK | 0600, 0x800), {EPERM});
    refused("character device", ::mknod("/tmp/probe-char", S_IFCHR | 0600, 0x101), {EPERM});
    refused("character device by mknodat", ::mknodat(AT_FDCWD, "/tmp/probe-char", S_IFCHR | 0600, 0x101), {EPERM});
    report("an app can make a fifo", ::mkfifo("/tmp/probe-fifo", 0600) == 0);
    ::unlink("/tmp/probe-fifo");
    report("an app can fork", child_status([] {}) == 0);
#ifdef __x86_64__
    const int foreign = child_status([] { asm volatile("int $0x80" : : "a"(20) : "memory"); });
    report("32-bit calls end the process", WIFSIGNALED(foreign), std::to_string(foreign));
    const int x32 = child_status([] { ::syscall(0x40000000 | SYS_getpid); });
    report("x32 calls end the process", WIFSIGNALED(x32), std::to_string(x32));
#else
    not_here("32-bit calls");
#endif
}

void terminal(bool expected) {
    const char key = 'x';
    refused("TIOCSTI", ::ioctl(0, TIOCSTI, &key), {EPERM});
    refused("TIOCSTI with upper bits set", ::syscall(SYS_ioctl, 0, (1L << 32) | TIOCSTI, &key), {EPERM});
    char code = 2;
    refused("TIOCLINUX", ::ioctl(0, TIOCLINUX, &code), {EPERM});
    const int tty = ::open("/dev/tty", O_RDWR | O_NOCTTY);
    if (expected) {
        report("the terminal is there", tty >= 0 && ::isatty(0) == 1);
        refused("TIOCSTI on /dev/tty", ::ioctl(tty, TIOCSTI, &key), {EPERM});
        winsize size{};
        report("the terminal has its size",
               ::ioctl(0, TIOCGWINSZ, &size) == 0 && size.ws_col == 100 && size.ws_row == 30);
    } else {
        refused("controlling terminal", tty, {ENXIO});
    }
}

void limits() {
    struct Limit {
        const char* name;
        __rlimit_resource number;
    };
    for (const Limit& each : {Limit{"NPROC", RLIMIT_NPROC},
                              {"DATA", RLIMIT_DATA},
                              {"FSIZE", RLIMIT_FSIZE},
                              {"NOFILE", RLIMIT_NOFILE},
                              {"CORE", RLIMIT_CORE},
                              {"MEMLOCK", RLIMIT_MEMLOCK}}) {
        rlimit now{};
        ::getrlimit(each.number, &now);
        report(std::string("limit on ") + each.name, now.rlim_max != RLIM_INFINITY);
        const rlimit more{now.rlim_cur, now.rlim_max == RLIM_INFINITY ? RLIM_INFINITY : now.rlim_max + 1};
        refused(std::string("raising ") + each.name, ::setrlimit(each.number, &more), {EPERM});
    }
}

/// Sends back what it is sent, one connection at a time, until the other side ends.
void serve(int family, int port) {
    const int listener = ::socket(family, SOCK_STREAM, 0);
    const int on = 1;
    ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
    sockaddr_in four{};
    four.sin_family = AF_INET;
    four.sin_port = htons(static_cast<std::uint16_t>(port));
    four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    sockaddr_in6 six{};
    six.sin6_family = AF_INET6;
    six.sin6_port = four.sin_port;
    six.sin6_addr = in6addr_loopback;
    const bool is_four = family == AF_INET;
    const auto* address = is_four ? reinterpret_cast<const sockaddr*>(&four) : reinterpret_cast<const sockaddr*>(&six);
    if (::bind(listener, address, is_four ? sizeof(four) : sizeof(six)) != 0 || ::listen(listener, 8) != 0)
        std::exit(3);
    std::printf("ready\n");
    for (;;) {
        const int connection = ::accept(listener, nullptr, nullptr);
        std::vector<char> buffer(65536);
        for (ssize_t size = 0; (size = ::read(connection, buffer.data(), buffer.size())) > 0;) {
            for (ssize_t sent = 0; sent < size;)
                sent += std::max<ssize_t>(
                    ::write(connection, buffer.data() + sent, static_cast<std::size_t>(size - sent)), 0);
        }
        ::close(connection);
    }
}

// What limits are tested with: each takes one resource until it is stopped.

[[noreturn]] void wait_for_ever() {
    for (;;) ::pause();
}

void take_processes() {
    int count = 0;
    while (count < 2000) {
        const pid_t child = ::fork();
        if (child == 0) wait_for_ever();
        if (child < 0) break;
        ++count;
    }
    std::printf("%d\n", count);
    std::fflush(stdout);
    ::signal(SIGTERM, SIG_IGN);
    ::kill(0, SIGTERM);
}

[[noreturn]] void bomb() {
    for (;;) ::fork();
}

constexpr std::size_t k_step = 8 << 20;

/// As fast as a watcher must at least be able to follow.
void pause_briefly() {
    ::usleep(10000);
}

void take_memory() {
    for (int count = 0; count < 512; ++count) {
        void* block = std::malloc(k_step);
        if (block == nullptr) {
            std::printf("refused\n");
            std::exit(3);
        }
        std::memset(block, 1, k_step);
        pause_briefly();
    }
}

void take_shared_memory() {
    for (int count = 0; count < 64; ++count) {
        const int segment = ::shmget(IPC_PRIVATE, k_step, IPC_CREAT | 0600);
        void* block = ::shmat(segment, nullptr, 0);
        if (block == reinterpret_cast<void*>(-1)) std::exit(3);
        std::memset(block, 1, k_step);
        ::shmdt(block);
        pause_briefly();
    }
    wait_for_ever();
}

void take_disk(bool deleted) {
    const std::vector<char> block(k_step, 'x');
    for (int count = 0; count < 64; ++count) {
        const std::string path = "/app/filler-" + std::to_string(count);
        const int file = ::open(path.c_str(), O_WRONLY | O_CREAT, 0600);
        if (::write(file, block.data(), block.size()) <= 0) std::exit(3);
        if (deleted) ::unlink(path.c_str());
        pause_briefly();
    }
    wait_for_ever();
}

void take_file() {
    const std::vector<char> block(k_step, 'x');
    const int file = ::open("/app/large", O_WRONLY | O_CREAT, 0600);
    for (int count = 0; count < 64; ++count) (void)!::write(file, block.data(), block.size());
}

bool take(const std::string& what) {
    if (what == "processes")
        take_processes();
    else if (what == "bomb")
        bomb();
    else if (what == "memory")
        take_memory();
    else if (what == "shared-memory")
        take_shared_memory();
    else if (what == "disk")
        take_disk(false);
    else if (what == "deleted-disk")
        take_disk(true);
    else if (what == "file")
        take_file();
    else
        return false;
    return true;
}

}  // namespace

int main(int argc, char** argv) {
    std::setvbuf(stdout, nullptr, _IOLBF, 0);
    if (argc == 3 && std::string(argv[1]) == "serve") serve(AF_INET, std::atoi(argv[2]));
    if (argc == 3 && std::string(argv[1]) == "serve6") serve(AF_INET6, std::atoi(argv[2]));
    if (argc == 3 && std::string(argv[1]) == "take") return take(argv[2]) ? 0 : 2;
    Baits baits = {{"secret", "none"}, {"loopback", "1"}, {"abstract", "none"},   {"socket", "/none"},
                   {"file", "/none"},  {"shm", "1"},      {"posix-shm", "/none"}, {"pid", "0"}};
    bool has_terminal = false;
    for (int index = 1; index < argc; ++index) {
        const std::string word = argv[index];
        if (word == "--terminal") {
            has_terminal = true;
        } else if (word.rfind("--", 0) == 0 && index + 1 < argc) {
            baits[word.substr(2)] = argv[++index];
        }
    }
    descriptors();
    identity(baits);
    hidden_files(baits);
    masked_proc();
    read_only_places();
    pid_one(baits);
    network(baits);
    shared_memory(baits);
    system_calls();
    terminal(has_terminal);
    limits();
    std::printf("done\n");
}
