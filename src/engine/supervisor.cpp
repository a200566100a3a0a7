#include "engine/engine_files.hpp"
#include "engine/privileges.hpp"
#include "engine/record.hpp"
#include "engine/sandboxes.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/engine/engine.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstring>
#include <vector>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;

constexpr milliseconds k_start_patience{20000};
constexpr milliseconds k_probe_patience{2000};
constexpr milliseconds k_stop_patience{15000};

/// One HTTP exchange with the engine on loopback. @return the status; 0 when there was no answer.
int ask_engine(std::uint16_t port, const std::string& request, milliseconds patience) {
    const Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return 0;
    const timeval limit{patience.count() / 1000, patience.count() % 1000 * 1000};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    ::setsockopt(fd.get(), SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) return 0;
    if (::send(fd.get(), request.data(), request.size(), MSG_NOSIGNAL) != static_cast<ssize_t>(request.size()))
        return 0;
    constexpr std::string_view k_start = "HTTP/1.1 ";
    std::string head;
    char piece[512];
    while (head.size() < k_start.size() + 3) {
        const ssize_t got = ::recv(fd.get(), piece, sizeof piece, 0);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return 0;
        head.append(piece, static_cast<std::size_t>(got));
    }
    return head.starts_with(k_start) ? std::atoi(head.c_str() + k_start.size()) : 0;
}

struct EngineInfo {
    pid_t pid = 0;
    std::uint16_t port = 0;
    Json json;
};

std::optional<EngineInfo> read_info(const EngineFiles& files) {
    if (!FileLock::held(files.lock)) return std::nullopt;
    try {
        const auto text = read_file_if_exists(files.info, 65536);
        if (!text) return std::nullopt;
        EngineInfo info;
        info.json = parse_json(*text, files.info.string(), ErrorKind::internal);
        const JsonReader reader(info.json, "engine.json", ErrorKind::internal);
        info.pid = static_cast<pid_t>(reader.integer("pid"));
        info.port = static_cast<std::uint16_t>(reader.integer("port"));
        return info;
    } catch (const Error&) {
        return std::nullopt;
    }
}

std::string tail_of(const fs::path& file) {
    try {
        const auto text = read_file_if_exists(file, 8U << 20U);
        return text ? std::string(last_lines(sanitize_for_terminal(*text), 5)) : std::string();
    } catch (const Error&) {
        return {};
    }
}

/// Turns a stop request into something that poll() sees.
class StopSignal {
 public:
    explicit StopSignal(const std::stop_token& stop)
        : event_(::eventfd(0, EFD_CLOEXEC)), callback_(stop, Raise{event_.get()}) {}
    [[nodiscard]] int fd() const noexcept { return event_.get(); }

 private:
    struct Raise {
        int fd;
        void operator()() const noexcept {
            const std::uint64_t one = 1;
            [[maybe_unused]] const ssize_t written = ::write(fd, &one, sizeof one);
        }
    };
    Fd event_;
    std::stop_callback<Raise> callback_;
};

Fd options_file(const std::string& text) {
    Fd file(::memfd_create("spawnai-engine-options", MFD_CLOEXEC));
    if (!file || ::pwrite(file.get(), text.data(), text.size(), 0) != static_cast<ssize_t>(text.size()))
        throw Error(ErrorKind::internal, "cannot hand options to the engine: " + errno_text(errno));
    return file;
}

/// Runs `EXECUTABLE engine run` as a daemon with `input` and `output` as its first two descriptors.
void start_daemon(const EngineOptions& options, int input, int output) {
    const std::string executable = options.executable.string();
    std::vector<std::string> variables;
    for (const char* name : {"PATH", "TZ", "LD_LIBRARY_PATH"})
        if (const auto value = options.environment.get(name)) variables.push_back(fmt::format("{}={}", name, *value));
    std::vector<char*> environment;
    environment.reserve(variables.size() + 1);
    for (std::string& variable : variables) environment.push_back(variable.data());
    environment.push_back(nullptr);
    std::string words[] = {"spawnai", "engine", "run"};
    char* const arguments[] = {words[0].data(), words[1].data(), words[2].data(), nullptr};
    const Fd devnull(::open("/dev/null", O_RDWR | O_CLOEXEC));

    const pid_t child = ::fork();
    if (child < 0) throw Error(ErrorKind::unavailable, "cannot start the engine: " + errno_text(errno));
    if (child == 0) {
        // The parent may have threads: system calls only from here. The second fork leaves nobody to wait for the daemon.
        ::setsid();
        const pid_t daemon = ::fork();
        if (daemon != 0) ::_exit(daemon < 0 ? 1 : 0);
        sigset_t none;
        sigemptyset(&none);
        ::sigprocmask(SIG_SETMASK, &none, nullptr);
        for (const int number : {SIGPIPE, SIGINT, SIGTERM, SIGHUP}) ::signal(number, SIG_DFL);
        if (::chdir("/") != 0) ::_exit(1);
        ::umask(077);
        // Moved out of the way first: they may be among the numbers that they are to take.
        const int in = ::fcntl(input, F_DUPFD, 10);
        const int out = ::fcntl(output, F_DUPFD, 10);
        const int nowhere = ::fcntl(devnull.get(), F_DUPFD, 10);
        ::dup2(in, STDIN_FILENO);
        ::dup2(out, STDOUT_FILENO);
        ::dup2(nowhere, STDERR_FILENO);
        ::syscall(SYS_close_range, 3U, ~0U, 0U);
        ::execve(executable.c_str(), arguments, environment.data());
        ::_exit(127);
    }
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) continue;
    if (status != 0) throw Error(ErrorKind::unavailable, "cannot start the engine: no process can be made");
}

/// The engine's one line. @throws Error{unavailable}
std::string wait_for_ready(int fd, const EngineOptions& options, const std::stop_token& stop) {
    const StopSignal stopped(stop);
    const auto patience = std::chrono::steady_clock::now() + k_start_patience;
    std::string line;
    for (;;) {
        pollfd ready[] = {{fd, POLLIN, 0}, {stopped.fd(), POLLIN, 0}};
        const auto left = std::chrono::duration_cast<milliseconds>(patience - std::chrono::steady_clock::now());
        const int result = ::poll(ready, 2, static_cast<int>(std::max<milliseconds::rep>(0, left.count())));
        if (result < 0 && errno == EINTR) continue;
        if (result == 0) throw Error(ErrorKind::unavailable, "the local engine does not come up", "spawnai doctor");
        if ((ready[1].revents & POLLIN) != 0)
            throw Error(ErrorKind::unavailable, "stopped while the local engine was starting");
        char piece[4096];
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0)
            throw Error(
                ErrorKind::unavailable,
                fmt::format("the local engine ended before it listened ({} engine run)", options.executable.string()),
                "spawnai doctor", tail_of(EngineFiles(options.location.state_dir).errors));
        line.append(piece, static_cast<std::size_t>(got));
        const std::size_t end = line.find('\n');
        if (end != std::string::npos) return line.substr(0, end);
    }
}

void prepare_state_dir(const StateLocation& location) {
    if (location.drops_privileges) {
        make_directory_for(location.state_dir, unprivileged_account());
    } else {
        make_private_directories(location.state_dir);
    }
}

/// Starts an engine, or only has one look whether it could work. @throws what the engine says, as an Error.
void run_daemon(const EngineOptions& options, bool check_only, const std::stop_token& stop) {
    const Fd input = options_file(dump_json(options_to_json(options, check_only)));
    Pipe ready = make_pipe();
    start_daemon(options, input.get(), ready.write.get());
    ready.write.reset();
    const Json answer =
        parse_json(wait_for_ready(ready.read.get(), options, stop), "the engine's answer", ErrorKind::unavailable);
    if (answer.contains("kind")) throw error_from_json(answer);
}

fs::path directory_of(const fs::path& state_dir, const SandboxId& id) {
    return state_dir / "sandboxes" / id.str().substr(0, id.str().find('-'));
}

int count_live(const fs::path& state_dir) {
    int live = 0;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(state_dir / "sandboxes", error))
        if (FileLock::held(entry.path() / "lock")) ++live;
    return live;
}

}  // namespace

std::optional<EngineAddress> running_engine(const StateLocation& location) {
    const EngineFiles files(location.state_dir);
    const auto info = read_info(files);
    if (!info) return std::nullopt;
    const auto key = read_api_key(files);
    // Also tells the engine that somebody is there, so that it does not end for idleness at this moment.
    const std::string probe = "GET /health HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n";
    if (!key || ask_engine(info->port, probe, k_probe_patience) != 204) return std::nullopt;
    return EngineAddress{fmt::format("http://127.0.0.1:{}", info->port), fmt::format("localhost:{}", info->port), *key};
}

EngineAddress ensure_engine(const EngineOptions& options, const std::stop_token& stop) {
    if (auto address = running_engine(options.location)) return *address;
    prepare_state_dir(options.location);
    const FileLock starting = FileLock::acquire(EngineFiles(options.location.state_dir).start_lock);
    if (auto address = running_engine(options.location)) return *address;
    run_daemon(options, false, stop);
    if (auto address = running_engine(options.location)) return *address;
    throw Error(ErrorKind::unavailable, "the local engine started and is gone again", "spawnai doctor",
                tail_of(EngineFiles(options.location.state_dir).errors));
}

void check_isolation(const EngineOptions& options) {
    prepare_state_dir(options.location);
    run_daemon(options, true, {});
}

EngineStatus engine_status(const StateLocation& location) {
    const EngineFiles files(location.state_dir);
    EngineStatus status;
    status.state_dir = location.state_dir;
    status.live_sandboxes = count_live(location.state_dir);
    try {
        status.port = read_port(files).value_or(0);
    } catch (const Error&) {
        // An unreadable port is chosen anew at the next start.
    }
    const auto info = read_info(files);
    if (!info) return status;
    const EngineOptions options = options_from_json(info->json.at("options"));
    status.running = true;
    status.pid = info->pid;
    status.port = info->port;
    status.isolation = info->json.value("isolation", "");
    status.version = options.version;
    status.max_sandboxes = options.max_sandboxes;
    status.max_lifetime = options.max_lifetime;
    status.limits = options.limits;
    return status;
}

bool stop_engine(const StateLocation& location, bool kill_sandboxes) {
    const EngineFiles files(location.state_dir);
    const auto info = read_info(files);
    if (!info) {
        if (kill_sandboxes) kill_all_sandboxes(location.state_dir);
        return false;
    }
    const Fd process(static_cast<int>(::syscall(SYS_pidfd_open, info->pid, 0)));
    const auto key = read_api_key(files);
    const std::string body = kill_sandboxes ? R"({"killSandboxes":true})" : "{}";
    const std::string request = fmt::format(
        "POST /engine/stop HTTP/1.1\r\nHost: 127.0.0.1\r\nX-API-Key: {}\r\nContent-Type: application/json\r\n"
        "Content-Length: {}\r\nConnection: close\r\n\r\n{}",
        key ? key->reveal() : "", body.size(), body);
    const int status = ask_engine(info->port, request, k_stop_patience);
    if (status != 204)
        throw Error(ErrorKind::unavailable, fmt::format("the local engine (pid {}) does not answer", info->pid),
                    fmt::format("kill {}: its sandboxes go on, and the next command finds them again", info->pid));
    pollfd ended{process.get(), POLLIN, 0};
    if (process && ::poll(&ended, 1, static_cast<int>(k_stop_patience.count())) == 0)
        throw Error(ErrorKind::unavailable, fmt::format("the local engine (pid {}) does not end", info->pid),
                    fmt::format("kill {}", info->pid));
    return true;
}

bool sandbox_alive(const fs::path& state_dir, const SandboxId& id) {
    return FileLock::held(directory_of(state_dir, id) / "lock");
}

bool sandbox_paused(const fs::path& state_dir, const SandboxId& id) {
    const auto record = load_record(directory_of(state_dir, id));
    if (!record) return false;
    // Without an engine the agent pauses by itself, and nobody writes it down.
    return record->paused || (record->auto_pause && record->deadline <= system_clock().now());
}

}  // namespace spawnai::engine
