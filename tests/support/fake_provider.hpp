#pragma once

#include <spawnai/core/error.hpp>
#include <spawnai/sandbox/provider.hpp>

#include <fmt/core.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace spawnai::testing {

/// A provider in memory. It keeps what it is given, lets sandboxes expire by the clock that it was built
/// with, records every call, and fails where it is told to. Safe from any thread; it must outlive the
/// sandboxes and processes it gave out.
class FakeProvider : public sandbox::Provider {
 public:
    /// One call as recorded: "create", "attach", "get", "list", "kill", "set_timeout", "pause", "resume",
    /// "metrics", "retained_log", and per sandbox "write_files", "read_file", "list_files", "move", "remove",
    /// "watch", "run", "start", "connect", "processes", "signal", "alive", "wait", "send_input", "close_input",
    /// "resize".
    struct Call {
        std::string name;
        std::string sandbox;  ///< id, empty for create and list
        std::string detail;   ///< paths, the shell text of a command, the seconds of a time-out ...
    };

    /// What a command does, for run() and start().
    struct Outcome {
        int code = 0;
        std::string output;
        std::string error_output;
        bool keeps_running =
            false;  ///< start(): lives until a signal, end_process() or the sandbox's end. run(): is an error
    };
    using Files = std::map<std::string, std::string>;
    using Script = std::function<Outcome(const sandbox::Command& command, Files& files)>;

    explicit FakeProvider(const Clock& clock) : clock_(&clock) {}

    // What tests tell it.

    /// The `nth` call of that name from now (1 is the next) throws `error` instead of acting; a create then says that it made
    /// nothing.
    void fail(const std::string& name, Error error, int nth = 1) {
        const std::lock_guard lock(mutex_);
        failures_.push_back({name, nth, [error, create = name == "create"] {
                                 if (create) throw sandbox::NotCreated(error);
                                 throw error;
                             }});
    }
    /// Runs `action` just before the `nth` call of that name acts: move the clock, request a stop, throw
    /// anything.
    void before(const std::string& name, std::function<void()> action, int nth = 1) {
        const std::lock_guard lock(mutex_);
        failures_.push_back({name, nth, std::move(action)});
    }
    /// Answers commands whose shell text contains `part`; later rules win; others do nothing and exit 0. The
    /// script runs under the fake's lock and must not call it.
    void on_command(const std::string& part, Script script) {
        const std::lock_guard lock(mutex_);
        scripts_.emplace_back(part, std::move(script));
    }
    void on_command(const std::string& part, Outcome outcome) {
        on_command(part, [outcome](const sandbox::Command&, Files&) { return outcome; });
    }
    /// How url() is made, for tests that serve the app themselves.
    void set_url(std::function<std::string(const SandboxId& id, int port)> make) {
        const std::lock_guard lock(mutex_);
        make_url_ = std::move(make);
    }
    /// create() beyond that many live sandboxes throws Error{limit}.
    void set_capacity(std::size_t count) {
        const std::lock_guard lock(mutex_);
        capacity_ = count;
    }
    void set_retained_log(const SandboxId& id, std::string text) {
        const std::lock_guard lock(mutex_);
        box(id).log = std::move(text);
    }
    /// Ends a process that keeps running, from outside.
    void end_process(const SandboxId& id, std::int64_t pid, sandbox::ExitStatus status) {
        const std::lock_guard lock(mutex_);
        end(box(id), pid, std::move(status));
    }
    /// What get() and list() say of it from now on.
    void change(const SandboxId& id, const std::function<void(sandbox::SandboxInfo&)>& edit) {
        const std::lock_guard lock(mutex_);
        edit(box(id).info);
    }
    /// The sandbox dies as if its machine had failed; nothing is recorded as a call.
    void lose(const SandboxId& id) {
        const std::lock_guard lock(mutex_);
        destroy(box(id));
    }

    // What tests look at.

    [[nodiscard]] std::vector<Call> calls() const {
        const std::lock_guard lock(mutex_);
        return calls_;
    }
    [[nodiscard]] std::size_t count(const std::string& name) const {
        const std::lock_guard lock(mutex_);
        return static_cast<std::size_t>(
            std::count_if(calls_.begin(), calls_.end(), [&](const Call& call) { return call.name == name; }));
    }
    [[nodiscard]] std::vector<SandboxId> live() {
        const std::lock_guard lock(mutex_);
        expire();
        std::vector<SandboxId> ids;
        for (const auto& [id, state] : boxes_)
            if (state.live) ids.push_back(state.info.id);
        return ids;
    }
    /// Content of the files of a sandbox, living or dead.
    [[nodiscard]] Files files(const SandboxId& id) {
        const std::lock_guard lock(mutex_);
        return box(id).files;
    }
    [[nodiscard]] sandbox::SandboxRequest request(const SandboxId& id) {
        const std::lock_guard lock(mutex_);
        return box(id).request;
    }
    [[nodiscard]] std::string input(const SandboxId& id, std::int64_t pid) {
        const std::lock_guard lock(mutex_);
        return box(id).processes.at(pid).input;
    }

    // sandbox::Provider

    std::unique_ptr<sandbox::Sandbox> create(const sandbox::SandboxRequest& request, std::stop_token stop) override {
        enter("create", "", request.template_id, stop);
        const std::lock_guard lock(mutex_);
        expire();
        const auto alive = static_cast<std::size_t>(
            std::count_if(boxes_.begin(), boxes_.end(), [](const auto& entry) { return entry.second.live; }));
        if (capacity_ && alive >= *capacity_)
            throw Error(ErrorKind::limit, fmt::format("the provider allows {} sandboxes at once", *capacity_));
        const SandboxId id = SandboxId::parse(fmt::format("i{:020}", ++last_id_));
        Box state{request,
                  {id, request.template_id, request.metadata, clock_->now(), clock_->now() + request.lifetime}};
        state.info.cpu_count = 2;
        state.info.memory_mib = 512;
        state.info.disk_mib = 1024;
        boxes_.emplace(id.str(), std::move(state));
        return handle(id);
    }
    std::unique_ptr<sandbox::Sandbox> attach(const SandboxId& id, std::stop_token stop) override {
        enter("attach", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        Box* state = find_live(id);
        if (state == nullptr) return nullptr;
        if (state->info.state == sandbox::SandboxState::paused)
            throw Error(ErrorKind::usage, "the sandbox " + id.str() + " is paused");
        return handle(id);
    }
    std::optional<sandbox::SandboxInfo> get(const SandboxId& id, std::stop_token stop) override {
        enter("get", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        const Box* state = find_live(id);
        return state == nullptr ? std::nullopt : std::optional(state->info);
    }
    std::vector<sandbox::SandboxInfo> list(const std::map<std::string, std::string>& metadata,
                                           std::stop_token stop) override {
        enter("list", "", "", stop);
        const std::lock_guard lock(mutex_);
        expire();
        std::vector<sandbox::SandboxInfo> found;
        for (const auto& [id, state] : boxes_) {
            if (!state.live) continue;
            const auto& has = state.info.metadata;
            if (std::all_of(metadata.begin(), metadata.end(), [&](const auto& pair) {
                    const auto at = has.find(pair.first);
                    return at != has.end() && at->second == pair.second;
                }))
                found.push_back(state.info);
        }
        return found;
    }
    bool kill(const SandboxId& id, std::stop_token stop) override {
        enter("kill", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        Box* state = find_live(id);
        if (state == nullptr) return false;
        destroy(*state);
        return true;
    }
    bool set_timeout(const SandboxId& id, std::chrono::seconds lifetime, std::stop_token stop) override {
        enter("set_timeout", id.str(), std::to_string(lifetime.count()), stop);
        const std::lock_guard lock(mutex_);
        Box* state = find_live(id);
        if (state == nullptr) return false;
        state->info.end_at = clock_->now() + lifetime;
        return true;
    }
    bool pause(const SandboxId& id, std::stop_token stop) override {
        enter("pause", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        Box* state = find_live(id);
        if (state == nullptr) return false;
        state->info.state = sandbox::SandboxState::paused;
        return true;
    }
    std::unique_ptr<sandbox::Sandbox> resume(const SandboxId& id, std::chrono::seconds lifetime,
                                             std::stop_token stop) override {
        enter("resume", id.str(), std::to_string(lifetime.count()), stop);
        const std::lock_guard lock(mutex_);
        Box* state = find_live(id);
        if (state == nullptr) return nullptr;
        const WallTime wanted = clock_->now() + lifetime;
        const bool was_paused = state->info.state == sandbox::SandboxState::paused;
        state->info.end_at = was_paused ? wanted : std::max(state->info.end_at, wanted);
        state->info.state = sandbox::SandboxState::running;
        return handle(id);
    }
    std::vector<sandbox::SandboxMetrics> metrics(const SandboxId& id, std::stop_token stop) override {
        enter("metrics", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        if (find_live(id) == nullptr) throw Error(ErrorKind::not_found, "the sandbox " + id.str() + " is gone");
        return {{clock_->now(), 2, 12.5, 100 << 20, 512 << 20, 10 << 20, 1024 << 20}};
    }
    std::string retained_log(const SandboxId& id, std::stop_token stop) override {
        enter("retained_log", id.str(), "", stop);
        const std::lock_guard lock(mutex_);
        const auto found = boxes_.find(id.str());
        return found == boxes_.end() ? std::string() : found->second.log;
    }

 private:
    struct ProcessState {
        sandbox::Command command;
        std::string output;
        std::string error_output;
        std::string input;
        std::optional<sandbox::ExitStatus> ended;
    };
    struct Box {
        sandbox::SandboxRequest request;
        sandbox::SandboxInfo info;
        Files files{};
        std::vector<sandbox::FileChange> changes{};  ///< by absolute path
        std::map<std::int64_t, ProcessState> processes{};
        std::string log{};
        bool live = true;
    };
    struct Trigger {
        std::string name;
        int remaining = 1;
        std::function<void()> action;
    };

    class FakeProcess : public sandbox::Process {
     public:
        FakeProcess(FakeProvider& provider, SandboxId id, std::int64_t pid, bool replay)
            : provider_(&provider), id_(std::move(id)), pid_(pid), replay_(replay) {}
        [[nodiscard]] std::int64_t pid() const override { return pid_; }
        sandbox::ExitStatus wait(const sandbox::OutputSink& output, std::stop_token stop) override {
            provider_->enter("wait", id_.str(), std::to_string(pid_), stop);
            std::unique_lock lock(provider_->mutex_);
            if (replay_) {
                replay_ = false;
                const ProcessState process = provider_->box(id_).processes.at(pid_);
                lock.unlock();
                emit(process, output);
                lock.lock();
            }
            provider_->changed_.wait(lock, stop, [&] {
                provider_->expire();
                return !provider_->box(id_).live || provider_->box(id_).processes.at(pid_).ended;
            });
            if (stop.stop_requested()) throw Interrupted(0);
            const Box& box = provider_->box(id_);
            if (const auto& ended = box.processes.at(pid_).ended) return *ended;
            throw Error(ErrorKind::not_found, "the sandbox " + id_.str() + " is gone");
        }
        void send_input(std::string_view bytes, std::stop_token stop) override {
            provider_->enter("send_input", id_.str(), std::string(bytes), stop);
            const std::lock_guard lock(provider_->mutex_);
            ProcessState& process = provider_->need(id_).processes.at(pid_);
            if (process.ended) throw Error(ErrorKind::not_found, fmt::format("process with pid {} not found", pid_));
            process.input.append(bytes);
        }
        void close_input(std::stop_token stop) override {
            provider_->enter("close_input", id_.str(), std::to_string(pid_), stop);
        }
        void resize(sandbox::TerminalSize size, std::stop_token stop) override {
            provider_->enter("resize", id_.str(), fmt::format("{}x{}", size.columns, size.rows), stop);
        }

     private:
        FakeProvider* provider_;
        SandboxId id_;
        std::int64_t pid_;
        bool replay_;  ///< a handle from start() sees all output, one from connect() only what comes later
    };

    class FakeSandbox : public sandbox::Sandbox {
     public:
        FakeSandbox(FakeProvider& provider, SandboxId id) : provider_(&provider), id_(std::move(id)) {}
        [[nodiscard]] const SandboxId& id() const override { return id_; }
        [[nodiscard]] std::string url(int port) const override {
            const std::lock_guard lock(provider_->mutex_);
            if (provider_->make_url_) return provider_->make_url_(id_, port);
            return fmt::format("http://{}-{}.localhost:1", port, id_.str());
        }
        void write_files(std::span<const sandbox::FileUpload> files, std::stop_token stop) override {
            std::string paths;
            for (const auto& file : files) paths += (paths.empty() ? "" : " ") + file.path;
            provider_->enter("write_files", id_.str(), paths, stop);
            const std::lock_guard lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            for (const auto& file : files) {
                provider_->note_made(box, file.path);
                provider_->note(box, file.path, sandbox::ChangeType::written);
                box.files[file.path] = file.content;
            }
        }
        std::string read_file(const std::string& path, std::size_t limit, std::stop_token stop) override {
            provider_->enter("read_file", id_.str(), path, stop);
            const std::lock_guard lock(provider_->mutex_);
            const Files& files = provider_->need(id_).files;
            const auto found = files.find(path);
            if (found == files.end()) throw Error(ErrorKind::not_found, "path '" + path + "' does not exist");
            if (found->second.size() > limit)
                throw Error(ErrorKind::limit, fmt::format("{} is larger than {} bytes", path, limit));
            return found->second;
        }
        std::vector<sandbox::FileEntry> list(const std::string& path, int depth, std::stop_token stop) override {
            provider_->enter("list_files", id_.str(), path, stop);
            const std::lock_guard lock(provider_->mutex_);
            const std::string prefix = path.ends_with('/') ? path : path + "/";
            std::map<std::string, sandbox::FileEntry> found;
            bool exists = false;
            for (const auto& [name, content] : provider_->need(id_).files) {
                if (!name.starts_with(prefix)) continue;
                exists = true;
                std::size_t end = prefix.size();
                for (int level = 0; level < std::max(depth, 1) && end < name.size(); ++level) {
                    end = std::min(name.find('/', end + 1), name.size());
                    const std::string entry = name.substr(0, end);
                    if (end == name.size())
                        found[entry] = {entry, sandbox::FileType::file, static_cast<std::int64_t>(content.size()),
                                        0644};
                    else
                        found[entry] = {entry, sandbox::FileType::directory, 0, 0755};
                    ++end;
                }
            }
            if (!exists) throw Error(ErrorKind::not_found, "path '" + path + "' does not exist");
            std::vector<sandbox::FileEntry> entries;
            for (auto& [name, entry] : found) entries.push_back(std::move(entry));
            return entries;
        }
        void move(const std::string& source, const std::string& destination, std::stop_token stop) override {
            provider_->enter("move", id_.str(), source + " " + destination, stop);
            const std::lock_guard lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            Files& files = box.files;
            Files moved;
            for (const auto& [name, content] : files)
                if (name == source || name.starts_with(source + "/"))
                    moved[destination + name.substr(source.size())] = content;
            if (moved.empty()) throw Error(ErrorKind::not_found, "path '" + source + "' does not exist");
            provider_->note(box, source, sandbox::ChangeType::renamed);
            erase_below(files, source);
            provider_->note_made(box, destination);
            for (auto& [name, content] : moved) files[name] = std::move(content);
        }
        void remove(const std::string& path, std::stop_token stop) override {
            provider_->enter("remove", id_.str(), path, stop);
            const std::lock_guard lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            if (exists(box.files, path)) provider_->note(box, path, sandbox::ChangeType::removed);
            erase_below(box.files, path);
        }
        void watch(const std::string& path, bool recursive, const std::function<void()>& begun,
                   const sandbox::ChangeSink& change, std::stop_token stop) override {
            provider_->enter("watch", id_.str(), path, stop);
            std::unique_lock lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            if (box.files.contains(path)) throw Error(ErrorKind::usage, path + " is not a directory");
            if (!exists(box.files, path)) throw Error(ErrorKind::not_found, "path '" + path + "' does not exist");
            std::size_t next = box.changes.size();
            lock.unlock();
            if (begun) begun();
            for (bool wanted = true; wanted;) {
                lock.lock();
                provider_->changed_.wait(lock, stop, [&] {
                    provider_->expire();
                    return !box.live || next < box.changes.size();
                });
                if (stop.stop_requested()) throw Interrupted(0);
                (void)provider_->need(id_);
                sandbox::FileChange seen = box.changes.at(next++);
                lock.unlock();
                if (!seen.name.starts_with(path + "/")) continue;
                seen.name.erase(0, path.size() + 1);
                if (recursive || seen.name.find('/') == std::string::npos) wanted = change(seen);
            }
        }
        sandbox::ExitStatus run(const sandbox::Command& command, const sandbox::OutputSink& output,
                                std::stop_token stop) override {
            provider_->enter("run", id_.str(), command.shell, stop);
            std::unique_lock lock(provider_->mutex_);
            const Outcome outcome = provider_->play(provider_->need(id_), command);
            lock.unlock();
            if (outcome.keeps_running)
                throw Error(ErrorKind::internal, "the fake would wait for ever for: " + command.shell);
            emit({command, outcome.output, outcome.error_output, {}, {}}, output);
            return status_of(outcome.code);
        }
        std::unique_ptr<sandbox::Process> start(const sandbox::Command& command, std::stop_token stop) override {
            provider_->enter("start", id_.str(), command.shell, stop);
            const std::lock_guard lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            const Outcome outcome = provider_->play(box, command);
            const std::int64_t pid = ++provider_->last_pid_;
            ProcessState process{command, outcome.output, outcome.error_output, {}, {}};
            if (!outcome.keeps_running) process.ended = status_of(outcome.code);
            box.processes.emplace(pid, std::move(process));
            return std::make_unique<FakeProcess>(*provider_, id_, pid, true);
        }
        std::unique_ptr<sandbox::Process> connect(std::int64_t pid, std::stop_token stop) override {
            provider_->enter("connect", id_.str(), std::to_string(pid), stop);
            const std::lock_guard lock(provider_->mutex_);
            if (!provider_->need(id_).processes.contains(pid)) return nullptr;
            return std::make_unique<FakeProcess>(*provider_, id_, pid, false);
        }
        std::vector<sandbox::ProcessInfo> processes(std::stop_token stop) override {
            provider_->enter("processes", id_.str(), "", stop);
            const std::lock_guard lock(provider_->mutex_);
            std::vector<sandbox::ProcessInfo> running;
            for (const auto& [pid, process] : provider_->need(id_).processes)
                if (!process.ended)
                    running.push_back({pid, process.command.tag, "/bin/bash -l -c " + process.command.shell});
            return running;
        }
        bool signal(std::int64_t pid, int signal, std::stop_token stop) override {
            provider_->enter("signal", id_.str(), fmt::format("{} {}", pid, signal), stop);
            const std::lock_guard lock(provider_->mutex_);
            Box& box = provider_->need(id_);
            const auto found = box.processes.find(pid);
            if (found == box.processes.end() || found->second.ended) return false;
            provider_->end(box, pid, {-1, signal == SIGKILL ? "signal: killed" : "signal: terminated"});
            return true;
        }
        bool alive(std::stop_token stop) override {
            provider_->enter("alive", id_.str(), "", stop);
            const std::lock_guard lock(provider_->mutex_);
            const Box* state = provider_->find_live(id_);
            return state != nullptr && state->info.state == sandbox::SandboxState::running;
        }

     private:
        static void erase_below(Files& files, const std::string& path) {
            std::erase_if(
                files, [&](const auto& entry) { return entry.first == path || entry.first.starts_with(path + "/"); });
        }
        FakeProvider* provider_;
        SandboxId id_;
    };

    static void emit(const ProcessState& process, const sandbox::OutputSink& output) {
        if (!output) return;
        if (!process.output.empty()) output(sandbox::Stream::standard_output, process.output);
        if (!process.error_output.empty()) output(sandbox::Stream::standard_error, process.error_output);
    }
    static sandbox::ExitStatus status_of(int code) { return {code, fmt::format("exit status {}", code)}; }

    void enter(const std::string& name, const std::string& sandbox, const std::string& detail,
               const std::stop_token& stop) {
        std::vector<std::function<void()>> due;
        {
            const std::lock_guard lock(mutex_);
            calls_.push_back({name, sandbox, detail});
            for (auto& trigger : failures_)
                if (trigger.name == name && --trigger.remaining == 0) due.push_back(trigger.action);
            std::erase_if(failures_, [](const Trigger& trigger) { return trigger.remaining <= 0; });
        }
        for (const auto& action : due) action();
        if (stop.stop_requested()) throw Interrupted(0);
    }
    static bool exists(const Files& files, const std::string& path) {
        return std::any_of(files.begin(), files.end(), [&](const auto& entry) {
            return entry.first == path || entry.first.starts_with(path + "/");
        });
    }
    void note(Box& box, const std::string& path, sandbox::ChangeType type) {
        box.changes.push_back({path, type});
        changed_.notify_all();
    }
    /// A new file comes with the directories that it needs.
    void note_made(Box& box, const std::string& path) {
        for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
            const std::string made = path.substr(0, end);
            if (!exists(box.files, made)) note(box, made, sandbox::ChangeType::created);
            if (end == std::string::npos) return;
        }
    }
    [[nodiscard]] std::unique_ptr<sandbox::Sandbox> handle(const SandboxId& id) {
        return std::make_unique<FakeSandbox>(*this, id);
    }
    Box& box(const SandboxId& id) { return boxes_.at(id.str()); }
    Box* find_live(const SandboxId& id) {
        expire();
        const auto found = boxes_.find(id.str());
        return found == boxes_.end() || !found->second.live ? nullptr : &found->second;
    }
    Box& need(const SandboxId& id) {
        Box* state = find_live(id);
        if (state == nullptr) throw Error(ErrorKind::not_found, "the sandbox " + id.str() + " is gone");
        if (state->info.state == sandbox::SandboxState::paused)
            throw Error(ErrorKind::unavailable, "the sandbox " + id.str() + " is paused");
        return *state;
    }
    void expire() {
        for (auto& [id, state] : boxes_) {
            if (!state.live || state.info.state == sandbox::SandboxState::paused || state.info.end_at > clock_->now())
                continue;
            if (state.request.on_timeout == sandbox::OnTimeout::pause)
                state.info.state = sandbox::SandboxState::paused;
            else
                destroy(state);
        }
    }
    void destroy(Box& state) {
        state.live = false;
        changed_.notify_all();
    }
    void end(Box& state, std::int64_t pid, sandbox::ExitStatus status) {
        state.processes.at(pid).ended = std::move(status);
        changed_.notify_all();
    }
    Outcome play(Box& state, const sandbox::Command& command) {
        for (auto rule = scripts_.rbegin(); rule != scripts_.rend(); ++rule)
            if (command.shell.find(rule->first) != std::string::npos) return rule->second(command, state.files);
        return {};
    }

    const Clock* clock_;
    mutable std::mutex mutex_;  ///< guards everything below
    std::condition_variable_any changed_;
    std::map<std::string, Box> boxes_;
    std::vector<Call> calls_;
    std::vector<Trigger> failures_;
    std::vector<std::pair<std::string, Script>> scripts_;
    std::function<std::string(const SandboxId&, int)> make_url_;
    std::optional<std::size_t> capacity_;
    std::int64_t last_id_ = 0;
    std::int64_t last_pid_ = 1000;
};

}  // namespace spawnai::testing
