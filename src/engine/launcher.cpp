#include "engine/launcher.hpp"

#include "engine/bwrap_argv.hpp"
#include "engine/seccomp.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>

#include <fcntl.h>
#include <linux/nsfs.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;
using Deadline = std::chrono::steady_clock::time_point;

// Descriptors as bwrap inherits them. 0 to 4 go on to the agent.
constexpr int k_agent_socket = 3;
constexpr int k_agent_lock = 4;
constexpr int k_arguments = 5;
constexpr int k_filter = 6;
constexpr int k_information = 7;
constexpr int k_first_runtime = 8;

constexpr std::uint64_t k_least_free_bytes = 256ULL << 20U;
constexpr std::uint64_t k_least_free_inodes = 2000;
constexpr std::size_t k_diagnostics_limit = 64U << 10U;

[[noreturn]] void fail(const std::string& what) {
    throw Error(ErrorKind::internal, what + ": " + errno_text(errno));
}

[[noreturn]] void no_sandbox(int exit_code, const std::string& text) {
    const NoSandboxCause cause = classify_failure(exit_code, text, diagnosis_facts());
    throw Error(ErrorKind::no_sandbox, cause.message, cause.remedy, text);
}

std::optional<fs::path> find_bwrap() {
    for (const char* path :
         {"/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap", "/run/current-system/sw/bin/bwrap"}) {
        if (::access(path, X_OK) == 0) return path;
    }
    return std::nullopt;
}

void require_space(const fs::path& directory) {
    struct statvfs space {};
    if (::statvfs(directory.c_str(), &space) != 0) fail("cannot look at " + directory.string());
    const bool full = space.f_bavail * space.f_frsize < k_least_free_bytes;
    // File systems without a fixed number of inodes report 0 of 0.
    const bool no_inodes = space.f_files != 0 && space.f_favail < k_least_free_inodes;
    if (full || no_inodes) {
        throw Error(ErrorKind::limit, "no space for a sandbox in " + directory.string(),
                    "free at least 256 MiB there, or choose another place with SPAWNAI_HOME");
    }
}

void make_directory(const fs::path& path, mode_t mode) {
    if (::mkdir(path.c_str(), mode) != 0 && errno != EEXIST) fail("cannot make " + path.string());
    if (::chmod(path.c_str(), mode) != 0) fail("cannot set the mode of " + path.string());
}

void write_plain_file(const fs::path& path, const std::string& content) {
    std::ofstream file(path, std::ios::trunc | std::ios::binary);
    file << content;
    file.close();
    if (!file) throw Error(ErrorKind::limit, "cannot write " + path.string());
}

void lay_out(const LaunchRequest& request, const HostView& host) {
    std::error_code failure;
    fs::create_directories(request.state_dir.parent_path(), failure);
    make_directory(request.state_dir, 0700);
    require_space(request.state_dir);
    for (const char* name : {"app", "home"}) make_directory(request.state_dir / name, 0755);
    for (const char* name : {"tmp", "shm"}) make_directory(request.state_dir / name, 01777);
    const fs::path etc = request.state_dir / "etc";
    make_directory(etc, 0755);
    for (const auto& [name, content] : sandbox_etc(request.internet)) write_plain_file(etc / name, content);
    // Targets for what is mounted below /etc: the mount itself is read-only by then.
    for (const std::string& name : host.etc_files) write_plain_file(etc / name, {});
    for (const std::string& name : host.etc_directories) {
        fs::create_directories(etc / name, failure);
        if (failure)
            throw Error(ErrorKind::internal, "cannot make " + (etc / name).string() + ": " + failure.message());
    }
}

Fd hold_lock(const fs::path& path) {
    Fd lock(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!lock) fail("cannot open " + path.string());
    if (::flock(lock.get(), LOCK_EX | LOCK_NB) != 0) {
        throw Error(ErrorKind::internal, "a sandbox is still running in " + path.parent_path().string());
    }
    return lock;
}

sockaddr_un socket_address(const fs::path& path) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    const std::string text = path.string();
    if (text.size() >= sizeof(address.sun_path)) {
        throw Error(ErrorKind::usage, "the socket path " + text + " has more than 107 bytes",
                    "choose a shorter directory with XDG_RUNTIME_DIR or SPAWNAI_HOME");
    }
    std::memcpy(address.sun_path, text.c_str(), text.size() + 1);
    return address;
}

const sockaddr* generic(const sockaddr_un& address) {
    return reinterpret_cast<const sockaddr*>(&address);  // NOLINT: the socket interface wants it
}

Fd listen_at(const fs::path& path) {
    const sockaddr_un address = socket_address(path);
    Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!listener) fail("cannot make a socket");
    ::unlink(path.c_str());
    // The mode of the socket is that of the descriptor before bind.
    ::fchmod(listener.get(), 0600);
    if (::bind(listener.get(), generic(address), sizeof(address)) != 0) fail("cannot bind " + path.string());
    if (::listen(listener.get(), 128) != 0) fail("cannot listen on " + path.string());
    return listener;
}

Fd connect_to(const fs::path& path) {
    const sockaddr_un address = socket_address(path);
    Fd connection(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!connection) fail("cannot make a socket");
    if (::connect(connection.get(), generic(address), sizeof(address)) != 0) {
        throw Error(ErrorKind::unavailable, "the sandbox does not answer: " + errno_text(errno));
    }
    return connection;
}

void ask_for_namespace(const Fd& connection) {
    constexpr std::string_view k_preface = "NETNS\n";
    if (::send(connection.get(), k_preface.data(), k_preface.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(k_preface.size())) {
        throw Error(ErrorKind::unavailable, "the sandbox does not answer: " + errno_text(errno));
    }
}

bool is_network_namespace(const Fd& descriptor) {
    return ::ioctl(descriptor.get(), NS_GET_NSTYPE) == CLONE_NEWNET;
}

enum class Reception { waiting, closed, received };

/// Takes the descriptor from the agent's answer, if it has come.
Reception receive_namespace(const Fd& connection, Fd& received) {
    char byte = 0;
    iovec piece{&byte, 1};
    alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof(int))> control{};
    msghdr message{};
    message.msg_iov = &piece;
    message.msg_iovlen = 1;
    message.msg_control = control.data();
    message.msg_controllen = control.size();
    const ssize_t size = ::recvmsg(connection.get(), &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return Reception::waiting;
    if (size <= 0) return Reception::closed;
    const cmsghdr* header = CMSG_FIRSTHDR(&message);
    if (header == nullptr || header->cmsg_type != SCM_RIGHTS || header->cmsg_len != CMSG_LEN(sizeof(int))) {
        return Reception::closed;
    }
    int descriptor = -1;
    std::memcpy(&descriptor, CMSG_DATA(header), sizeof(descriptor));
    received.reset(descriptor);
    return is_network_namespace(received) ? Reception::received : Reception::closed;
}

Fd memory_file(const char* name, const std::string& content) {
    Fd file(::memfd_create(name, MFD_CLOEXEC));
    if (!file) fail("no memory file");
    std::string_view rest = content;
    while (!rest.empty()) {
        const ssize_t written = ::write(file.get(), rest.data(), rest.size());
        if (written <= 0) fail("cannot write a memory file");
        rest.remove_prefix(static_cast<std::size_t>(written));
    }
    if (::lseek(file.get(), 0, SEEK_SET) != 0) fail("cannot rewind a memory file");
    return file;
}

std::string nul_separated(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) {
        if (word.find('\0') != std::string::npos)
            throw Error(ErrorKind::internal, "an argument of bwrap holds a zero byte");
        text += word;
        text += '\0';
    }
    return text;
}

/// Our copy of a descriptor, far above the numbers that bwrap is given.
Fd high_copy(int descriptor) {
    Fd copy(::fcntl(descriptor, F_DUPFD_CLOEXEC, 128));
    if (!copy) fail("too many open files");
    return copy;
}

/// bwrap hands every descriptor that it inherits on to the sandbox.
void close_from(int first) {
    if (::syscall(SYS_close_range, first, ~0U, 0) == 0) return;
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    for (int number = first; number < static_cast<int>(files.rlim_cur); ++number) ::close(number);
}

/// Between fork and exec: nothing but async-signal-safe calls, since the engine has other threads.
[[noreturn]] void become_bwrap(const char* bwrap, const std::vector<int>& descriptors, char* const* arguments) {
    for (int number = 1; number < NSIG; ++number) {
        struct sigaction action {};
        action.sa_handler = SIG_DFL;
        ::sigaction(number, &action, nullptr);
    }
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    int target = 0;
    for (const int descriptor : descriptors) {
        if (::dup2(descriptor, target) < 0) ::_exit(126);
        ++target;
    }
    close_from(target);
    char* const environment[] = {nullptr};
    ::execve(bwrap, arguments, environment);
    ::_exit(127);
}

int pidfd_of(pid_t pid) {
    return static_cast<int>(::syscall(SYS_pidfd_open, pid, 0));
}

std::vector<std::string> stat_fields(pid_t pid) {
    std::ifstream file("/proc/" + std::to_string(pid) + "/stat");
    std::string line;
    std::getline(file, line);
    // The second field is the program's name in parentheses and may hold anything.
    const std::size_t end = line.rfind(')');
    std::vector<std::string> fields;
    if (end == std::string::npos) return fields;
    std::size_t position = end + 1;
    while (position < line.size()) {
        const std::size_t start = line.find_first_not_of(' ', position);
        if (start == std::string::npos) break;
        position = std::min(line.find(' ', start), line.size());
        fields.push_back(line.substr(start, position - start));
    }
    return fields;  // [0] is field 3
}

/// A sandbox in the making: owns the processes until release().
class Birth {
 public:
    Birth(pid_t outer, fs::path socket_path) : outer_(outer), socket_path_(std::move(socket_path)) {}
    Birth(const Birth&) = delete;
    Birth& operator=(const Birth&) = delete;
    ~Birth() {
        if (outer_ == 0) return;
        end();
        ::unlink(socket_path_.c_str());
    }

    void take_information(const std::string& text) {
        const nlohmann::json information = nlohmann::json::parse(text, nullptr, false);
        if (!information.is_object()) return;
        const pid_t pid = information.value("child-pid", 0);
        if (pid <= 0) return;
        Fd handle(pidfd_of(pid));
        const std::vector<std::string> fields = stat_fields(pid);
        // Still the child of our unreaped child: so the number cannot have been given to another process.
        if (!handle || fields.size() < 20 || fields[1] != std::to_string(outer_)) return;
        pid_ = pid;
        pidfd_ = std::move(handle);
        start_time_ = std::strtoull(fields[19].c_str(), nullptr, 10);
        pid_namespace_ = information.value("pid-namespace", std::uint64_t{0});
    }

    [[nodiscard]] bool identified() const { return pid_ != 0; }

    /// Kills what there is and waits for it. @return the exit code of bwrap, -1 when a signal ended it
    int end() {
        if (pidfd_) ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
        int status = 0;
        // bwrap that failed is about to end by itself and its exit code tells why.
        for (int attempt = 0; attempt < 100 && !pidfd_; ++attempt) {
            if (::waitpid(outer_, &status, WNOHANG) == outer_) return finish(status);
            std::this_thread::sleep_for(std::chrono::milliseconds(2));
        }
        ::kill(outer_, SIGKILL);
        while (::waitpid(outer_, &status, 0) < 0 && errno == EINTR) {
        }
        return finish(status);
    }

    [[nodiscard]] Launched release(Fd output, Fd network_namespace) {
        Launched launched;
        launched.pid = pid_;
        launched.start_time = start_time_;
        launched.pid_namespace = pid_namespace_;
        launched.pidfd = std::move(pidfd_);
        launched.output = std::move(output);
        launched.network_namespace = std::move(network_namespace);
        launched.outer_pid = std::exchange(outer_, 0);
        return launched;
    }

 private:
    int finish(int status) {
        outer_ = 0;
        ::unlink(socket_path_.c_str());
        return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
    }

    pid_t outer_;
    fs::path socket_path_;
    pid_t pid_ = 0;
    Fd pidfd_;
    std::uint64_t start_time_ = 0;
    std::uint64_t pid_namespace_ = 0;
};

/// Reads what is there. @return false at the end of the stream
bool drain(const Fd& from, std::string& into) {
    std::array<char, 4096> buffer{};
    for (;;) {
        const ssize_t size = ::read(from.get(), buffer.data(), buffer.size());
        if (size < 0 && errno == EINTR) continue;
        if (size < 0) return errno == EAGAIN;
        if (size == 0) return false;
        if (into.size() < k_diagnostics_limit) into.append(buffer.data(), static_cast<std::size_t>(size));
    }
}

int remaining_ms(Deadline deadline) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now()).count();
    return static_cast<int>(std::max<std::int64_t>(left, 0));
}

void set_nonblocking(const Fd& descriptor) {
    ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
}

/// Waits for bwrap's word on the namespaces and for the agent's answer.
Fd wait_for_agent(Birth& birth, const Fd& connection, const Fd& information, const Fd& output, Deadline deadline) {
    std::string information_text;
    std::string diagnostics;
    Fd network_namespace;
    bool information_open = true;
    bool output_open = true;
    for (;;) {
        std::array<pollfd, 3> waiting{{{connection.get(), POLLIN, 0},
                                       {information_open ? information.get() : -1, POLLIN, 0},
                                       {output_open ? output.get() : -1, POLLIN, 0}}};
        const int ready = ::poll(waiting.data(), waiting.size(), remaining_ms(deadline));
        if (ready < 0 && errno != EINTR) fail("cannot wait for a sandbox");
        if (ready == 0) {
            birth.end();
            throw Error(ErrorKind::no_sandbox, "the sandbox did not start in time",
                        "try again when the machine is less busy", diagnostics);
        }
        if (output_open && waiting[2].revents != 0) output_open = drain(output, diagnostics);
        if (information_open && waiting[1].revents != 0 && !drain(information, information_text))
            information_open = false;
        if (!birth.identified() && !information_text.empty()) birth.take_information(information_text);
        if (waiting[0].revents == 0) continue;
        const Reception reception = receive_namespace(connection, network_namespace);
        if (reception == Reception::waiting) continue;
        if (reception == Reception::received && birth.identified()) return network_namespace;
        const int exit_code = birth.end();
        drain(output, diagnostics);
        no_sandbox(exit_code, diagnostics);
    }
}

}  // namespace

std::uint64_t process_start_time(pid_t pid) {
    const std::vector<std::string> fields = stat_fields(pid);
    return fields.size() < 20 ? 0 : std::strtoull(fields[19].c_str(), nullptr, 10);
}

Launched launch(const LaunchRequest& request) {
    if (::geteuid() == 0) no_sandbox(0, {});
    const std::optional<fs::path> bwrap = find_bwrap();
    if (!bwrap) no_sandbox(127, {});
    const Deadline deadline = std::chrono::steady_clock::now() + request.timeout;
    const HostView host = look_at_host();
    lay_out(request, host);
    Fd lock = hold_lock(request.state_dir / "lock");

    BwrapPolicy policy{request.state_dir, request.agent, {}, request.passed_environment};
    std::vector<Fd> inherited;
    const auto inherit = [&inherited](int descriptor) { inherited.push_back(high_copy(descriptor)); };

    const Fd null(::open("/dev/null", O_RDWR | O_CLOEXEC));
    if (!null) fail("cannot open /dev/null");
    Pipe output = make_pipe();
    Pipe information = make_pipe();
    const Fd filter = seccomp_program();
    if (request.runtimes != nullptr) {
        int number = k_first_runtime;
        for (const RuntimeMount& runtime : *request.runtimes) policy.runtimes.emplace_back(number++, runtime.inside);
    }
    const Fd arguments = memory_file("arguments", nul_separated(bwrap_arguments(policy, host)));
    Fd listener = listen_at(request.socket_path);

    static_assert(k_agent_socket == 3 && k_agent_lock == 4 && k_arguments == 5 && k_filter == 6 && k_information == 7);
    inherit(null.get());
    inherit(output.write.get());
    inherit(output.write.get());
    inherit(listener.get());
    inherit(lock.get());
    inherit(arguments.get());
    inherit(filter.get());
    inherit(information.write.get());
    if (request.runtimes != nullptr) {
        for (const RuntimeMount& runtime : *request.runtimes) inherit(runtime.directory.get());
    }
    std::vector<int> numbers;
    numbers.reserve(inherited.size());
    for (const Fd& descriptor : inherited) numbers.push_back(descriptor.get());

    std::vector<std::string> words = {"bwrap", "--args", "5", "--seccomp", "6", "--info-fd", "7", "--", "/run/agent"};
    std::vector<char*> argv;
    argv.reserve(words.size() + 1);
    for (std::string& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);

    const pid_t outer = ::fork();
    if (outer < 0) fail("cannot start bwrap");
    if (outer == 0) become_bwrap(bwrap->c_str(), numbers, argv.data());

    Birth birth(outer, request.socket_path);
    // Only the sandbox holds the listener and the lock from here on: when it dies, connections break and the
    // lock is free.
    listener.reset();
    lock.reset();
    output.write.reset();
    information.write.reset();
    inherited.clear();
    set_nonblocking(output.read);
    set_nonblocking(information.read);

    const Fd connection = connect_to(request.socket_path);
    ask_for_namespace(connection);
    Fd network_namespace = wait_for_agent(birth, connection, information.read, output.read, deadline);
    if (!request.internet) network_namespace.reset();
    return birth.release(std::move(output.read), std::move(network_namespace));
}

Fd network_namespace_of(const fs::path& socket_path, std::chrono::milliseconds timeout) {
    const Deadline deadline = std::chrono::steady_clock::now() + timeout;
    const Fd connection = connect_to(socket_path);
    ask_for_namespace(connection);
    Fd received;
    for (;;) {
        pollfd waiting{connection.get(), POLLIN, 0};
        const int ready = ::poll(&waiting, 1, remaining_ms(deadline));
        if (ready < 0 && errno == EINTR) continue;
        const Reception reception = ready > 0 ? receive_namespace(connection, received) : Reception::closed;
        if (reception == Reception::received) return received;
        if (reception == Reception::closed) {
            throw Error(ErrorKind::unavailable, "the sandbox did not hand out its network namespace");
        }
    }
}

void self_test(const fs::path& scratch, const fs::path& agent) {
    std::string pattern = (scratch / "test-XXXXXX").string();
    make_private_directories(scratch);
    if (::mkdtemp(pattern.data()) == nullptr) fail("cannot make a directory in " + scratch.string());
    const fs::path directory = pattern;
    struct Remove {
        const fs::path& path;
        ~Remove() {
            std::error_code ignored;
            fs::remove_all(path, ignored);
        }
    } const remove{directory};

    LaunchRequest request;
    request.state_dir = directory / "s";
    request.socket_path = directory / "a";
    request.agent = agent;
    const Launched launched = launch(request);
    ::syscall(SYS_pidfd_send_signal, launched.pidfd.get(), SIGKILL, nullptr, 0);
    int status = 0;
    while (::waitpid(launched.outer_pid, &status, 0) < 0 && errno == EINTR) {
    }
}

}  // namespace spawnai::engine
