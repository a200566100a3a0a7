#include "detach.hpp"

#include "json_shape.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>

#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

namespace spawnai::cli {

namespace {

// Set in the background process until it let go of the terminal.
bool attached = false;

// Ends what the background process prints; without it, it has failed and its exit code counts.
constexpr char k_admitted = '\0';

int relay(int fd, pid_t child, Terminal& terminal) {
    std::string text;
    char c = 0;
    for (;;) {
        const ssize_t count = ::read(fd, &c, 1);
        if (count < 0 && errno == EINTR) continue;
        if (count <= 0) break;
        if (c == k_admitted) {
            terminal.result(text);
            return 0;
        }
        text += c;
    }
    terminal.result(text);
    int status = 0;
    while (::waitpid(child, &status, 0) < 0 && errno == EINTR) {
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void report(const store::Session& session, bool json) {
    std::string text = json ? dump_json(Json{{"schemaVersion", k_schema_version},
                                             {"id", session.id.str()},
                                             {"name", session.name},
                                             {"status", to_string(session.status)}}) +
                                  "\n"
                            : session.name + "\n";
    text += k_admitted;
    const Fd nowhere(::open("/dev/null", O_RDWR | O_CLOEXEC));
    (void)!::write(STDOUT_FILENO, text.data(), text.size());
    for (int fd = 0; fd <= 2; ++fd) ::dup2(nowhere.get(), fd);
    attached = false;
}

}  // namespace

std::optional<int> detach(Terminal& terminal) {
    Pipe pipe = make_pipe();
    const pid_t child = ::fork();
    if (child < 0) throw Error(ErrorKind::internal, "cannot start a background process: " + errno_text(errno));
    if (child > 0) {
        pipe.write.reset();
        return relay(pipe.read.get(), child, terminal);
    }
    ::setsid();
    ::dup2(pipe.write.get(), STDOUT_FILENO);
    attached = true;
    terminal.set_quiet();
    return std::nullopt;
}

void DetachedObserver::on_event(const pipeline::SpawnEvent& event) noexcept {
    next_.on_event(event);
    const auto* const admitted = std::get_if<pipeline::Admitted>(&event.body);
    if (!attached || admitted == nullptr) return;
    try {
        report(admitted->session, json_);
    } catch (const std::exception&) {
        // Out of memory for one line: the session goes on, and `ls` shows it.
    }
}

}  // namespace spawnai::cli
