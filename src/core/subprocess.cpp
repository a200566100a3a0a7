#include <spawnai/core/subprocess.hpp>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>

extern "C" {
#include <sys/pidfd.h>
}

#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>

#include <fmt/format.h>

namespace spawnai {

namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    // posix_spawn takes char* for history's sake and does not write.
    for (const std::string& word : words) result.push_back(const_cast<char*>(word.c_str()));
    result.push_back(nullptr);
    return result;
}

struct SpawnSettings {
    posix_spawn_file_actions_t actions{};
    posix_spawnattr_t attributes{};
    SpawnSettings() {
        ::posix_spawn_file_actions_init(&actions);
        ::posix_spawnattr_init(&attributes);
    }
    ~SpawnSettings() {
        ::posix_spawn_file_actions_destroy(&actions);
        ::posix_spawnattr_destroy(&attributes);
    }
    SpawnSettings(const SpawnSettings&) = delete;
    SpawnSettings& operator=(const SpawnSettings&) = delete;
};

/// A child in its own process group; killed and reaped when it goes.
class Child {
 public:
    explicit Child(pid_t pid) : pid_(pid), pidfd_(::pidfd_open(pid, 0)) {}
    ~Child() {
        if (pid_ > 0) {
            kill_group();
            (void)reap();
        }
    }
    Child(const Child&) = delete;
    Child& operator=(const Child&) = delete;

    void kill_group() const noexcept { ::kill(-pid_, SIGKILL); }
    [[nodiscard]] int pidfd() const noexcept { return pidfd_.get(); }
    /// Waits for the end; the exit code as a shell tells it.
    int reap() noexcept {
        int status = 0;
        while (::waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
        }
        pid_ = -1;
        return WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    }

 private:
    pid_t pid_;
    Fd pidfd_;
};

void set_nonblocking(const Fd& fd) {
    ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
}

/// Reads what is there; closes `fd` at the end of the stream.
void drain(Fd& fd, std::string& kept, std::size_t limit) {
    char piece[65536];
    for (;;) {
        const ssize_t got = ::read(fd.get(), piece, sizeof piece);
        if (got > 0) {
            kept.append(piece, std::min(static_cast<std::size_t>(got), limit - std::min(limit, kept.size())));
        } else if (got == 0 || (errno != EAGAIN && errno != EINTR)) {
            fd.reset();
            return;
        } else if (errno == EAGAIN) {
            return;
        }
    }
}

}  // namespace

SubprocessResult run_subprocess(const SubprocessRequest& request, std::stop_token stop) {
    Pipe input = make_pipe();
    Pipe output = make_pipe();
    Pipe errors = make_pipe();
    Pipe wake = make_pipe();

    SpawnSettings settings;
    ::posix_spawn_file_actions_adddup2(&settings.actions, input.read.get(), 0);
    ::posix_spawn_file_actions_adddup2(&settings.actions, output.write.get(), 1);
    ::posix_spawn_file_actions_adddup2(&settings.actions, errors.write.get(), 2);
    ::posix_spawn_file_actions_addclosefrom_np(&settings.actions, 3);
    if (request.working_directory)
        ::posix_spawn_file_actions_addchdir_np(&settings.actions, request.working_directory->c_str());
    sigset_t signals;
    sigemptyset(&signals);
    ::posix_spawnattr_setsigmask(&settings.attributes, &signals);
    sigfillset(&signals);
    ::posix_spawnattr_setsigdefault(&settings.attributes, &signals);
    ::posix_spawnattr_setpgroup(&settings.attributes, 0);
    ::posix_spawnattr_setflags(&settings.attributes,
                               POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETPGROUP);

    pid_t pid = 0;
    const int failed =
        ::posix_spawnp(&pid, request.argv.at(0).c_str(), &settings.actions, &settings.attributes,
                       pointers(request.argv).data(), pointers(request.environment).data());
    if (failed == ENOENT)
        throw Error(ErrorKind::not_found, fmt::format("program '{}' was not found", request.argv[0]));
    if (failed != 0)
        throw Error(ErrorKind::internal,
                    fmt::format("cannot run '{}': {}", request.argv[0], errno_text(failed)));
    Child child(pid);
    input.read.reset();
    output.write.reset();
    errors.write.reset();
    set_nonblocking(input.write);
    set_nonblocking(output.read);
    set_nonblocking(errors.read);
    const std::stop_callback on_stop(stop, [&wake] {
        const ssize_t ignored = ::write(wake.write.get(), "x", 1);
        static_cast<void>(ignored);
    });

    SubprocessResult result;
    std::string_view unsent = request.input;
    if (unsent.empty()) input.write.reset();
    const SteadyTime deadline = system_clock().steady() + request.timeout;
    bool ended = false;
    // After the program ended, a grandchild may hold the pipes open: what is there is read, more is not
    // waited for.
    while (!ended) {
        const auto left =
            std::chrono::duration_cast<std::chrono::milliseconds>(deadline - system_clock().steady()).count();
        if (left <= 0) {
            result.timed_out = true;
            child.kill_group();
            break;
        }
        std::array<pollfd, 5> waits{{{child.pidfd(), POLLIN, 0},
                                     {output.read.get(), POLLIN, 0},
                                     {errors.read.get(), POLLIN, 0},
                                     {input.write.get(), POLLOUT, 0},
                                     {wake.read.get(), POLLIN, 0}}};
        if (::poll(waits.data(), waits.size(), static_cast<int>(std::min<std::int64_t>(left, 60000))) < 0 &&
            errno != EINTR)
            throw Error(ErrorKind::internal, "poll failed: " + errno_text(errno));
        if (stop.stop_requested()) throw Interrupted(0);
        if (input.write && waits[3].revents != 0) {
            const ssize_t put = ::write(input.write.get(), unsent.data(), unsent.size());
            if (put > 0) unsent.remove_prefix(static_cast<std::size_t>(put));
            if (unsent.empty() || (put < 0 && errno != EAGAIN && errno != EINTR)) input.write.reset();
        }
        ended = waits[0].revents != 0;
        if (output.read) drain(output.read, result.output, request.output_limit);
        if (errors.read) drain(errors.read, result.error_output, request.output_limit);
    }
    result.exit_code = child.reap();
    return result;
}

std::optional<std::filesystem::path> find_program(const std::string& name, const std::string& search) {
    std::string_view rest = search;
    for (;;) {
        const std::size_t colon = rest.find(':');
        const std::filesystem::path candidate = std::filesystem::path(rest.substr(0, colon)) / name;
        std::error_code ignored;
        if (candidate.is_absolute() && std::filesystem::is_regular_file(candidate, ignored) &&
            ::access(candidate.c_str(), X_OK) == 0)
            return candidate;
        if (colon == std::string_view::npos) return std::nullopt;
        rest.remove_prefix(colon + 1);
    }
}

}  // namespace spawnai
