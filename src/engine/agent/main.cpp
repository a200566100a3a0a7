// Pid 1 of every local sandbox: started by bwrap with a listening socket as descriptor 3 and the sandbox's
// lock as descriptor 4.
#include "engine/agent/api.hpp"
#include "engine/agent/loop.hpp"
#include "engine/agent/process.hpp"
#include "engine/agent/server.hpp"
#include "engine/agent/settings.hpp"
#include "engine/agent/suspension.hpp"
#include "engine/agent/watcher.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <memory>
#include <stdexcept>

namespace {

using spawnai::Fd;
namespace agent = spawnai::engine::agent;

constexpr int k_listener = 3;
constexpr int k_lock = 4;
constexpr auto k_patience = std::chrono::seconds(60);

void keep_from_children(int descriptor, const char* name) {
    if (::fcntl(descriptor, F_SETFD, FD_CLOEXEC) != 0) {
        throw std::runtime_error(std::string("spawnai-agent is started by the engine, inside a sandbox: no ") + name);
    }
}

/// The kernel shall end sandboxes first when memory runs out. Needs a dumpable process, like everything in
/// /proc/self.
void volunteer_for_oom() {
    const Fd file(::open("/proc/self/oom_score_adj", O_WRONLY | O_CLOEXEC));
    constexpr std::string_view k_first = "1000";
    if (file) (void)!::write(file.get(), k_first.data(), k_first.size());
}

void set_own_limits() {
    rlimit files{};
    ::getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &files);
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_CORE, &none);
}

/// As pid 1 every orphan of the sandbox is ours to reap.
void watch_children(agent::Loop& loop, agent::ProcessTable& processes) {
    sigset_t children;
    ::sigemptyset(&children);
    ::sigaddset(&children, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &children, nullptr);
    ::signal(SIGPIPE, SIG_IGN);
    const auto signals = std::make_shared<Fd>(::signalfd(-1, &children, SFD_CLOEXEC | SFD_NONBLOCK));
    if (!*signals) throw std::runtime_error("no signalfd");
    loop.watch(signals->get(), EPOLLIN, [signals, &processes](std::uint32_t) {
        std::array<signalfd_siginfo, 8> buffer{};
        while (::read(signals->get(), buffer.data(), sizeof(buffer)) > 0) {
        }
        int status = 0;
        for (pid_t pid = 0; (pid = ::waitpid(-1, &status, WNOHANG)) > 0;) processes.reaped(pid, status);
    });
}

void run() {
    keep_from_children(k_listener, "socket");
    keep_from_children(k_lock, "lock");
    Fd network_namespace(::open("/proc/self/ns/net", O_RDONLY | O_CLOEXEC));
    if (!network_namespace) throw std::runtime_error("no /proc");
    volunteer_for_oom();
    // From here on no process of the sandbox can read, trace or stop this one.
    if (::prctl(PR_SET_DUMPABLE, 0) != 0) throw std::runtime_error("cannot protect pid 1");
    set_own_limits();
    ::umask(022);
    ::fcntl(k_listener, F_SETFL, O_NONBLOCK);
    // Nobody may be reading what we say.
    ::fcntl(STDOUT_FILENO, F_SETFL, O_NONBLOCK);
    ::fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);

    agent::Loop loop;
    agent::Settings settings;
    agent::ProcessTable processes(loop, settings);
    watch_children(loop, processes);
    agent::Watcher watcher(loop, settings, processes);
    agent::Suspension suspension(loop, processes, watcher);
    processes.on_start = [&watcher] { watcher.wake(); };
    agent::Api api(loop, settings, processes, suspension, watcher);
    agent::Server server(loop, Fd(k_listener), std::move(network_namespace), api);
    // An engine that died between starting this sandbox and speaking to it leaves nothing behind.
    const agent::Loop::Timer patience = loop.after(k_patience, [] { ::_exit(1); });
    api.on_ready = [&] {
        loop.cancel(patience);
        server.allow_relays();
    };
    loop.run();
}

}  // namespace

int main() {
    try {
        run();
    } catch (const std::exception& failure) {
        std::fprintf(stderr, "%s\n", failure.what());
        return 1;
    }
}
