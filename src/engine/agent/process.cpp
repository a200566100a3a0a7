#include "engine/agent/process.hpp"

#include "engine/agent/encoding.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_pipe_piece = 32U << 10U;
constexpr std::size_t k_terminal_piece = 16U << 10U;
constexpr auto k_remembered = std::chrono::seconds(30);

std::string signal_text(int number) {
    switch (number) {
        case SIGHUP:
            return "hangup";
        case SIGINT:
            return "interrupt";
        case SIGQUIT:
            return "quit";
        case SIGILL:
            return "illegal instruction";
        case SIGTRAP:
            return "trace/breakpoint trap";
        case SIGABRT:
            return "aborted";
        case SIGBUS:
            return "bus error";
        case SIGFPE:
            return "floating point exception";
        case SIGKILL:
            return "killed";
        case SIGUSR1:
            return "user defined signal 1";
        case SIGSEGV:
            return "segmentation fault";
        case SIGUSR2:
            return "user defined signal 2";
        case SIGPIPE:
            return "broken pipe";
        case SIGALRM:
            return "alarm clock";
        case SIGTERM:
            return "terminated";
        case SIGXCPU:
            return "CPU time limit exceeded";
        case SIGXFSZ:
            return "file size limit exceeded";
        case SIGSYS:
            return "bad system call";
        default:
            return "signal " + std::to_string(number);
    }
}

[[noreturn]] void cannot_start(const char* what) {
    throw RpcError("resource_exhausted", std::string("cannot start a process: ") + what + ": " + std::strerror(errno));
}

void make_pipe(Fd& read, Fd& write) {
    std::array<int, 2> ends{};
    if (::pipe2(ends.data(), O_CLOEXEC) != 0) cannot_start("pipe");
    read.reset(ends[0]);
    write.reset(ends[1]);
}

void set_nonblocking(const Fd& descriptor) {
    ::fcntl(descriptor.get(), F_SETFL, O_NONBLOCK);
}

std::vector<std::string> environment_of(const Settings& settings, const ProcessConfig& config, bool terminal) {
    std::map<std::string, std::string> values;
    for (char** entry = environ; *entry != nullptr; ++entry) {
        const std::string_view text = *entry;
        const std::size_t equals = text.find('=');
        if (equals != std::string_view::npos) values[std::string(text.substr(0, equals))] = text.substr(equals + 1);
    }
    values["HOME"] = k_home;
    values["USER"] = values["LOGNAME"] = "user";
    if (terminal) values["TERM"] = "xterm-256color";
    for (const auto& [name, value] : settings.environment) values[name] = value;
    for (const auto& [name, value] : config.environment) values[name] = value;
    // bwrap sets PWD to where the agent started, which is not where the process does.
    values.erase("PWD");
    std::vector<std::string> result;
    result.reserve(values.size());
    for (const auto& [name, value] : values) result.push_back(fmt::format("{}={}", name, value));
    return result;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
    std::vector<char*> result;
    result.reserve(words.size() + 1);
    for (std::string& word : words) result.push_back(word.data());
    result.push_back(nullptr);
    return result;
}

void limit(__rlimit_resource resource, std::int64_t value) {
    const rlimit both{static_cast<rlim_t>(value), static_cast<rlim_t>(value)};
    ::setrlimit(resource, &both);
}

void set_limits(const Settings& settings) {
    limit(RLIMIT_NPROC, settings.processes);
    limit(RLIMIT_DATA, settings.data_bytes);
    limit(RLIMIT_FSIZE, settings.file_bytes);
    limit(RLIMIT_NOFILE, settings.open_files);
    limit(RLIMIT_CORE, 0);
    limit(RLIMIT_MEMLOCK, 64 << 10);
}

/// In the child. The order matters: NPROC counts this process too, and close_range must not close what exec
/// needs.
[[noreturn]] void become(const Settings& settings, const std::string& directory, int input, int output, int error,
                         bool terminal, const std::string& program, char* const* arguments, char* const* environment) {
    ::setsid();
    if (terminal) ::ioctl(input, TIOCSCTTY, 0);
    ::dup2(input, 0);
    ::dup2(output, 1);
    ::dup2(error, 2);
    ::syscall(SYS_close_range, 3, ~0U, 0);
    for (int number = 1; number < NSIG; ++number) ::signal(number, SIG_DFL);
    sigset_t none;
    ::sigemptyset(&none);
    ::sigprocmask(SIG_SETMASK, &none, nullptr);
    ::umask(022);
    set_limits(settings);
    const bool entered = ::chdir(directory.c_str()) == 0;
    if (entered) ::execvpe(program.c_str(), arguments, environment);
    const int code = errno;
    ::dprintf(2, "%s: %s\n", entered ? program.c_str() : directory.c_str(), std::strerror(code));
    ::_exit(entered && code == ENOENT ? 127 : 126);
}

}  // namespace

Ending describe_ending(int wait_status) {
    Ending ending;
    if (WIFEXITED(wait_status)) {
        ending.exited = true;
        ending.exit_code = WEXITSTATUS(wait_status);
        ending.status = "exit status " + std::to_string(ending.exit_code);
    } else {
        ending.exit_code = -1;
        ending.status = "signal: " + signal_text(WTERMSIG(wait_status));
    }
    return ending;
}

Process::Process(Loop& loop, const Settings& settings, ProcessConfig config, std::optional<TerminalSize> terminal,
                 std::function<void()> on_end)
    : loop_(loop), config_(std::move(config)), on_end_(std::move(on_end)), has_terminal_(terminal.has_value()) {
    spawn(settings, terminal);
}

Process::~Process() {
    if (kill_timer_) loop_.cancel(*kill_timer_);
    if (input_watched_) loop_.forget(input_.get());
    for (Source& source : sources_) {
        if (source.watched) loop_.forget(source.descriptor.get());
    }
}

void Process::spawn(const Settings& settings, std::optional<TerminalSize> terminal) {
    Fd child_input;
    Fd child_output;
    Fd child_error;
    Fd our_output;
    Fd our_error;
    if (terminal) {
        our_output.reset(::posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!our_output || ::unlockpt(our_output.get()) != 0) cannot_start("terminal");
        child_input.reset(::ioctl(our_output.get(), TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC));
        if (!child_input) cannot_start("terminal");
        const winsize size{terminal->rows, terminal->columns, 0, 0};
        ::ioctl(our_output.get(), TIOCSWINSZ, &size);
        input_.reset(::fcntl(our_output.get(), F_DUPFD_CLOEXEC, 3));
        if (!input_) cannot_start("terminal");
    } else {
        if (config_.open_input) {
            make_pipe(child_input, input_);
        } else {
            child_input.reset(::open("/dev/null", O_RDONLY | O_CLOEXEC));
        }
        make_pipe(our_output, child_output);
        make_pipe(our_error, child_error);
    }

    std::vector<std::string> words = {config_.command};
    words.insert(words.end(), config_.arguments.begin(), config_.arguments.end());
    std::vector<std::string> environment = environment_of(settings, config_, has_terminal_);
    const std::vector<char*> argument_pointers = pointers(words);
    const std::vector<char*> environment_pointers = pointers(environment);
    const int input = child_input.get();

    pid_ = ::fork();
    if (pid_ < 0) cannot_start("fork");
    if (pid_ == 0) {
        // execvpe looks the program up in the PATH of this process.
        for (const std::string& entry : environment) {
            if (entry.rfind("PATH=", 0) == 0) ::setenv("PATH", entry.c_str() + 5, 1);
        }
        become(settings, config_.working_directory.value_or(k_home), input, terminal ? input : child_output.get(),
               terminal ? input : child_error.get(), terminal.has_value(), config_.command, argument_pointers.data(),
               environment_pointers.data());
    }
    if (input_) set_nonblocking(input_);
    set_nonblocking(our_output);
    sources_.push_back({std::move(our_output), terminal ? Channel::terminal : Channel::output, false});
    if (our_error) {
        set_nonblocking(our_error);
        sources_.push_back({std::move(our_error), Channel::error, false});
    }
}

void Process::begin() {
    for (Source& source : sources_) watch(source);
}

void Process::watch(Source& source) {
    if (source.watched || !source.descriptor) return;
    source.watched = true;
    loop_.watch(source.descriptor.get(), EPOLLIN,
                [self = shared_from_this(), &source](std::uint32_t) { self->read_source(source); });
}

void Process::read_source(Source& source) {
    static std::array<char, k_pipe_piece> buffer;
    const std::size_t piece = source.channel == Channel::terminal ? k_terminal_piece : k_pipe_piece;
    const ssize_t size = ::read(source.descriptor.get(), buffer.data(), piece);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (size <= 0) {
        // A terminal whose last user is gone says EIO.
        close_source(source);
        end_if_over();
        return;
    }
    publish(source.channel, {buffer.data(), static_cast<std::size_t>(size)});
    if (congested()) {
        for (Source& each : sources_) {
            // Not merely without EPOLLIN: a hang-up would be reported all the same, again and again.
            if (std::exchange(each.watched, false)) loop_.forget(each.descriptor.get());
        }
    }
}

void Process::close_source(Source& source) {
    if (std::exchange(source.watched, false)) loop_.forget(source.descriptor.get());
    source.descriptor.reset();
}

void Process::publish(Channel channel, std::string_view bytes) {
    for (auto next = subscribers_.begin(); next != subscribers_.end();) {
        Subscriber& subscriber = **next++;
        subscriber.output(channel, bytes);
    }
}

bool Process::congested() const {
    return std::any_of(subscribers_.begin(), subscribers_.end(),
                       [](const Subscriber* each) { return each->congested(); });
}

void Process::resume() {
    if (ending_ || congested()) return;
    for (Source& source : sources_) watch(source);
    end_if_over();
}

void Process::detach(Subscriber& subscriber) {
    subscribers_.remove(&subscriber);
    resume();
}

void Process::write_input(std::string bytes, Written written) {
    if (!input_open()) {
        written("the input of the process is not open");
        return;
    }
    input_backlog_ += bytes.size();
    inputs_.push_back({std::move(bytes), 0, std::move(written)});
    flush_input();
}

void Process::close_input() {
    input_closing_ = true;
    flush_input();
}

void Process::flush_input() {
    const auto keep = shared_from_this();
    while (!inputs_.empty()) {
        Input& input = inputs_.front();
        const std::size_t left = input.bytes.size() - input.sent;
        const ssize_t size = left == 0 ? 0 : ::write(input_.get(), input.bytes.data() + input.sent, left);
        if (size < 0 && errno == EINTR) continue;
        if (size < 0 && errno == EAGAIN) {
            if (!std::exchange(input_watched_, true)) {
                loop_.watch(input_.get(), EPOLLOUT, [keep](std::uint32_t) { keep->flush_input(); });
            }
            return;
        }
        if (size < 0) {
            drop_input(std::strerror(errno));
            return;
        }
        input.sent += static_cast<std::size_t>(size);
        input_backlog_ -= static_cast<std::size_t>(size);
        if (input.sent < input.bytes.size()) continue;
        const Written written = std::move(input.written);
        inputs_.pop_front();
        written({});
    }
    if (std::exchange(input_watched_, false)) loop_.forget(input_.get());
    if (input_closing_ && !has_terminal_) input_.reset();
}

void Process::drop_input(const std::string& error) {
    if (std::exchange(input_watched_, false)) loop_.forget(input_.get());
    input_.reset();
    input_backlog_ = 0;
    const std::deque<Input> dropped = std::exchange(inputs_, {});
    for (const Input& input : dropped) input.written(error);
}

void Process::signal(int number) {
    if (wait_status_) return;
    leader_decides_ = true;
    ::kill(pid_, number);
}

void Process::kill_after(std::chrono::milliseconds delay) {
    kill_at_ = std::chrono::steady_clock::now() + delay;
    kill_timer_ = loop_.after(delay, [this] {
        kill_timer_.reset();
        signal(SIGKILL);
    });
}

void Process::hold() {
    if (!kill_timer_) return;
    loop_.cancel(*kill_timer_);
    kill_timer_.reset();
    kill_left_ = std::chrono::ceil<std::chrono::milliseconds>(kill_at_ - std::chrono::steady_clock::now());
}

void Process::release() {
    if (kill_left_ && running()) kill_after(std::max(*kill_left_, std::chrono::milliseconds(0)));
    kill_left_.reset();
}

void Process::resize(TerminalSize size) {
    const winsize window{size.rows, size.columns, 0, 0};
    if (!sources_.empty() && sources_.front().descriptor) {
        ::ioctl(sources_.front().descriptor.get(), TIOCSWINSZ, &window);
    }
}

void Process::reaped(int wait_status) {
    wait_status_ = wait_status;
    // A shell's background jobs may hold the terminal for ever; it ends with the shell.
    if (has_terminal_) leader_decides_ = true;
    end_if_over();
}

void Process::notice(const std::string& text) {
    publish(has_terminal_ ? Channel::terminal : Channel::error, text);
}

void Process::drain(Source& source) {
    std::array<char, k_pipe_piece> buffer;
    // What the leader itself wrote fits into the pipe; more can only come from somebody who still writes.
    for (int pieces = 0; pieces < 64 && source.descriptor; ++pieces) {
        const ssize_t size = ::read(source.descriptor.get(), buffer.data(), buffer.size());
        if (size <= 0) break;
        publish(source.channel, {buffer.data(), static_cast<std::size_t>(size)});
    }
    close_source(source);
}

void Process::end_if_over() {
    if (!wait_status_ || ending_) return;
    const bool silent =
        std::none_of(sources_.begin(), sources_.end(), [](const Source& source) { return bool(source.descriptor); });
    if (!silent && !leader_decides_) return;
    // The last output is as much in need of a reader as the rest: resume() comes back here.
    if (!silent && congested()) return;
    const auto keep = shared_from_this();
    for (Source& source : sources_) drain(source);
    if (kill_timer_) loop_.cancel(*kill_timer_);
    kill_timer_.reset();
    drop_input("the process has ended");
    ending_ = describe_ending(*wait_status_);
    const std::list<Subscriber*> subscribers = std::exchange(subscribers_, {});
    for (Subscriber* subscriber : subscribers) subscriber->ended(*ending_);
    on_end_();
}

std::shared_ptr<Process> ProcessTable::start(ProcessConfig config, std::optional<TerminalSize> terminal) {
    if (held_) throw RpcError("unavailable", "the sandbox is paused");
    const auto handle = std::make_shared<std::weak_ptr<Process>>();
    auto process = std::make_shared<Process>(loop_, settings_, std::move(config), terminal,
                                             [this, handle] { forget_later(*handle); });
    *handle = process;
    process->begin();
    processes_.push_back(process);
    if (on_start) on_start();
    return process;
}

void ProcessTable::forget_later(const std::weak_ptr<Process>& process) {
    loop_.after(k_remembered, [this, process] { processes_.remove(process.lock()); });
}

std::shared_ptr<Process> ProcessTable::find_if(const std::function<bool(const Process&)>& wanted) const {
    // The youngest: a number may have been given again since.
    const auto found = std::find_if(processes_.rbegin(), processes_.rend(),
                                    [&](const auto& each) { return !each->config().internal && wanted(*each); });
    return found == processes_.rend() ? nullptr : *found;
}

std::shared_ptr<Process> ProcessTable::find(pid_t pid) const {
    return find_if([pid](const Process& each) { return each.pid() == pid; });
}

std::shared_ptr<Process> ProcessTable::find(const std::string& tag) const {
    return find_if([&tag](const Process& each) { return each.config().tag == tag; });
}

std::vector<std::shared_ptr<Process>> ProcessTable::living() const {
    std::vector<std::shared_ptr<Process>> result;
    std::copy_if(processes_.begin(), processes_.end(), std::back_inserter(result),
                 [](const auto& each) { return !each->ending() && !each->config().internal; });
    return result;
}

void ProcessTable::hold() {
    held_ = true;
    for (const auto& process : processes_) process->hold();
}

void ProcessTable::release() {
    held_ = false;
    for (const auto& process : processes_) process->release();
}

void ProcessTable::reaped(pid_t pid, int wait_status) {
    const auto found = std::find_if(processes_.begin(), processes_.end(),
                                    [pid](const auto& each) { return each->pid() == pid && each->running(); });
    if (found == processes_.end()) return;
    const std::shared_ptr<Process> process = *found;
    process->reaped(wait_status);
}

void ProcessTable::notice(const std::string& text) {
    for (const auto& process : living()) process->notice(text);
}

}  // namespace spawnai::engine::agent
