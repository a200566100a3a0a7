#pragma once

#include "engine/agent/loop.hpp"
#include "engine/agent/settings.hpp"

#include <spawnai/core/fd.hpp>

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::engine::agent {

struct ProcessConfig {
    std::string command;
    std::vector<std::string> arguments;
    std::map<std::string, std::string> environment;
    std::optional<std::string> working_directory;  ///< absolute, checked to exist
    std::optional<std::string> tag;
    bool open_input = true;  ///< else stdin is /dev/null
    bool internal = false;   ///< the agent's own; no client sees it
};

struct TerminalSize {
    std::uint16_t columns = 0;
    std::uint16_t rows = 0;
};

/// How a process ended, in the words of Go's os.ProcessState, which clients compare with.
struct Ending {
    int exit_code = 0;  ///< -1 for a signal
    bool exited = false;
    std::string status;  ///< "exit status 3", "signal: killed"
};
[[nodiscard]] Ending describe_ending(int wait_status);

enum class Channel { output, error, terminal };

/// Somebody who follows a process. Attached and detached by its owner; told on the loop's thread.
class Subscriber {
 public:
    virtual ~Subscriber() = default;
    virtual void output(Channel channel, std::string_view bytes) = 0;
    virtual void ended(const Ending& ending) = 0;
    /// While true nothing more is read from the process; whoever says so calls Process::resume() later.
    [[nodiscard]] virtual bool congested() const = 0;
};

/// One process that a client started. It goes on when nobody follows it; its output is then dropped.
class Process : public std::enable_shared_from_this<Process> {
 public:
    /// Starts it. @throws RpcError when no process can be made
    Process(Loop& loop, const Settings& settings, ProcessConfig config, std::optional<TerminalSize> terminal,
            std::function<void()> on_end);
    ~Process();
    Process(const Process&) = delete;
    Process& operator=(const Process&) = delete;
    /// Begins to read its output; apart from the constructor since it needs the shared_ptr.
    void begin();

    [[nodiscard]] pid_t pid() const noexcept { return pid_; }
    [[nodiscard]] const ProcessConfig& config() const noexcept { return config_; }
    [[nodiscard]] bool has_terminal() const noexcept { return has_terminal_; }
    /// The leader has not been reaped.
    [[nodiscard]] bool running() const noexcept { return !wait_status_; }
    /// Set once the leader is gone and all output was read.
    [[nodiscard]] const std::optional<Ending>& ending() const noexcept { return ending_; }

    void attach(Subscriber& subscriber) { subscribers_.push_back(&subscriber); }
    void detach(Subscriber& subscriber);
    /// Reads on after congestion.
    void resume();

    /// Called once all of it was written, or with an error's text.
    using Written = std::function<void(const std::string& error)>;
    void write_input(std::string bytes, Written written);
    void close_input();
    [[nodiscard]] bool input_open() const noexcept { return input_ && !input_closing_; }
    [[nodiscard]] std::size_t input_backlog() const noexcept { return input_backlog_; }

    /// To the leader alone. From then on the end does not wait for others that hold its pipes.
    void signal(int number);
    void kill_after(std::chrono::milliseconds delay);
    /// The time that kill_after() gave stands still until release().
    void hold();
    void release();
    void resize(TerminalSize size);

    /// The leader was reaped.
    void reaped(int wait_status);
    /// A word of our own to those who follow it.
    void notice(const std::string& text);

 private:
    struct Source {
        Fd descriptor;
        Channel channel = Channel::output;
        bool watched = false;
    };
    struct Input {
        std::string bytes;
        std::size_t sent = 0;
        Written written;
    };

    void spawn(const Settings& settings, std::optional<TerminalSize> terminal);
    void watch(Source& source);
    void read_source(Source& source);
    void close_source(Source& source);
    void drain(Source& source);
    void publish(Channel channel, std::string_view bytes);
    [[nodiscard]] bool congested() const;
    void flush_input();
    void drop_input(const std::string& error);
    void end_if_over();

    Loop& loop_;
    ProcessConfig config_;
    std::function<void()> on_end_;
    bool has_terminal_ = false;
    pid_t pid_ = 0;
    Fd input_;
    bool input_watched_ = false;
    bool input_closing_ = false;
    std::deque<Input> inputs_;
    std::size_t input_backlog_ = 0;
    std::list<Source> sources_;
    std::list<Subscriber*> subscribers_;
    std::optional<int> wait_status_;
    bool leader_decides_ = false;
    std::optional<Loop::Timer> kill_timer_;
    std::chrono::steady_clock::time_point kill_at_{};
    std::optional<std::chrono::milliseconds> kill_left_;  ///< while held
    std::optional<Ending> ending_;
};

/// The processes that clients started: the living, and for half a minute the ended.
class ProcessTable {
 public:
    ProcessTable(Loop& loop, const Settings& settings) : loop_(loop), settings_(settings) {}

    /// @throws RpcError
    std::shared_ptr<Process> start(ProcessConfig config, std::optional<TerminalSize> terminal);
    [[nodiscard]] std::shared_ptr<Process> find(pid_t pid) const;
    [[nodiscard]] std::shared_ptr<Process> find(const std::string& tag) const;
    /// Those of clients that have not ended.
    [[nodiscard]] std::vector<std::shared_ptr<Process>> living() const;
    /// A child of pid 1 ended, one of these or an orphan.
    void reaped(pid_t pid, int wait_status);
    void notice(const std::string& text);
    /// While held nothing is started, and what was given a time keeps it.
    void hold();
    void release();
    /// Called after each start: the watchers sleep while there is nothing to watch.
    std::function<void()> on_start;

 private:
    void forget_later(const std::weak_ptr<Process>& process);
    [[nodiscard]] std::shared_ptr<Process> find_if(const std::function<bool(const Process&)>& wanted) const;
    Loop& loop_;
    const Settings& settings_;
    std::list<std::shared_ptr<Process>> processes_;
    bool held_ = false;
};

}  // namespace spawnai::engine::agent
