#include "support/sandbox.hpp"

#include <spawnai/core/subprocess.hpp>

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <sstream>
#include <string>
#include <vector>

namespace {

using namespace spawnai;
using namespace spawnai::test;

constexpr const char* k_secret = "a-host-secret-that-stays-outside";

/// What an escaped program would find on the host.
class Baits {
 public:
    explicit Baits(const std::filesystem::path& directory) : directory_(directory) {
        ::setenv("SPAWNAI_PROBE_SECRET", k_secret, 1);
        // On purpose neither close-on-exec nor low: every program this process starts would inherit it.
        stray_ = ::fcntl(::open("/etc/passwd", O_RDONLY), F_DUPFD, 200);

        loopback_.reset(::socket(AF_INET, SOCK_STREAM, 0));
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof(address);
        REQUIRE(::bind(loopback_.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(loopback_.get(), 8) == 0);
        ::getsockname(loopback_.get(), reinterpret_cast<sockaddr*>(&address), &size);
        port_ = ntohs(address.sin_port);

        abstract_name_ = "spawnai-probe-" + std::to_string(::getpid());
        abstract_ = listen_unix(abstract_name_, true);
        socket_path_ = (directory / "host.sock").string();
        path_socket_ = listen_unix(socket_path_, false);

        file_ = (directory / "host-file").string();
        std::ofstream(file_) << "host";
        key_ = 0x5a000000 + ::getpid();
        segment_ = ::shmget(key_, 4096, IPC_CREAT | 0600);
        shm_name_ = "/spawnai-probe-" + std::to_string(::getpid());
        shm_.reset(::shm_open(shm_name_.c_str(), O_CREAT | O_RDWR, 0600));
    }
    ~Baits() {
        ::close(stray_);
        ::shmctl(segment_, IPC_RMID, nullptr);
        ::shm_unlink(shm_name_.c_str());
        ::unsetenv("SPAWNAI_PROBE_SECRET");
    }
    Baits(const Baits&) = delete;
    Baits& operator=(const Baits&) = delete;

    [[nodiscard]] std::vector<std::string> arguments() const {
        return {"--secret",    k_secret,       "--loopback", std::to_string(port_),
                "--abstract",  abstract_name_, "--socket",   socket_path_,
                "--file",      file_,          "--shm",      std::to_string(key_),
                "--posix-shm", shm_name_,      "--pid",      std::to_string(::getpid())};
    }

 private:
    static Fd listen_unix(const std::string& name, bool abstract) {
        Fd listener(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path + (abstract ? 1 : 0), name.data(), name.size());
        const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size() + 1);
        REQUIRE(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0);
        REQUIRE(::listen(listener.get(), 8) == 0);
        return listener;
    }

    std::filesystem::path directory_;
    int stray_ = -1;
    Fd loopback_;
    int port_ = 0;
    std::string abstract_name_;
    Fd abstract_;
    std::string socket_path_;
    Fd path_socket_;
    std::string file_;
    key_t key_ = 0;
    int segment_ = -1;
    std::string shm_name_;
    Fd shm_;
};

struct Findings {
    int held = 0;
    std::vector<std::string> bad;
    bool complete = false;
};

Findings read_findings(const std::string& text) {
    Findings findings;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        if (!line.empty() && line.back() == '\r') line.pop_back();
        if (line.rfind("ok ", 0) == 0) ++findings.held;
        if (line.rfind("BAD ", 0) == 0) findings.bad.push_back(line);
        if (line == "done") findings.complete = true;
    }
    return findings;
}

std::string shell_words(const std::vector<std::string>& words) {
    std::string text;
    for (const std::string& word : words) text += " '" + word + "'";
    return text;
}

void check_all_held(const Findings& findings, const std::string& everything) {
    REQUIRE_MESSAGE(findings.complete, everything);
    CHECK(findings.held > 200);
    for (const std::string& line : findings.bad) CHECK_MESSAGE(false, line);
}

}  // namespace

TEST_CASE("a strict sandbox holds against every probe") {
    if (!as_ordinary_user("a strict sandbox holds against every probe") || !sandboxes_possible()) return;
    const TempDir host;
    const Baits baits(host.path());
    const TestSandbox sandbox;
    sandbox.install_probe();
    const std::string command = "exec /app/probe" + shell_words(baits.arguments());

    SUBCASE("with pipes") {
        const CommandResult result = sandbox.run(command);
        check_all_held(read_findings(result.output), result.output + result.errors);
    }
    SUBCASE("with a terminal") {
        const CommandResult result =
            sandbox.run(command + " --terminal", {{"pty", {{"size", {{"cols", 100}, {"rows", 30}}}}}});
        check_all_held(read_findings(result.terminal), result.terminal);
    }
    // Pid 1 was signalled, traced, reniced: it answers as before.
    CHECK(sandbox.get("/health").status == 204);
}

// The probe must be able to fail: an ordinary use of bwrap, as found in tutorials, is full of holes.
TEST_CASE("the probe finds the holes of a naive sandbox") {
    if (!as_ordinary_user("the probe finds the holes of a naive sandbox") || !sandboxes_possible()) return;
    const TempDir host;
    const Baits baits(host.path());
    SubprocessRequest request;
    request.argv = {"/usr/bin/bwrap",
                    "--die-with-parent",
                    "--unshare-user",
                    "--unshare-pid",
                    "--unshare-net",
                    "--ro-bind",
                    "/",
                    "/",
                    "--dev",
                    "/dev",
                    "--proc",
                    "/proc",
                    "--bind",
                    host.path().string(),
                    "/tmp",
                    "--ro-bind",
                    built_program("spawnai-probe").string(),
                    "/tmp/probe",
                    "/tmp/probe"};
    std::ofstream(host.path() / "probe");
    for (const std::string& word : baits.arguments()) request.argv.push_back(word);
    request.environment = {std::string("SECRET=") + k_secret, "PATH=/usr/bin"};
    const SubprocessResult result = run_subprocess(request);
    const Findings findings = read_findings(result.output);
    REQUIRE_MESSAGE(findings.complete, result.output << result.error_output);
    const auto found = [&](const std::string& name) {
        return std::any_of(findings.bad.begin(), findings.bad.end(),
                           [&](const std::string& line) { return line.rfind("BAD " + name, 0) == 0; });
    };
    CHECK(findings.bad.size() > 80);
    for (const char* name : {"own environment holds no host secret", "System V segment of the host", "socket AF_VSOCK",
                             "system call io_uring_setup", "unshare 10000000", "reading and writing /proc/1/mem",
                             "no /sys", "seccomp filter is on"}) {
        CHECK_MESSAGE(found(name), name);
    }
}
