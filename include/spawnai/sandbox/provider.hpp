#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/id.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::sandbox {

/// What to do with a sandbox whose time is up. A paused one is woken by traffic to it, where the provider can.
enum class OnTimeout { kill, pause };

struct SandboxRequest {
    std::string template_id = "base";
    std::chrono::seconds lifetime{300};                ///< the provider's clock counts it from creation
    std::map<std::string, std::string> metadata{};     ///< returned by get and list; ours carries the session id
    std::map<std::string, std::string> environment{};  ///< of every process inside; never a key of ours
    bool internet = false;                             ///< outbound network
    OnTimeout on_timeout = OnTimeout::kill;
};

enum class SandboxState { running, paused };

/// What the provider knows of one sandbox. Sizes are the provider's answer, never assumed.
struct SandboxInfo {
    SandboxId id;
    std::string template_id;
    std::map<std::string, std::string> metadata{};
    WallTime started_at;
    WallTime end_at;
    SandboxState state = SandboxState::running;
    int cpu_count = 0;
    std::int64_t memory_mib = 0;
    std::int64_t disk_mib = 0;
};

struct SandboxMetrics {
    WallTime time;
    int cpu_count = 0;
    double cpu_used_percent = 0;
    std::int64_t memory_used = 0;  ///< bytes, as all below
    std::int64_t memory_total = 0;
    std::int64_t disk_used = 0;
    std::int64_t disk_total = 0;
};

struct FileUpload {
    std::string path;  ///< absolute, inside the sandbox
    std::string content;
};

enum class FileType { file, directory, symlink, other };

struct FileEntry {
    std::string path;
    FileType type = FileType::file;
    std::int64_t size = 0;
    unsigned mode = 0;
};

enum class ChangeType { created, written, removed, renamed, mode_changed };

/// Something happened to a file or directory.
struct FileChange {
    std::string name;  ///< relative to the watched directory, below it perhaps with slashes
    ChangeType type = ChangeType::written;
};
/// Told each change as it arrives, on the thread that watches; false ends the watch.
using ChangeSink = std::function<bool(const FileChange& change)>;

/// A terminal's size in characters.
struct TerminalSize {
    int columns = 80;
    int rows = 24;
};

struct Command {
    std::string shell{};              ///< run as `/bin/bash -l -c <shell>`
    std::string working_directory{};  ///< empty: the user's home
    std::map<std::string, std::string> environment{};
    std::string tag{};  ///< a name to find the process by, may be empty
    /// Killed then; zero means no limit (the command may live as long as the sandbox).
    std::chrono::milliseconds timeout{60000};
    bool input = false;  ///< keep standard input open for Process::send_input; else it is /dev/null
    /// Run on a terminal of this size; all output then comes as standard output. An empty `shell` is an
    /// interactive login shell.
    std::optional<TerminalSize> terminal{};
};

enum class Stream { standard_output, standard_error };
/// Told each piece of output as it arrives; pieces may cut UTF-8 characters.
using OutputSink = std::function<void(Stream stream, std::string_view piece)>;

struct ExitStatus {
    int code = 0;      ///< -1 when a signal ended it
    std::string text;  ///< the daemon's words: "exit status 3", "signal: killed"
    [[nodiscard]] bool success() const noexcept { return code == 0; }
};

/// A process inside that was started and left running.
class Process {
 public:
    virtual ~Process() = default;
    [[nodiscard]] virtual std::int64_t pid() const = 0;
    /// Waits for its end, handing on output. @throws Error{unavailable} when the stream breaks, Interrupted.
    virtual ExitStatus wait(const OutputSink& output, std::stop_token stop) = 0;
    /// Feeds standard input or the terminal. May be called while another thread waits. @throws
    /// Error{not_found} when it ended.
    virtual void send_input(std::string_view bytes, std::stop_token stop) = 0;
    /// End of standard input; on a terminal the same as typing Ctrl-D.
    virtual void close_input(std::stop_token stop) = 0;
    virtual void resize(TerminalSize size, std::stop_token stop) = 0;
};

struct ProcessInfo {
    std::int64_t pid = 0;
    std::string tag{};
    std::string command;  ///< program and arguments, joined by spaces
};

/// A live sandbox as seen by a client. Calls may be made from several threads at once.
/// All throw Error{unavailable} when the sandbox or the provider cannot be reached, Error{not_found} when the
/// sandbox is gone, and Interrupted when `stop` is requested.
class Sandbox {
 public:
    virtual ~Sandbox() = default;
    [[nodiscard]] virtual const SandboxId& id() const = 0;
    /// The URL under which `port` inside answers from outside; the host is the one that the API gave.
    [[nodiscard]] virtual std::string url(int port) const = 0;
    /// Creates parents, replaces existing files. One request for all. @throws Error{limit} when the disk
    /// inside is full.
    virtual void write_files(std::span<const FileUpload> files, std::stop_token stop) = 0;
    /// @throws Error{not_found} for an absent path, Error{limit} for more than `limit` bytes.
    [[nodiscard]] virtual std::string read_file(const std::string& path, std::size_t limit, std::stop_token stop) = 0;
    [[nodiscard]] virtual std::vector<FileEntry> list(const std::string& path, int depth, std::stop_token stop) = 0;
    virtual void move(const std::string& source, const std::string& destination, std::stop_token stop) = 0;
    virtual void remove(const std::string& path, std::stop_token stop) = 0;
    /// Follows what happens in a directory, with `recursive` also below it, until `change` says false. A move appears as
    /// `renamed` under the old name and `created` under the new one; how often a writer is reported is up to the sandbox.
    /// `begun` is called once, when nothing that happens from then on is missed. @throws Error{not_found} for an absent
    /// path, Error{usage} for one that is no directory, Error{unavailable} when the connection breaks: look at the directory
    /// and watch anew, as changes went unseen.
    virtual void watch(const std::string& path, bool recursive, const std::function<void()>& begun,
                       const ChangeSink& change, std::stop_token stop) = 0;
    /// Runs to the end. A command that ran is a value, whatever its exit code; a time-out of the command is
    /// code -1.
    virtual ExitStatus run(const Command& command, const OutputSink& output, std::stop_token stop) = 0;
    /// Returns once the process was started; it goes on when the Process object is dropped.
    [[nodiscard]] virtual std::unique_ptr<Process> start(const Command& command, std::stop_token stop) = 0;
    /// A handle to a process that was started before; wait() sees its output from now on. Empty when there is
    /// none.
    [[nodiscard]] virtual std::unique_ptr<Process> connect(std::int64_t pid, std::stop_token stop) = 0;
    /// Processes that start() or run() made and that have not ended.
    [[nodiscard]] virtual std::vector<ProcessInfo> processes(std::stop_token stop) = 0;
    /// SIGTERM or SIGKILL; only the process itself gets it, and what it says from then on may be lost. @return false
    /// when there is no such process any more.
    virtual bool signal(std::int64_t pid, int signal, std::stop_token stop) = 0;
    /// A quick look from outside: false when the sandbox is gone. @throws Error{unavailable} when nothing can
    /// be said.
    [[nodiscard]] virtual bool alive(std::stop_token stop) = 0;
};

/// The failure of a create call after which there surely is no sandbox. After any other one there may be.
class NotCreated : public Error {
 public:
    explicit NotCreated(const Error& cause) : Error(cause) {}
};

/// One address that speaks the E2B protocol: the cloud, a self-hosted cluster, or the embedded engine. Safe
/// from any thread. All calls throw Error{auth} for a refused key, Error{limit} for a plan or rate limit,
/// Error{usage} for a request that the provider calls invalid, Error{unavailable} otherwise.
class Provider {
 public:
    virtual ~Provider() = default;
    /// @throws also Error{not_found} for an unknown template; what is a NotCreated left nothing behind.
    [[nodiscard]] virtual std::unique_ptr<Sandbox> create(const SandboxRequest& request, std::stop_token stop) = 0;
    /// A handle to a running sandbox, its lifetime unchanged. Empty when the provider does not know it (any
    /// more).
    /// @throws Error{usage} when it is paused.
    [[nodiscard]] virtual std::unique_ptr<Sandbox> attach(const SandboxId& id, std::stop_token stop) = 0;
    [[nodiscard]] virtual std::optional<SandboxInfo> get(const SandboxId& id, std::stop_token stop) = 0;
    /// All live sandboxes whose metadata contains every pair of `metadata`; follows paging.
    [[nodiscard]] virtual std::vector<SandboxInfo> list(const std::map<std::string, std::string>& metadata,
                                                        std::stop_token stop) = 0;
    /// @return false when it was gone already.
    virtual bool kill(const SandboxId& id, std::stop_token stop) = 0;
    /// The sandbox then ends `lifetime` from now; may shorten. @return false when it is gone.
    virtual bool set_timeout(const SandboxId& id, std::chrono::seconds lifetime, std::stop_token stop) = 0;
    /// Stops the clock and the price; files and, where the provider can, memory stay. @return false when it
    /// is gone. Pausing a paused one is no error. @throws Error{usage} when the provider cannot pause.
    virtual bool pause(const SandboxId& id, std::stop_token stop) = 0;
    /// Wakes a paused sandbox, to end not before `lifetime` from now; a running one is only given that time.
    /// Empty when it is gone.
    [[nodiscard]] virtual std::unique_ptr<Sandbox> resume(const SandboxId& id, std::chrono::seconds lifetime,
                                                          std::stop_token stop) = 0;
    [[nodiscard]] virtual std::vector<SandboxMetrics> metrics(const SandboxId& id, std::stop_token stop) = 0;
    /// The app's own output as the provider kept it, also for a while after the sandbox ended. Empty when
    /// nothing is known.
    [[nodiscard]] virtual std::string retained_log(const SandboxId& id, std::stop_token stop) = 0;
};

}  // namespace spawnai::sandbox
