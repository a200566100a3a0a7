#include "engine/control_api.hpp"
#include "engine/egress.hpp"
#include "engine/engine_files.hpp"
#include "engine/gateway.hpp"
#include "engine/host_network.hpp"
#include "engine/launcher.hpp"
#include "engine/privileges.hpp"
#include "engine/routes.hpp"
#include "engine/runtimes.hpp"
#include "engine/sandboxes.hpp"
#include "engine/workers.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/engine/engine.hpp>

#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <random>
#include <thread>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using boost::system::error_code;

constexpr unsigned k_workers = 12;
constexpr const char* k_isolation = "strict";
constexpr std::chrono::milliseconds k_lock_patience{8000};
constexpr std::chrono::milliseconds k_last_answers{300};
constexpr std::chrono::minutes k_visit{5};  ///< what a visitor who wakes a sandbox gives it
constexpr off_t k_largest_log = 4 << 20;
// Below what the kernel hands out for outgoing connections, so that nobody takes the port by chance while no engine runs.
constexpr int k_first_port = 20000;
constexpr int k_last_port = 29999;

/// What must be looked at with the user's own privileges, before they are given up.
struct Preparation {
    EngineOptions options;
    std::vector<RuntimeMount> runtimes;
    std::string npmrc;
    Fd agent;
};

std::string read_all(int fd) {
    std::string text;
    char piece[4096];
    for (;;) {
        const ssize_t got = ::read(fd, piece, sizeof piece);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return text;
        text.append(piece, static_cast<std::size_t>(got));
    }
}

std::string text_or_empty(const fs::path& file) {
    try {
        return read_file_if_exists(file, 1U << 20U).value_or("");
    } catch (const Error&) {
        return {};
    }
}

Preparation prepare(EngineOptions options) {
    Preparation ready;
    std::vector<fs::path> kept_out{options.location.state_dir};
    const auto home = options.environment.get("HOME");
    if (home) {
        kept_out.emplace_back(*home);
        ready.npmrc = text_or_empty(fs::path(*home) / ".npmrc");
    }
    ready.agent = Fd(::open(options.agent.c_str(), O_RDONLY | O_CLOEXEC));
    if (!ready.agent)
        throw Error(ErrorKind::no_sandbox, fmt::format("cannot read {}: {}", options.agent.string(), errno_text(errno)),
                    "spawnai-agent belongs to the installation: install spawnai again");
    const fs::path copies = options.location.state_dir / "runtimes";
    if (options.location.drops_privileges) {
        const Account account = unprivileged_account();
        make_directory_for(options.location.state_dir, account);
        // What root has in its home is out of that account's reach, unless it is shown at a place of ours.
        const auto reach = [&](const fs::path& prefix, const std::string& program) -> std::optional<fs::path> {
            if (!obstacle_for(prefix, account)) return prefix;
            const fs::path place = options.location.state_dir / "shown" / program;
            if (show_privately(prefix, place, account)) return place;
            return std::nullopt;
        };
        ready.runtimes = find_runtimes(options.environment, kept_out, reach, copies);
        become(account);
    } else if (::geteuid() == 0) {
        throw Error(ErrorKind::internal, "the engine was told to stay root");
    } else {
        ready.runtimes = find_runtimes(
            options.environment, kept_out,
            [](const fs::path& prefix, const std::string&) { return std::optional(prefix); }, copies);
    }
    ready.options = std::move(options);
    return ready;
}

/// The agent as the engine's own uid can reach it: where it is, or a copy in the state directory.
fs::path reachable_agent(const EngineOptions& options, const Fd& opened) {
    if (::access(options.agent.c_str(), R_OK | X_OK) == 0) return options.agent;
    fs::path copy = options.location.state_dir / "spawnai-agent";
    write_file_atomic(copy, read_all(opened.get()), 0755);
    return copy;
}

void check_socket_dir(const fs::path& directory) {
    constexpr std::size_t k_longest = 107 - 27;
    if (directory.string().size() <= k_longest) return;
    throw Error(ErrorKind::no_sandbox,
                fmt::format("the path {} is too long for sockets: {} bytes, at most {}", directory.string(),
                            directory.string().size(), k_longest),
                "set SPAWNAI_HOME to a shorter path");
}

void raise_file_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
    limit.rlim_cur = limit.rlim_max;
    ::setrlimit(RLIMIT_NOFILE, &limit);
}

Secret load_or_make_key(const EngineFiles& files) {
    if (auto key = read_api_key(files)) return *key;
    Secret key("e2b_" + random_hex(20));
    write_file_atomic(files.key, key.reveal() + "\n", 0600);
    return key;
}

// --- sockets -----------------------------------------------------------------------------------------------------------------

Fd listen_on(bool v6, std::uint16_t port) {
    Fd fd(::socket(v6 ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    if (!fd) return fd;
    const int on = 1;
    ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    int bound = -1;
    if (v6) {
        ::setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        sockaddr_in6 address{};
        address.sin6_family = AF_INET6;
        address.sin6_port = htons(port);
        address.sin6_addr = IN6ADDR_LOOPBACK_INIT;
        bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    } else {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_port = htons(port);
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        bound = ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address);
    }
    if (bound != 0 || ::listen(fd.get(), SOMAXCONN) != 0) {
        const int code = errno;
        fd.reset();
        errno = code;
    }
    return fd;
}

struct Listeners {
    std::uint16_t port = 0;
    Fd v4;
    Fd v6;  ///< unset on a machine without IPv6
};

/// Both families on one port, or nothing: somebody else's server on the other one would get half of the visitors.
std::optional<Listeners> try_port(std::uint16_t port) {
    Listeners listeners;
    listeners.port = port;
    listeners.v4 = listen_on(false, port);
    if (!listeners.v4) return std::nullopt;
    listeners.v6 = listen_on(true, port);
    if (!listeners.v6 && errno == EADDRINUSE) return std::nullopt;
    return listeners;
}

Listeners listen_loopback(const EngineFiles& files) {
    if (const auto stored = read_port(files))
        if (auto listeners = try_port(*stored)) return std::move(*listeners);
    std::random_device random;
    std::uniform_int_distribution<int> any(k_first_port, k_last_port);
    for (int attempt = 0; attempt < 200; ++attempt) {
        auto listeners = try_port(static_cast<std::uint16_t>(any(random)));
        if (!listeners) continue;
        write_file_atomic(files.port, std::to_string(listeners->port) + "\n", 0600);
        return std::move(*listeners);
    }
    throw Error(ErrorKind::unavailable, "no free port on 127.0.0.1 for the local engine");
}

// --- idleness ----------------------------------------------------------------------------------------------------------------

/// Calls `stop` once nothing was going on for `patience`. Io thread.
class IdleWatch {
 public:
    IdleWatch(asio::io_context& io, std::chrono::seconds patience, std::function<bool()> busy,
              std::function<void()> stop)
        : timer_(io), patience_(patience), busy_(std::move(busy)), stop_(std::move(stop)) {
        wait();
    }
    /// Something ended just now.
    void touch() { last_busy_ = std::chrono::steady_clock::now(); }

 private:
    void wait() {
        timer_.expires_at(last_busy_ + patience_);
        timer_.async_wait([this](const error_code& error) {
            if (error) return;
            if (busy_()) touch();
            if (std::chrono::steady_clock::now() - last_busy_ < patience_) return wait();
            stop_();
        });
    }
    asio::steady_timer timer_;
    std::chrono::seconds patience_;
    std::function<bool()> busy_;
    std::function<void()> stop_;
    std::chrono::steady_clock::time_point last_busy_ = std::chrono::steady_clock::now();
};

// --- the engine --------------------------------------------------------------------------------------------------------------

void say_ready(const Json& line) {
    const std::string text = dump_json(line) + "\n";
    [[maybe_unused]] const ssize_t written = ::write(STDOUT_FILENO, text.data(), text.size());
    const Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    ::dup2(nowhere.get(), STDIN_FILENO);
    ::dup2(nowhere.get(), STDOUT_FILENO);
}

Log open_log(const EngineFiles& files) {
    struct stat status {};
    if (::stat(files.log.c_str(), &status) == 0 && status.st_size > k_largest_log)
        ::rename(files.log.c_str(), (files.log.string() + ".1").c_str());
    return Log(files.log, LogLevel::info);
}

FileLock take_engine_lock(const EngineFiles& files) {
    // An engine that ends at this moment still holds it.
    const auto patience = std::chrono::steady_clock::now() + k_lock_patience;
    for (;;) {
        if (auto lock = FileLock::try_acquire(files.lock)) return std::move(*lock);
        if (std::chrono::steady_clock::now() > patience)
            throw Error(ErrorKind::unavailable, "another engine runs and does not answer",
                        "spawnai engine status, then kill the pid that it names");
        system_clock().sleep(std::chrono::milliseconds(20), {});
    }
}

class Engine {
 public:
    Engine(Preparation ready, FileLock lock)
        : lock_(std::move(lock)),
          options_(std::move(ready.options)),
          files_(options_.location.state_dir),
          log_(open_log(files_)),
          agent_(reachable_agent(options_, ready.agent)),
          key_(load_or_make_key(files_)),
          listeners_(listen_loopback(files_)),
          egress_(io_, host_network(options_.environment, ready.npmrc, visible_inside),
                  name_servers(text_or_empty("/etc/resolv.conf")), log_),
          workers_(k_workers),
          sandboxes_(io_, workers_, egress_,
                     {options_.location.state_dir, options_.location.runtime_dir, agent_, std::move(ready.runtimes),
                      options_.limits, options_.max_sandboxes, options_.max_lifetime},
                     log_),
          control_(sandboxes_, control_settings(), system_clock(), [this] { request_stop(); }),
          gateway_(io_, hooks()),
          idle_(
              io_, options_.idle_exit, [this] { return sandboxes_.count() > 0 || gateway_.connections() > 0; },
              [this] { end("idle"); }),
          signals_(io_, SIGTERM, SIGINT, SIGHUP),
          last_answers_(io_) {}

    void open() {
        sandboxes_.on_end([this] { asio::post(io_, [this] { idle_.touch(); }); });
        sandboxes_.adopt();
        if (sandboxes_.count() == 0) self_test(options_.location.state_dir / "test", agent_);
        gateway_.serve(std::move(listeners_.v4), false);
        if (listeners_.v6) gateway_.serve(std::move(listeners_.v6), true);
        signals_.async_wait([this](const error_code& error, int /*signal*/) {
            if (!error) end("signal");
        });
        const Json info{
            {"pid", ::getpid()}, {"port", listeners_.port}, {"isolation", k_isolation}, {"options", public_options()}};
        write_file_atomic(files_.info, dump_json(info), 0600);
        log_.write(LogLevel::info, "engine_listens",
                   {{"pid", ::getpid()}, {"port", listeners_.port}, {"adopted", sandboxes_.count()}});
        say_ready({{"port", listeners_.port}});
    }

    void run() { io_.run(); }

 private:
    static bool visible_inside(const std::string& file) {
        const fs::path path = fs::path(file).lexically_normal();
        const std::string text = path.string();
        return (text.starts_with("/usr/") || text.starts_with("/etc/ssl/certs/")) && ::access(text.c_str(), R_OK) == 0;
    }

    [[nodiscard]] Json public_options() const {
        Json json = options_to_json(options_, false);
        json["environment"] = Json::object();
        return json;
    }

    [[nodiscard]] ControlSettings control_settings() const {
        return {key_,
                fmt::format("localhost:{}", listeners_.port),
                options_.version,
                k_isolation,
                static_cast<int>(std::max(1U, std::thread::hardware_concurrency())),
                options_.max_sandboxes,
                options_.max_lifetime,
                options_.limits};
    }

    GatewayHooks hooks() {
        GatewayHooks hooks;
        hooks.decide = [this](const RequestView& request) {
            const SandboxLookup lookup{[this](const std::string& id) { return sandboxes_.find(id); },
                                       [this] { return sandboxes_.all(); }};
            const auto now = std::chrono::duration_cast<std::chrono::seconds>(system_clock().now().time_since_epoch());
            return decide(request, lookup, now.count());
        };
        hooks.control = [this](ControlRequest request, std::function<void(Reply)> answer) {
            workers_.post(
                [this, request = std::move(request), answer = std::move(answer)] { answer(control_.handle(request)); });
        };
        hooks.unreachable = [](const RequestView& request, const ToSandbox& target, Unreachable why) {
            return unreachable_reply(request, target.id, target.port, why);
        };
        hooks.wake = [this](const std::string& id, std::function<void()> done) {
            workers_.post([this, id, done = std::move(done)] {
                try {
                    (void)sandboxes_.resume(id, system_clock().now() + k_visit, true);
                } catch (const Error& error) {
                    log_.write(LogLevel::warn, "sandbox_not_woken", {{"sandbox", id}, {"error", error.what()}});
                }
                done();
            });
        };
        hooks.connection_ended = [this] { idle_.touch(); };
        return hooks;
    }

    void request_stop() {
        asio::post(io_, [this] { end("asked"); });
    }

    /// Sandboxes go on: the next engine finds them.
    void end(const char* why) {
        log_.write(LogLevel::info, "engine_ends", {{"why", why}, {"sandboxes", sandboxes_.count()}});
        gateway_.stop_accepting();
        std::error_code ignored;
        fs::remove(files_.info, ignored);
        // The answer to whoever asked is still on its way.
        last_answers_.expires_after(gateway_.connections() == 0 ? std::chrono::milliseconds(0) : k_last_answers);
        last_answers_.async_wait([this](const error_code& /*error*/) { io_.stop(); });
    }

    FileLock lock_;
    const EngineOptions options_;
    const EngineFiles files_;
    const Log log_;
    const fs::path agent_;
    const Secret key_;
    asio::io_context io_{1};
    Listeners listeners_;
    Egress egress_;
    Workers workers_;
    Sandboxes sandboxes_;
    ControlApi control_;
    Gateway gateway_;
    IdleWatch idle_;
    asio::signal_set signals_;
    asio::steady_timer last_answers_;
};

void serve(EngineOptions options, bool check_only) {
    Preparation ready = prepare(std::move(options));
    const StateLocation location = ready.options.location;
    check_socket_dir(location.runtime_dir);
    if (check_only) {
        self_test(location.state_dir / "test", reachable_agent(ready.options, ready.agent));
        say_ready({{"checked", true}});
        return;
    }
    make_private_directories(location.state_dir / "sandboxes");
    make_private_directories(location.runtime_dir);
    const EngineFiles files(location.state_dir);
    FileLock lock = take_engine_lock(files);
    std::error_code ignored;
    fs::remove(files.info, ignored);
    const Fd errors(::open(files.errors.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (errors) ::dup2(errors.get(), STDERR_FILENO);
    raise_file_limit();
    Engine engine(std::move(ready), std::move(lock));
    engine.open();
    engine.run();
}

}  // namespace

int run_engine_role() {
    ::signal(SIGPIPE, SIG_IGN);
    try {
        const Json json = parse_json(read_all(STDIN_FILENO), "the engine's options", ErrorKind::usage);
        serve(options_from_json(json), json.value("checkOnly", false));
        return 0;
    } catch (const Error& error) {
        say_ready(error_to_json(error));
    } catch (const std::exception& error) {
        say_ready(error_to_json(Error(ErrorKind::internal, error.what())));
    }
    return 1;
}

}  // namespace spawnai::engine
