#include "checker_client.hpp"

#include "wire.hpp"

#include <spawnai/core/fd.hpp>
#include <spawnai/core/guarded.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <utility>
#include <vector>

// A program of its own, not a fork: this process has threads, and a forked child of such a process may only call what is safe in
// a signal handler. It also starts in a millisecond, where this one with all its libraries takes ten, and it holds no keys.

namespace spawnai::validate {
namespace {

using Clock = std::chrono::steady_clock;
// The process keeps to its own limit of processor time. This one is for a process that does not, on a machine that is busy.
constexpr auto k_time_limit = std::chrono::seconds(10);
constexpr std::size_t k_idle = 4;

class Process {
 public:
    static std::unique_ptr<Process> start() {
        static const std::filesystem::path path = find_checker();
        if (path.empty()) return nullptr;
        int ends[2] = {-1, -1};
        if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return nullptr;
        Fd ours(ends[0]);
        const Fd theirs(ends[1]);

        posix_spawn_file_actions_t actions;
        posix_spawnattr_t attributes;
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
        ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDIN_FILENO);
        ::posix_spawn_file_actions_adddup2(&actions, theirs.get(), STDOUT_FILENO);
        ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
        ::posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);
        sigset_t none;
        sigset_t all;
        ::sigemptyset(&none);
        ::sigfillset(&all);
        ::posix_spawnattr_setsigmask(&attributes, &none);
        ::posix_spawnattr_setsigdefault(&attributes, &all);
        ::posix_spawnattr_setpgroup(&attributes, 0);  // Ctrl-C is for us, not for it
        ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);
        std::string name = path.string();
        char* argv[] = {name.data(), nullptr};
        char* environment[] = {nullptr};
        pid_t pid = 0;
        const int failed = ::posix_spawn(&pid, name.c_str(), &actions, &attributes, argv, environment);
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
        if (failed != 0) return nullptr;
        return std::unique_ptr<Process>(new Process(pid, std::move(ours)));
    }

    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    ~Process() {
        ::kill(pid_, SIGKILL);
        while (::waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
        }
    }

    /// Fills `facts` as answers come. False when the process is of no more use.
    bool ask(char kind, std::string_view text, std::uint32_t& milliseconds, Facts& facts) {
        const auto deadline = Clock::now() + k_time_limit;
        const Frame request{
            kind, {}, static_cast<std::uint32_t>(text.size()), std::min(milliseconds, k_file_milliseconds)};
        bool late = false;
        if (!send(&request, sizeof request, deadline, late) || !send(text.data(), text.size(), deadline, late)) {
            facts.why = late ? "it took too long" : "the checker stopped";
            return false;
        }
        for (;;) {
            Frame answer{};
            std::string bytes;
            if (!receive(&answer, sizeof answer, deadline, late)) break;
            bytes.resize(answer.size);
            if (!receive(bytes.data(), bytes.size(), deadline, late)) break;
            if (answer.kind == '.') {
                milliseconds -= std::min(milliseconds, answer.milliseconds);
                facts.complete = true;
                return true;
            }
            take(answer.kind, bytes, facts);
        }
        facts.why = late ? "it took too long" : "it is beyond the limits of the checker";
        return false;
    }

 private:
    Process(pid_t pid, Fd socket) : pid_(pid), socket_(std::move(socket)) {}

    static void take(char kind, const std::string& bytes, Facts& facts) {
        if (kind == 'p') {
            facts.page = decode_page(bytes);
            return;
        }
        CodeFacts code = decode_code(bytes);
        if (kind == 's') {
            for (Syntax& syntax : code.syntax) facts.code.syntax.push_back(std::move(syntax));
            return;
        }
        code.syntax = std::move(facts.code.syntax);
        facts.code = std::move(code);
    }

    bool wait(short events, Clock::time_point deadline, bool& late) const {
        for (;;) {
            const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now()).count();
            if (left <= 0) {
                late = true;
                return false;
            }
            pollfd one{socket_.get(), events, 0};
            const int ready = ::poll(&one, 1, static_cast<int>(left));
            if (ready > 0) return true;
            if (ready < 0 && errno != EINTR) return false;
        }
    }
    bool send(const void* from, std::size_t size, Clock::time_point deadline, bool& late) const {
        const auto* at = static_cast<const char*>(from);
        while (size > 0) {
            if (!wait(POLLOUT, deadline, late)) return false;
            const ssize_t put = ::send(socket_.get(), at, size, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (put < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (put <= 0) return false;
            at += put;
            size -= static_cast<std::size_t>(put);
        }
        return true;
    }
    bool receive(void* to, std::size_t size, Clock::time_point deadline, bool& late) const {
        auto* at = static_cast<char*>(to);
        while (size > 0) {
            if (!wait(POLLIN, deadline, late)) return false;
            const ssize_t got = ::recv(socket_.get(), at, size, MSG_DONTWAIT);
            if (got < 0 && (errno == EAGAIN || errno == EINTR)) continue;
            if (got <= 0) return false;
            at += got;
            size -= static_cast<std::size_t>(got);
        }
        return true;
    }

    pid_t pid_;
    Fd socket_;
};

using Idle = Guarded<std::vector<std::unique_ptr<Process>>>;

Idle& idle() {
    static Idle processes;
    return processes;
}

std::unique_ptr<Process> take_idle() {
    return idle().with([](auto& list) -> std::unique_ptr<Process> {
        if (list.empty()) return nullptr;
        std::unique_ptr<Process> one = std::move(list.back());
        list.pop_back();
        return one;
    });
}

void give_back(std::unique_ptr<Process> one) {
    idle().with([&](auto& list) {
        if (list.size() < k_idle) list.push_back(std::move(one));
    });
}

bool answered(std::unique_ptr<Process> process, char kind, std::string_view text, std::uint32_t& milliseconds,
              Facts& facts) {
    try {
        if (!process->ask(kind, text, milliseconds, facts)) return false;
        give_back(std::move(process));
        return true;
    } catch (const std::exception&) {
        facts.why = "the checker's answer was unreadable";
        return false;
    }
}

}  // namespace

std::filesystem::path find_checker() {
    std::error_code error;
    const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", error);
    if (error) return {};
    const std::filesystem::path here = self.parent_path();
    // Installed in libexec; in the build tree beside the program, or beside it as seen from the tests.
    for (const char* relative : {"spawnai-checker", "../libexec/spawnai/spawnai-checker", "../src/spawnai-checker"}) {
        const std::filesystem::path candidate = here / relative;
        if (::access(candidate.c_str(), X_OK) == 0) return candidate;
    }
    return {};
}

void warm_up_checker() {
    if (idle().with([](const auto& list) { return !list.empty(); })) return;
    if (std::unique_ptr<Process> one = Process::start()) give_back(std::move(one));
}

Facts ask_checker(char kind, std::string_view text, std::uint32_t& milliseconds) {
    Facts facts;
    if (text.size() > k_max_request) {
        facts.why = "it is larger than an app may be";
        return facts;
    }
    std::unique_ptr<Process> process = take_idle();
    if (process == nullptr) process = Process::start();
    if (process == nullptr) {
        facts.why = "the program spawnai-checker is missing beside spawnai";
        return facts;
    }
    if (answered(std::move(process), kind, text, milliseconds, facts)) return facts;
    // Whatever stopped it stands in this text: another one reads the surface, and parses nothing.
    milliseconds -= std::min(milliseconds, k_file_milliseconds);
    if (std::unique_ptr<Process> second = Process::start()) {
        Facts surface;
        std::uint32_t none = 0;
        (void)answered(std::move(second), kind, text, none, surface);
        facts.code = std::move(surface.code);
    }
    return facts;
}

}  // namespace spawnai::validate
