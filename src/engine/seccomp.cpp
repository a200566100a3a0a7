#include "engine/seccomp.hpp"

#include <spawnai/core/error.hpp>

#include <linux/sched.h>
#include <seccomp.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <string>

namespace spawnai::engine {
namespace {

/// A call by name; `number` serves where the library does not know the name yet (all architectures share
/// numbers from 424 on).
struct Call {
    const char* name;
    int number = -1;
};

constexpr Call k_forbidden[] = {
    {"syslog"},
    {"uselib"},
    {"acct"},
    {"quotactl"},
    {"quotactl_fd", 443},
    {"add_key"},
    {"keyctl"},
    {"request_key"},
    {"move_pages"},
    {"mbind"},
    {"get_mempolicy"},
    {"set_mempolicy"},
    {"set_mempolicy_home_node", 450},
    {"migrate_pages"},
    {"unshare"},
    {"setns"},
    {"mount"},
    {"umount"},
    {"umount2"},
    {"pivot_root"},
    {"chroot"},
    {"perf_event_open"},
    {"ptrace"},
    {"process_vm_readv"},
    {"process_vm_writev"},
    {"process_madvise", 440},
    {"pidfd_getfd", 438},
    {"kcmp"},
    {"bpf"},
    {"userfaultfd"},
    {"open_by_handle_at"},
    {"name_to_handle_at"},
    {"kexec_load"},
    {"kexec_file_load"},
    {"init_module"},
    {"finit_module"},
    {"delete_module"},
    {"swapon"},
    {"swapoff"},
    {"reboot"},
    {"settimeofday"},
    {"clock_settime"},
    {"clock_adjtime"},
    {"adjtimex"},
    {"ioperm"},
    {"iopl"},
    {"fanotify_init"},
    {"lookup_dcookie"},
    {"vhangup"},
    {"modify_ldt"},
    {"sethostname"},
    {"setdomainname"},
    {"nfsservctl"},
    {"vm86"},
    {"vm86old"},
    {"memfd_secret", 447},
};

// Programs fall back when the kernel seems too old. io_uring makes sockets without the socket call; the
// memory behind memfd_create shows up in no process's resident set, so the memory watcher could not see it.
constexpr Call k_unknown[] = {
    {"clone3", 435},    {"io_uring_setup", 425}, {"io_uring_enter", 426}, {"io_uring_register", 427},
    {"open_tree", 428}, {"move_mount", 429},     {"fsopen", 430},         {"fsconfig", 431},
    {"fsmount", 432},   {"fspick", 433},         {"mount_setattr", 442},  {"open_tree_attr", 467},
    {"memfd_create"},
};

struct Release {
    void operator()(void* context) const noexcept { seccomp_release(context); }
};

class Filter {
 public:
    Filter() : context_(seccomp_init(SCMP_ACT_ALLOW)) {
        if (!context_) throw Error(ErrorKind::internal, "libseccomp cannot make a filter");
        check(seccomp_attr_set(context_.get(), SCMP_FLTATR_ACT_BADARCH, SCMP_ACT_KILL_PROCESS));
    }

    void deny(const Call& call, int code, std::initializer_list<scmp_arg_cmp> conditions = {}) {
        int number = seccomp_syscall_resolve_name(call.name);
        if (number == __NR_SCMP_ERROR) number = call.number;
        if (number < 0) return;  // this architecture does not have it
        check(seccomp_rule_add_array(context_.get(), SCMP_ACT_ERRNO(static_cast<std::uint16_t>(code)), number,
                                     static_cast<unsigned>(conditions.size()), conditions.begin()));
    }

    [[nodiscard]] Fd program() const {
        Fd file(::memfd_create("seccomp", MFD_CLOEXEC));
        if (!file) throw Error(ErrorKind::internal, "no memory for the system call filter");
        check(seccomp_export_bpf(context_.get(), file.get()));
        if (::lseek(file.get(), 0, SEEK_SET) != 0) check(-errno);
        return file;
    }

 private:
    static void check(int result) {
        if (result < 0) {
            throw Error(ErrorKind::internal,
                        "libseccomp refused a rule (error " + std::to_string(-result) + ")");
        }
    }
    std::unique_ptr<void, Release> context_;
};

constexpr scmp_arg_cmp argument(unsigned index, scmp_compare compare, scmp_datum_t a, scmp_datum_t b = 0) {
    return {index, compare, a, b};
}

constexpr scmp_datum_t k_low_half = 0xffffffffU;

// The kernel takes the low half of these arguments, so only that half may decide.
constexpr scmp_arg_cmp int_equals(unsigned index, scmp_datum_t value) {
    return argument(index, SCMP_CMP_MASKED_EQ, k_low_half, value);
}

void deny_socket_families(Filter& filter) {
    constexpr unsigned k_beyond_families = 64;
    for (unsigned family = 0; family < k_beyond_families; ++family) {
        if (family == AF_UNIX) continue;
        filter.deny({"socketpair"}, EAFNOSUPPORT, {argument(0, SCMP_CMP_EQ, family)});
        if (family == AF_INET || family == AF_INET6 || family == AF_NETLINK) continue;
        filter.deny({"socket"}, EAFNOSUPPORT, {argument(0, SCMP_CMP_EQ, family)});
    }
    filter.deny({"socketpair"}, EAFNOSUPPORT, {argument(0, SCMP_CMP_GE, k_beyond_families)});
    filter.deny({"socket"}, EAFNOSUPPORT, {argument(0, SCMP_CMP_GE, k_beyond_families)});
    // Every netlink protocol but ROUTE: audit, uevents, crypto.
    filter.deny({"socket"}, EPERM, {argument(0, SCMP_CMP_EQ, AF_NETLINK), argument(2, SCMP_CMP_NE, 0)});
}

// Same uid, same namespace: without this an app may lower the limits or the priority of the agent, and with
// it the watchers.
void protect_pid_one(Filter& filter) {
    for (const char* call :
         {"prlimit64", "sched_setscheduler", "sched_setparam", "sched_setattr", "sched_setaffinity"}) {
        filter.deny({call}, EPERM, {int_equals(0, 1)});
    }
    constexpr scmp_datum_t k_priority_user = 2;
    constexpr scmp_datum_t k_io_priority_user = 3;
    filter.deny({"setpriority"}, EPERM, {int_equals(1, 1)});
    filter.deny({"setpriority"}, EPERM, {int_equals(0, k_priority_user)});
    filter.deny({"ioprio_set"}, EPERM, {int_equals(1, 1)});
    filter.deny({"ioprio_set"}, EPERM, {int_equals(0, k_io_priority_user)});
}

}  // namespace

Fd seccomp_program() {
    static constexpr scmp_datum_t k_device_types[] = {S_IFBLK, S_IFCHR};
    static constexpr scmp_datum_t k_namespace_flags[] = {
        CLONE_NEWNS, CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET};
    static constexpr scmp_datum_t k_terminal_injection[] = {TIOCSTI, TIOCLINUX};

    Filter filter;
    for (const Call& call : k_forbidden) filter.deny(call, EPERM);
    for (const Call& call : k_unknown) filter.deny(call, ENOSYS);
    for (const scmp_datum_t type : k_device_types) {
        filter.deny({"mknod"}, EPERM, {argument(1, SCMP_CMP_MASKED_EQ, S_IFMT, type)});
        filter.deny({"mknodat"}, EPERM, {argument(2, SCMP_CMP_MASKED_EQ, S_IFMT, type)});
    }
    for (const scmp_datum_t flag : k_namespace_flags) {
        filter.deny({"clone"}, EPERM, {argument(0, SCMP_CMP_MASKED_EQ, flag, flag)});
    }
    filter.deny({"personality"}, EPERM, {argument(0, SCMP_CMP_NE, 0)});
    for (const scmp_datum_t request : k_terminal_injection)
        filter.deny({"ioctl"}, EPERM, {int_equals(1, request)});
    deny_socket_families(filter);
    protect_pid_one(filter);
    return filter.program();
}

}  // namespace spawnai::engine
