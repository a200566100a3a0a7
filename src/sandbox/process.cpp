#include "process.hpp"

#include "failure.hpp"

#include <fmt/format.h>

#include <condition_variable>
#include <csignal>
#include <deque>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <utility>

namespace spawnai::sandbox {

using std::chrono::milliseconds;

namespace {

constexpr int k_most_fruitless_reconnects = 3;
constexpr milliseconds k_reconnect_pause(200);
constexpr std::size_t k_kept_output = 1U << 20U;

/// What is followed: a command to start, or a process that runs.
struct Target {
    const char* method;
    std::string body;
    milliseconds timeout{0};
    std::optional<std::int64_t> pid{};
};

Target start_of(const Command& command) {
    return {wire::rpc::k_start, wire::start_body(command), command.timeout, {}};
}

Target connect_to(std::int64_t pid) {
    return {wire::rpc::k_connect, wire::select_body(pid), milliseconds(0), pid};
}

/// The connection failed rather than the process.
bool is_broken(const wire::Failure& failure) {
    return failure.connect_code == "unavailable" || failure.connect_code == "canceled";
}

ExitStatus follow(const Envd& envd, Target target, const std::function<void(std::int64_t)>& on_started,
                  const OutputSink& output, const std::stop_token& stop) {
    const SteadyTime deadline = envd.clock().steady() + target.timeout;
    const bool limited = target.timeout.count() > 0;
    const auto remaining = [&] {
        const auto left = std::chrono::duration_cast<milliseconds>(deadline - envd.clock().steady());
        return limited ? std::max(left, milliseconds(1)) : milliseconds(0);
    };
    const auto timed_out = [&] { return ExitStatus{-1, fmt::format("timed out after {} ms", target.timeout.count())}; };
    int fruitless = 0;
    while (true) {
        bool moved = false;
        const auto sink = [&](const wire::ProcessEvent& event) {
            // Being connected again is no progress: it is what the next attempt begins with.
            moved = moved || !std::holds_alternative<wire::Started>(event);
            if (const auto* started = std::get_if<wire::Started>(&event)) {
                target.pid = started->pid;
                on_started(started->pid);
            } else if (const auto* piece = std::get_if<wire::Output>(&event); piece != nullptr && output) {
                output(piece->stream, piece->bytes);
            }
        };
        const Envd::StreamEnd end = envd.stream(target.method, target.body, remaining(), sink, stop);
        if (const auto* status = std::get_if<ExitStatus>(&end)) return *status;
        std::string why;
        if (const auto* failure = std::get_if<wire::Failure>(&end)) {
            if (limited && failure->connect_code == "deadline_exceeded") return timed_out();
            if (!target.pid || !is_broken(*failure)) throw error_of(*failure, "the command failed in the sandbox");
            why = failure->message;
        } else {
            why = std::get<Envd::Broken>(end).why;
        }
        if (limited && envd.clock().steady() >= deadline) {
            if (target.pid) envd.signal(*target.pid, SIGKILL, stop);
            return timed_out();
        }
        if (!envd.alive(stop)) throw gone(envd.address().id);
        if (!target.pid) throw Error(ErrorKind::unavailable, "nobody knows whether the command was started: " + why);
        fruitless = moved ? 0 : fruitless + 1;
        if (fruitless == k_most_fruitless_reconnects)
            throw Error(ErrorKind::unavailable,
                        fmt::format("lost the output of process {} in the sandbox: {}", *target.pid, why));
        // Also after progress: a stream that is cut again and again must not become a storm of calls.
        if (!envd.clock().sleep(k_reconnect_pause * std::max(fruitless, 1), stop)) throw Interrupted(0);
        target.method = wire::rpc::k_connect;
        target.body = wire::select_body(*target.pid);
    }
}

class FollowedProcess final : public Process {
 public:
    FollowedProcess(const Envd& envd, Target target, std::optional<bool> terminal)
        : envd_(envd),
          terminal_(terminal),
          reader_([this, target = std::move(target)](const std::stop_token& stop) { read(target, stop); }) {}

    void wait_started(const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        changed_.wait(lock, stop, [&] { return pid_ || over_; });
        if (pid_) return;
        if (!over_) throw Interrupted(0);
        if (failure_) std::rethrow_exception(failure_);
        throw Error(ErrorKind::unavailable, "the sandbox did not say which process it started");
    }

    std::int64_t pid() const override {
        const std::lock_guard lock(mutex_);
        return pid_.value_or(0);
    }

    ExitStatus wait(const OutputSink& output, std::stop_token stop) override {
        const Waiting waiting(*this);
        std::unique_lock lock(mutex_);
        while (true) {
            changed_.wait(lock, stop, [&] { return !kept_.empty() || over_; });
            if (!kept_.empty()) {
                const auto [stream, piece] = std::move(kept_.front());
                kept_.pop_front();
                kept_bytes_ -= piece.size();
                changed_.notify_all();
                lock.unlock();
                if (output) output(stream, piece);
                lock.lock();
            } else if (over_) {
                if (failure_) std::rethrow_exception(failure_);
                return status_;
            }
            if (stop.stop_requested()) throw Interrupted(0);
        }
    }

    void send_input(std::string_view bytes, std::stop_token stop) override {
        if (terminal_) return envd_.send_input(pid(), bytes, *terminal_, stop);
        // A process that was found and not started by us does not tell whether it has a terminal.
        try {
            envd_.send_input(pid(), bytes, false, stop);
        } catch (const Error& error) {
            if (error.kind() == ErrorKind::not_found) throw;
            envd_.send_input(pid(), bytes, true, stop);
        }
    }
    void close_input(std::stop_token stop) override {
        if (terminal_.value_or(false)) return envd_.send_input(pid(), "\x04", true, stop);
        envd_.close_input(pid(), stop);
    }
    void resize(TerminalSize size, std::stop_token stop) override { envd_.resize(pid(), size, stop); }

 private:
    /// Says that somebody takes the output, for as long as that is so.
    class Waiting {
     public:
        explicit Waiting(FollowedProcess& process) : process_(&process) { set(true); }
        ~Waiting() { set(false); }
        Waiting(const Waiting&) = delete;
        Waiting& operator=(const Waiting&) = delete;

     private:
        void set(bool waiting) {
            const std::lock_guard lock(process_->mutex_);
            process_->waiting_ = waiting;
            process_->changed_.notify_all();
        }
        FollowedProcess* process_;
    };

    void read(const Target& target, const std::stop_token& stop) {
        ExitStatus status;
        std::exception_ptr failure;
        try {
            const auto started = [this](std::int64_t pid) {
                const std::lock_guard lock(mutex_);
                pid_ = pid;
                changed_.notify_all();
            };
            const auto output = [&](Stream stream, std::string_view piece) { keep(stream, piece, stop); };
            status = follow(envd_, target, started, output, stop);
        } catch (...) {
            failure = std::current_exception();
        }
        const std::lock_guard lock(mutex_);
        status_ = std::move(status);
        failure_ = failure;
        over_ = true;
        changed_.notify_all();
    }

    void keep(Stream stream, std::string_view piece, const std::stop_token& stop) {
        std::unique_lock lock(mutex_);
        // Whoever waits gets everything; for nobody, the end is what matters.
        changed_.wait(lock, stop, [&] { return !waiting_ || kept_bytes_ < k_kept_output; });
        kept_.emplace_back(stream, piece);
        kept_bytes_ += piece.size();
        while (!waiting_ && kept_bytes_ > k_kept_output && kept_.size() > 1) {
            kept_bytes_ -= kept_.front().second.size();
            kept_.pop_front();
        }
        changed_.notify_all();
    }

    Envd envd_;
    std::optional<bool> terminal_;
    mutable std::mutex mutex_;  ///< guards what follows
    std::condition_variable_any changed_;
    std::optional<std::int64_t> pid_;
    std::deque<std::pair<Stream, std::string>> kept_;
    std::size_t kept_bytes_ = 0;
    bool waiting_ = false;
    bool over_ = false;
    ExitStatus status_;
    std::exception_ptr failure_;
    std::jthread reader_;  ///< last: it uses all of the above
};

}  // namespace

ExitStatus run_to_end(const Envd& envd, const Command& command, const OutputSink& output, const std::stop_token& stop) {
    std::optional<std::int64_t> pid;
    bool ended = false;
    struct AtExit {
        const Envd& envd;
        const std::optional<std::int64_t>& pid;
        const bool& ended;
        ~AtExit() {
            if (!ended && pid) envd.abandon(*pid);
        }
    } const at_exit{envd, pid, ended};
    ExitStatus status = follow(
        envd, start_of(command), [&](std::int64_t started) { pid = started; }, output, stop);
    ended = true;
    return status;
}

std::unique_ptr<Process> start_process(const Envd& envd, const Command& command, const std::stop_token& stop) {
    auto process = std::make_unique<FollowedProcess>(envd, start_of(command), command.terminal.has_value());
    process->wait_started(stop);
    return process;
}

std::unique_ptr<Process> connect_process(const Envd& envd, std::int64_t pid, const std::stop_token& stop) {
    auto process = std::make_unique<FollowedProcess>(envd, connect_to(pid), std::nullopt);
    try {
        process->wait_started(stop);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::not_found || !envd.alive(stop)) throw;
        return nullptr;
    }
    return process;
}

}  // namespace spawnai::sandbox
