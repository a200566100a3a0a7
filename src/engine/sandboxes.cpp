#include "engine/sandboxes.hpp"

#include "engine/agent_client.hpp"
#include "engine/remove_tree.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/id.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;
namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::chrono::seconds k_death_patience{10};
constexpr std::chrono::seconds k_unnamed_patience{4};
// Wall time may jump or stand still while the machine sleeps; the agent's own timer does not mind, ours looks again.
constexpr std::chrono::seconds k_longest_timer{30};
constexpr std::size_t k_longest_output = 64U << 10U;

WallTime now() {
    return system_clock().now();
}

Fd open_pidfd(pid_t pid) {
    return Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
}

void send_kill(int pidfd) {
    ::syscall(SYS_pidfd_send_signal, pidfd, SIGKILL, nullptr, 0);
}

bool wait_for_end(int pidfd, std::chrono::milliseconds patience) {
    pollfd ended{pidfd, POLLIN, 0};
    int result = 0;
    do {
        result = ::poll(&ended, 1, static_cast<int>(patience.count()));
    } while (result < 0 && errno == EINTR);
    return result == 1;
}

/// Reaps bwrap's own process, which ends by itself right after the agent.
void reap(pid_t outer) {
    if (outer <= 0) return;
    const Fd pidfd = open_pidfd(outer);
    if (pidfd && !wait_for_end(pidfd.get(), k_death_patience)) send_kill(pidfd.get());
    while (::waitpid(outer, nullptr, 0) < 0 && errno == EINTR) continue;
}

std::vector<fs::path> directories_in(const fs::path& parent) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(parent, error))
        if (entry.is_directory(error) && SandboxTag::valid(entry.path().filename().string()))
            found.push_back(entry.path());
    return found;
}

/// Ends a living sandbox whose process is not known, through its agent. @return whether it is gone.
bool end_unnamed(const fs::path& directory, const fs::path& socket) {
    const AgentClient agent(socket);
    const WallTime past = now() - std::chrono::seconds(60);
    try {
        agent.set_times(past, past);
    } catch (const Error&) {
        try {
            agent.init({past, past, false}, {}, {});
        } catch (const Error&) {
            // It may be ending at this moment.
        }
    }
    const auto patience = std::chrono::steady_clock::now() + k_unnamed_patience;
    while (FileLock::held(directory / "lock")) {
        if (std::chrono::steady_clock::now() > patience) return false;
        system_clock().sleep(std::chrono::milliseconds(50), {});
    }
    return true;
}

}  // namespace

struct Sandboxes::State : std::enable_shared_from_this<State> {
    /// One live sandbox with what ends it. `watch` members belong to the io thread.
    struct Entry : LiveSandbox {
        explicit Entry(asio::io_context& io) : death(io), output(io), timer(io) {}
        Fd pidfd;
        pid_t outer_pid = 0;
        std::mutex change_mutex;  ///< orders changes of time and state, so that engine and agent agree about them
        bool finishing = false;   ///< guarded by State::mutex
        bool finished = false;    ///< guarded by State::mutex
        asio::posix::stream_descriptor death;
        asio::posix::stream_descriptor output;
        asio::steady_timer timer;
        std::array<char, 4096> piece{};
        std::size_t output_seen = 0;
    };
    using EntryPtr = std::shared_ptr<Entry>;

    State(asio::io_context& context, Workers& pool, Egress& way_out, SandboxesSettings s, Log diagnostics)
        : io(context),
          workers(pool),
          egress(way_out),
          settings(std::move(s)),
          log(std::move(diagnostics)),
          ended_logs(settings.state_dir / "logs") {}

    asio::io_context& io;
    Workers& workers;
    Egress& egress;
    const SandboxesSettings settings;
    const Log log;
    const EndedLogs ended_logs;
    std::function<void()> told_end;

    mutable std::mutex mutex;
    std::condition_variable changed;
    std::map<std::string, EntryPtr> live;
    int starting = 0;
    std::mutex launching;  ///< more than one launch at a time only makes each slower

    [[nodiscard]] fs::path directory(const std::string& id) const { return settings.state_dir / "sandboxes" / id; }

    [[nodiscard]] EntryPtr find(const std::string& id) const {
        const std::lock_guard lock(mutex);
        const auto found = live.find(id);
        return found == live.end() || found->second->finishing ? nullptr : found->second;
    }

    // --- end ---------------------------------------------------------------------------------------------------------------

    /// Keeps the log, forgets the sandbox and moves its files out of the way; their deletion goes on in the background.
    void retire(const fs::path& dir, const std::string& id, const fs::path& socket) {
        if (const auto app = read_app_log(dir)) ended_logs.keep(id, *app);
        ended_logs.prune(now());
        std::error_code error;
        // A record that somebody damaged must not make us delete another file.
        if (socket.filename() == id + ".sock") fs::remove(socket, error);
        const fs::path trash = settings.state_dir / "trash" / (id + "." + random_token(6));
        fs::create_directories(trash.parent_path(), error);
        fs::rename(dir, trash, error);
        const fs::path doomed = error ? dir : trash;
        workers.post([doomed] { remove_tree(doomed); });
    }

    /// Cleans up after a dead sandbox, once; everybody else who comes waits until that is done.
    void finish(const EntryPtr& entry) {
        const std::string id = entry->record.id;
        {
            std::unique_lock lock(mutex);
            if (entry->finishing) {
                changed.wait(lock, [&] { return entry->finished; });
                return;
            }
            entry->finishing = true;
        }
        egress.detach(id);
        retire(directory(id), id, entry->record.socket);
        reap(entry->outer_pid);
        asio::post(io, [entry] {
            error_code ignored;
            entry->death.close(ignored);
            entry->output.close(ignored);
            entry->timer.cancel();
        });
        log.write(LogLevel::info, "sandbox_ended", {{"sandbox", id}});
        {
            const std::lock_guard lock(mutex);
            live.erase(id);
            entry->finished = true;
        }
        changed.notify_all();
        if (told_end) told_end();
    }

    bool kill(const EntryPtr& entry) {
        send_kill(entry->pidfd.get());
        if (!wait_for_end(entry->pidfd.get(), k_death_patience)) return false;
        finish(entry);
        return true;
    }

    // --- watch (io thread) -------------------------------------------------------------------------------------------------

    void watch_death(const EntryPtr& entry) {
        entry->death.async_wait(asio::posix::stream_descriptor::wait_read,
                                [self = shared_from_this(), entry](error_code error) {
                                    if (!error) self->workers.post([self, entry] { self->finish(entry); });
                                });
    }

    void watch_deadline(const EntryPtr& entry) {
        const auto left = std::clamp<std::chrono::milliseconds>(entry->deadline() - now(), std::chrono::milliseconds(0),
                                                                k_longest_timer);
        entry->timer.expires_after(left);
        entry->timer.async_wait([self = shared_from_this(), entry](error_code error) {
            if (error) return;
            if (entry->deadline() > now()) return self->watch_deadline(entry);
            self->workers.post([self, entry] { self->time_is_up(entry); });
        });
    }

    void watch_deadline_again(const EntryPtr& entry) {
        asio::post(io, [self = shared_from_this(), entry] { self->watch_deadline(entry); });
    }

    void time_is_up(const EntryPtr& entry) {
        {
            const std::lock_guard lock(entry->change_mutex);
            // Somebody may have been faster, with an extension or a pause: he has the new time watched.
            if (entry->deadline() > now()) return;
            log.write(LogLevel::info, "sandbox_deadline", {{"sandbox", entry->record.id}});
            if (entry->record.auto_pause && !entry->paused && now() < entry->end) {
                try {
                    pause(*entry, true);
                    return watch_deadline_again(entry);
                } catch (const Error& error) {
                    log.write(LogLevel::warn, "sandbox_not_paused",
                              {{"sandbox", entry->record.id}, {"error", error.what()}});
                }
            }
        }
        kill(entry);
    }

    // --- change (change_mutex held) ------------------------------------------------------------------------------------------

    /// Writes down what a later engine and the command line look for. The agent's word is the truth, so a full disk is no
    /// reason to fail.
    void note(Entry& entry, bool paused, WallTime deadline) {
        entry.deadline_ms = deadline.time_since_epoch().count();
        entry.paused = paused;
        SandboxRecord record = entry.record;
        record.deadline = deadline;
        record.paused = paused;
        try {
            save_record(directory(record.id), record);
        } catch (const Error& error) {
            log.write(LogLevel::warn, "record_not_saved", {{"sandbox", record.id}, {"error", error.what()}});
        }
    }

    void pause(Entry& entry, bool keep_memory) {
        const AgentClient agent(entry.record.socket);
        // Before anything stops: who comes from now on waits at the door, and not for an app that does not answer any more.
        entry.paused = true;
        try {
            agent.pause(keep_memory);
        } catch (const Error&) {
            entry.paused = false;
            // Whatever it was at, it is to be running for both of us.
            agent.resume(entry.deadline(), true);
            throw;
        }
        note(entry, true, entry.end);
        log.write(LogLevel::info, "sandbox_paused", {{"sandbox", entry.record.id}});
    }

    void resume(Entry& entry, WallTime deadline, bool keep_memory) {
        deadline = std::min(deadline, entry.end);
        AgentClient(entry.record.socket).resume(deadline, keep_memory);
        note(entry, false, deadline);
        log.write(LogLevel::info, "sandbox_resumed", {{"sandbox", entry.record.id}});
    }

    /// What the agent says goes to the diagnostic log, up to a limit; beyond it is read and dropped so that it never blocks.
    void watch_output(const EntryPtr& entry) {
        entry->output.async_read_some(
            asio::buffer(entry->piece), [self = shared_from_this(), entry](error_code error, std::size_t got) {
                if (error) return;
                if (entry->output_seen < k_longest_output)
                    self->log.write(LogLevel::info, "agent_output",
                                    {{"sandbox", entry->record.id},
                                     {"text", sanitize_for_terminal(std::string_view(entry->piece.data(), got))}});
                entry->output_seen += got;
                self->watch_output(entry);
            });
    }

    void watch(const EntryPtr& entry, Fd output) {
        const int pidfd_copy = ::fcntl(entry->pidfd.get(), F_DUPFD_CLOEXEC, 0);
        asio::post(io, [self = shared_from_this(), entry, pidfd_copy, raw_output = output.release()] {
            error_code error;
            entry->death.assign(pidfd_copy, error);
            if (!error) self->watch_death(entry);
            self->watch_deadline(entry);
            if (raw_output < 0) return;
            entry->output.assign(raw_output, error);
            if (!error) self->watch_output(entry);
        });
    }

    // --- start -------------------------------------------------------------------------------------------------------------

    void take_place() {
        const std::lock_guard lock(mutex);
        if (static_cast<int>(live.size()) + starting >= settings.max_sandboxes)
            throw Error(
                ErrorKind::limit,
                fmt::format("you have reached the maximum number of concurrent E2B sandboxes ({}). If you need more, "
                            "end some or raise local.max-sandboxes",
                            settings.max_sandboxes),
                "spawnai ls, then spawnai kill ID");
        ++starting;
    }

    void give_place() {
        const std::lock_guard lock(mutex);
        --starting;
    }

    [[nodiscard]] std::map<std::string, std::string> environment_inside(const CreateRequest& request,
                                                                        const std::string& id) const {
        std::map<std::string, std::string> environment{
            {"E2B_SANDBOX", "true"}, {"E2B_SANDBOX_ID", id}, {"E2B_TEMPLATE_ID", request.template_id}};
        for (const auto& [name, value] : egress.network().environment) environment[name] = value;
        for (const auto& [name, value] : request.environment) environment[name] = value;
        return environment;
    }

    EntryPtr start(const CreateRequest& request) {
        auto entry = std::make_shared<Entry>(io);
        SandboxRecord& record = entry->record;
        record.id = "i" + random_token(20);
        record.template_id = request.template_id;
        record.metadata = request.metadata;
        record.internet = request.internet;
        record.auto_pause = request.auto_pause;
        record.auto_resume = request.auto_resume;
        record.access_token = random_hex(32);
        if (!request.public_traffic) record.traffic_token = random_hex(32);
        record.socket = settings.socket_dir / (record.id + ".sock");
        record.created = now();
        record.deadline = record.created + request.lifetime;
        entry->end = record.created + settings.max_lifetime;
        record.boot_id = current_boot_id();
        const fs::path dir = directory(record.id);
        make_private_directories(dir);
        save_record(dir, record);

        LaunchRequest launch_request;
        launch_request.state_dir = dir;
        launch_request.socket_path = record.socket;
        launch_request.agent = settings.agent;
        launch_request.runtimes = &settings.runtimes;
        launch_request.passed_environment = egress.network().environment;
        launch_request.internet = request.internet;
        Launched launched;
        try {
            const std::lock_guard lock(launching);
            launched = launch(launch_request);
        } catch (const Error& error) {
            retire(dir, record.id, record.socket);
            // A full disk is no matter of how many sandboxes there are, which is what a limit means to clients.
            if (error.kind() == ErrorKind::limit) throw Error(ErrorKind::unavailable, error.what(), error.hint());
            throw;
        }
        entry->pidfd = std::move(launched.pidfd);
        entry->outer_pid = launched.outer_pid;
        try {
            record.pid = launched.pid;
            record.start_time = launched.start_time;
            record.pid_namespace = launched.pid_namespace;
            save_record(dir, record);
            if (request.internet) egress.attach(record.id, launched.network_namespace);
            AgentClient(record.socket)
                .init({record.deadline, entry->end, record.auto_pause}, environment_inside(request, record.id),
                      settings.limits);
        } catch (...) {
            send_kill(entry->pidfd.get());
            wait_for_end(entry->pidfd.get(), k_death_patience);
            finish(entry);
            throw;
        }
        entry->deadline_ms = record.deadline.time_since_epoch().count();
        {
            const std::lock_guard lock(mutex);
            live[record.id] = entry;
            --starting;
        }
        watch(entry, std::move(launched.output));
        log.write(LogLevel::info, "sandbox_started",
                  {{"sandbox", record.id}, {"pid", record.pid}, {"internet", record.internet}});
        return entry;
    }

    // --- adopt -------------------------------------------------------------------------------------------------------------

    EntryPtr recognise(const fs::path& dir) {
        auto record = load_record(dir);
        if (!record || record->pid <= 1) return nullptr;
        auto entry = std::make_shared<Entry>(io);
        entry->pidfd = open_pidfd(record->pid);
        if (!entry->pidfd || !is_same_process(*record, entry->pidfd.get())) return nullptr;
        entry->record = std::move(*record);
        entry->end = entry->record.created + settings.max_lifetime;
        entry->deadline_ms = entry->record.deadline.time_since_epoch().count();
        entry->paused = entry->record.paused;
        return entry;
    }

    /// An engine that died between agent and record leaves them in disagreement, and so does an agent that was alone at its
    /// deadline: what the agent says is how it is.
    void agree(Entry& entry) {
        const AgentClient agent(entry.record.socket);
        const AgentClient::State state = agent.state();
        const WallTime deadline = state.paused ? entry.end : std::min(state.deadline, entry.end);
        agent.set_times(deadline, entry.end);
        note(entry, state.paused, deadline);
    }

    void adopt(const fs::path& dir) {
        const std::string id = dir.filename().string();
        const fs::path default_socket = settings.socket_dir / (id + ".sock");
        if (!FileLock::held(dir / "lock")) {
            const auto record = load_record(dir);
            retire(dir, id, record ? record->socket : default_socket);
            log.write(LogLevel::info, "sandbox_found_dead", {{"sandbox", id}});
            return;
        }
        const EntryPtr entry = recognise(dir);
        try {
            if (entry) agree(*entry);
        } catch (const Error& error) {
            log.write(LogLevel::warn, "adopted_agent_silent", {{"sandbox", id}, {"error", error.what()}});
        }
        if (!entry) {
            const bool gone = end_unnamed(dir, default_socket);
            log.write(LogLevel::warn, "sandbox_not_recognised", {{"sandbox", id}, {"ended", gone}});
            if (gone) retire(dir, id, default_socket);
            return;
        }
        if (entry->record.internet) {
            try {
                egress.attach(id, network_namespace_of(entry->record.socket));
            } catch (const Error& error) {
                log.write(LogLevel::warn, "adopted_without_internet", {{"sandbox", id}, {"error", error.what()}});
            }
        }
        {
            const std::lock_guard lock(mutex);
            live[id] = entry;
        }
        watch(entry, Fd());
        log.write(LogLevel::info, "sandbox_adopted", {{"sandbox", id}, {"pid", entry->record.pid}});
    }
};

Sandboxes::Sandboxes(asio::io_context& io, Workers& workers, Egress& egress, SandboxesSettings settings, Log log)
    : state_(std::make_shared<State>(io, workers, egress, std::move(settings), std::move(log))) {}

Sandboxes::~Sandboxes() = default;

void Sandboxes::on_end(std::function<void()> told) {
    state_->told_end = std::move(told);
}

void Sandboxes::adopt() {
    std::error_code error;
    for (const auto& left : fs::directory_iterator(state_->settings.state_dir / "trash", error))
        state_->workers.post([path = left.path()] { remove_tree(path); });
    for (const fs::path& dir : directories_in(state_->settings.state_dir / "sandboxes")) state_->adopt(dir);
}

LiveSandboxPtr Sandboxes::create(const CreateRequest& request) {
    state_->take_place();
    try {
        return state_->start(request);
    } catch (...) {
        state_->give_place();
        throw;
    }
}

LiveSandboxPtr Sandboxes::find(const std::string& id) const {
    return state_->find(id);
}

std::vector<LiveSandboxPtr> Sandboxes::all() const {
    const std::lock_guard lock(state_->mutex);
    std::vector<LiveSandboxPtr> result;
    for (const auto& [id, entry] : state_->live)
        if (!entry->finishing) result.push_back(entry);
    return result;
}

std::size_t Sandboxes::count() const {
    const std::lock_guard lock(state_->mutex);
    return state_->live.size() + static_cast<std::size_t>(state_->starting);
}

bool Sandboxes::kill(const std::string& id) {
    const auto entry = state_->find(id);
    if (!entry) return false;
    state_->log.write(LogLevel::info, "sandbox_kill_asked", {{"sandbox", id}});
    if (!state_->kill(entry))
        throw Error(ErrorKind::internal, fmt::format("sandbox {} does not end", id),
                    "try again, or stop the engine with --all");
    return true;
}

void Sandboxes::kill_all() {
    std::vector<State::EntryPtr> entries;
    {
        const std::lock_guard lock(state_->mutex);
        for (const auto& [id, entry] : state_->live) entries.push_back(entry);
    }
    for (const auto& entry : entries) send_kill(entry->pidfd.get());
    for (const auto& entry : entries) state_->kill(entry);
}

Outcome Sandboxes::set_deadline(const std::string& id, WallTime deadline) {
    const auto entry = state_->find(id);
    if (!entry) return Outcome::unknown;
    const std::lock_guard lock(entry->change_mutex);
    if (entry->paused) return Outcome::wrong_state;
    deadline = std::min(deadline, entry->end);
    const bool running = AgentClient(entry->record.socket).set_times(deadline, entry->end);
    // It was alone with its deadline for a moment, and paused.
    state_->note(*entry, !running, running ? deadline : entry->end);
    state_->watch_deadline_again(entry);
    return running ? Outcome::done : Outcome::wrong_state;
}

Outcome Sandboxes::pause(const std::string& id, bool keep_memory) {
    const auto entry = state_->find(id);
    if (!entry) return Outcome::unknown;
    const std::lock_guard lock(entry->change_mutex);
    if (entry->paused) return Outcome::wrong_state;
    state_->pause(*entry, keep_memory);
    state_->watch_deadline_again(entry);
    return Outcome::done;
}

Outcome Sandboxes::resume(const std::string& id, WallTime deadline, bool keep_memory) {
    const auto entry = state_->find(id);
    if (!entry) return Outcome::unknown;
    const std::lock_guard lock(entry->change_mutex);
    if (!entry->paused) return Outcome::wrong_state;
    state_->resume(*entry, deadline, keep_memory);
    state_->watch_deadline_again(entry);
    return Outcome::done;
}

std::optional<AppLog> Sandboxes::app_log(const std::string& id) const {
    if (state_->find(id)) return read_app_log(state_->directory(id));
    return state_->ended_logs.find(id);
}

int kill_all_sandboxes(const fs::path& state_dir) {
    int killed = 0;
    for (const fs::path& dir : directories_in(state_dir / "sandboxes")) {
        if (!FileLock::held(dir / "lock")) continue;
        ++killed;
        const auto record = load_record(dir);
        const Fd pidfd = record ? open_pidfd(record->pid) : Fd();
        if (pidfd && is_same_process(*record, pidfd.get())) {
            send_kill(pidfd.get());
            wait_for_end(pidfd.get(), k_death_patience);
        } else if (record) {
            end_unnamed(dir, record->socket);
        }
    }
    return killed;
}

}  // namespace spawnai::engine
