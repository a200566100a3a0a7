#include "support/sandbox.hpp"

#include <spawnai/core/file.hpp>

#include <dirent.h>
#include <doctest/doctest.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <string>
#include <thread>

namespace {

using namespace spawnai;
using namespace spawnai::test;

constexpr std::int64_t k_mib = 1 << 20;

/// A sandbox in which /app/probe is ready to take resources.
class Limited : public TestSandbox {
 public:
    Limited(const char* limit, std::int64_t value) : TestSandbox(json{{limit, value}}) {
        install_probe();
        REQUIRE(upload("/home/user/app.log", "the app's own line\n").status == 200);
    }
    CommandResult take(const std::string& resource) const { return run("exec /app/probe take " + resource); }

    /// The processes are gone, the sandbox is as good as before, and everybody was told why.
    void check_ended(const CommandResult& result, const std::string& reason) const {
        CHECK(result.status == "signal: killed");
        CHECK(result.errors.find("spawnai: " + reason) != std::string::npos);
        CHECK(said().find("spawnai: " + reason) != std::string::npos);
        const std::string log = get("/files?path=app.log").body;
        CHECK(log.rfind("the app's own line\n", 0) == 0);
        CHECK(log.find("spawnai: " + reason) != std::string::npos);
        CHECK(run("echo alive").output == "alive\n");
    }
};

/// Waits for something that is about to become true.
bool eventually(const std::function<bool()>& condition) {
    for (int attempt = 0; attempt < 2000; ++attempt) {
        if (condition()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    return false;
}

/// Host processes whose pid namespace is this one.
int processes_in(std::uint64_t namespace_inode) {
    int count = 0;
    DIR* directory = ::opendir("/proc");
    while (const dirent* entry = ::readdir(directory)) {
        struct stat status {};
        const std::string path = std::string("/proc/") + entry->d_name + "/ns/pid";
        if (::stat(path.c_str(), &status) == 0 && status.st_ino == namespace_inode) ++count;
    }
    ::closedir(directory);
    return count;
}

}  // namespace

TEST_CASE("the number of processes is limited") {
    if (!as_ordinary_user("the number of processes is limited") || !sandboxes_possible()) return;
    const Limited sandbox("processes", 40);
    const int count = std::atoi(sandbox.take("processes").output.c_str());
    CHECK(count > 20);
    CHECK(count < 40);
    CHECK(sandbox.run("echo alive").output == "alive\n");
}

TEST_CASE("a fork bomb ends with its sandbox") {
    if (!as_ordinary_user("a fork bomb ends with its sandbox") || !sandboxes_possible()) return;
    const Limited sandbox("processes", 60);
    const AgentConnection bomb = sandbox.begin_stream(
        "process.Process/Start", {{"process", {{"cmd", "/app/probe"}, {"args", {"take", "bomb"}}}}, {"stdin", false}});
    const std::uint64_t inside = sandbox.launched().pid_namespace;
    CHECK(eventually([&] { return processes_in(inside) > 50; }));
    CHECK(processes_in(inside) <= 60);
    // Pid 1 still answers, and its end is everybody's end.
    CHECK(sandbox.get("/health").status == 204);
    sandbox.kill();
    CHECK(sandbox.gone_within(std::chrono::seconds(30)));
    CHECK(eventually([&] { return processes_in(inside) == 0; }));
}

TEST_CASE("memory of all processes together is limited") {
    if (!as_ordinary_user("memory of all processes together is limited") || !sandboxes_possible()) return;
    const Limited sandbox("memory_bytes", 128 * k_mib);
    SUBCASE("private") {
        sandbox.check_ended(sandbox.take("memory"), "the memory limit of 128 MiB was exceeded");
    }
    SUBCASE("in several processes") {
        const CommandResult result = sandbox.run("for i in 1 2 3 4; do /app/probe take memory & done; wait");
        sandbox.check_ended(result, "the memory limit of 128 MiB was exceeded");
    }
    SUBCASE("in segments that no process is attached to") {
        sandbox.check_ended(sandbox.take("shared-memory"), "the memory limit of 128 MiB was exceeded");
    }
}

TEST_CASE("data of one process is limited") {
    if (!as_ordinary_user("data of one process is limited") || !sandboxes_possible()) return;
    const Limited sandbox("data_bytes", 64 * k_mib);
    const CommandResult result = sandbox.take("memory");
    CHECK(result.output == "refused\n");
    CHECK(result.exit_code == 3);
}

TEST_CASE("disk space is limited") {
    if (!as_ordinary_user("disk space is limited") || !sandboxes_possible()) return;
    const Limited sandbox("disk_bytes", 96 * k_mib);
    SUBCASE("in files") {
        sandbox.check_ended(sandbox.take("disk"), "the disk limit of 96 MiB was exceeded");
        // Cleaning up must be possible although the limit is passed.
        CHECK(sandbox.run("rm /app/filler-*; ls /app").output == "probe\n");
    }
    SUBCASE("in files that were deleted and are still open") {
        sandbox.check_ended(sandbox.take("deleted-disk"), "the disk limit of 96 MiB was exceeded");
    }
    SUBCASE("behind a directory that was closed") {
        const CommandResult result =
            sandbox.run("mkdir /app/d; exec 3> /app/d/f; chmod 0 /app/d; head -c 400M /dev/zero >&3; sleep 600");
        sandbox.check_ended(result, "the disk limit of 96 MiB was exceeded");
        CHECK(sandbox.run("chmod 700 /app/d && rm -r /app/d").exit_code == 0);
    }
    SUBCASE("by uploads") {
        const AgentAnswer answer = sandbox.upload("/app/big", std::string(static_cast<std::size_t>(120 * k_mib), 'x'));
        CHECK(answer.status == 507);
        CHECK(answer.parsed().at("code") == 507);
    }
}

TEST_CASE("the size of a file is limited") {
    if (!as_ordinary_user("the size of a file is limited") || !sandboxes_possible()) return;
    const Limited sandbox("file_bytes", 20 * k_mib);
    const CommandResult result = sandbox.take("file");
    CHECK(result.exit_code == -1);
    CHECK(result.status == "signal: file size limit exceeded");
    CHECK(sandbox.run("stat -c %s /app/large").output == std::to_string(20 * k_mib) + "\n");
}

TEST_CASE("the agent alone ends a sandbox at its deadline") {
    if (!as_ordinary_user("the agent alone ends a sandbox at its deadline") || !sandboxes_possible()) return;
    SUBCASE("as set at first") {
        const TestSandbox sandbox(json::object(), std::chrono::milliseconds(1));
        CHECK(sandbox.gone_within(std::chrono::seconds(30)));
        CHECK(sandbox.said().find("deadline") != std::string::npos);
        CHECK(eventually([&] { return !FileLock::held(sandbox.directory() / "s" / "lock"); }));
    }
    SUBCASE("as moved, with a process that resists") {
        const TestSandbox sandbox;
        const AgentConnection stream = sandbox.begin_stream(
            "process.Process/Start",
            {{"process",
              {{"cmd", "/bin/sh"}, {"args", {"-c", "trap '' TERM HUP INT; setsid sleep 600 & sleep 600"}}}}});
        const std::uint64_t inside = sandbox.launched().pid_namespace;
        CHECK(eventually([&] { return processes_in(inside) >= 3; }));
        CHECK(FileLock::held(sandbox.directory() / "s" / "lock"));
        CHECK(sandbox.post("ENGINE\n", "/deadline", {{"deadline", TestSandbox::deadline({})}}).status == 204);
        CHECK(sandbox.gone_within(std::chrono::seconds(30)));
        CHECK(eventually([&] { return processes_in(inside) == 0; }));
    }
}

TEST_CASE("a sandbox survives whoever started it") {
    if (!as_ordinary_user("a sandbox survives whoever started it") || !sandboxes_possible()) return;
    TestSandbox sandbox;
    ::kill(sandbox.launched().outer_pid, SIGKILL);
    const std::uint64_t inside = sandbox.launched().pid_namespace;
    const pid_t pid = sandbox.launched().pid;
    const std::uint64_t started = sandbox.launched().start_time;
    sandbox.wait_for_end();
    CHECK(sandbox.run("echo alive").output == "alive\n");
    CHECK(engine::process_start_time(pid) == started);
    CHECK(FileLock::held(sandbox.directory() / "s" / "lock"));
    sandbox.kill();
    CHECK(sandbox.gone_within(std::chrono::seconds(30)));
    CHECK(eventually([&] { return processes_in(inside) == 0; }));
    CHECK(eventually([&] { return !FileLock::held(sandbox.directory() / "s" / "lock"); }));
}

TEST_CASE("an agent hands out its network namespace") {
    if (!as_ordinary_user("an agent hands out its network namespace") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    CHECK_FALSE(bool(sandbox.launched().network_namespace));  // internet was not asked for
    const Fd inside = engine::network_namespace_of(sandbox.directory() / "a");
    struct stat theirs {};
    struct stat ours {};
    REQUIRE(::fstat(inside.get(), &theirs) == 0);
    REQUIRE(::stat("/proc/self/ns/net", &ours) == 0);
    CHECK(theirs.st_ino != ours.st_ino);
}

TEST_CASE("a launch that cannot succeed leaves nothing") {
    if (!as_ordinary_user("a launch that cannot succeed leaves nothing") || !sandboxes_possible()) return;
    const TempDir directory;
    engine::LaunchRequest request;
    request.state_dir = directory.path() / "s";
    request.socket_path = directory.path() / "a";
    SUBCASE("no agent") {
        request.agent = directory.path() / "missing";
        try {
            (void)engine::launch(request);
            FAIL("it started");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::no_sandbox);
            CHECK(error.evidence().find("missing") != std::string::npos);
        }
    }
    SUBCASE("an agent that does not answer") {
        request.agent = "/usr/bin/sleep";
        CHECK_THROWS_AS((void)engine::launch(request), Error);
    }
    SUBCASE("a socket path that is too long") {
        request.agent = built_program("spawnai-agent");
        request.socket_path = directory.path() / std::string(100, 'a');
        CHECK_THROWS_AS((void)engine::launch(request), Error);
    }
    CHECK_FALSE(std::filesystem::exists(request.socket_path));
    CHECK_FALSE(FileLock::held(request.state_dir / "lock"));
}

TEST_CASE("a state directory serves one sandbox at a time") {
    if (!as_ordinary_user("a state directory serves one sandbox at a time") || !sandboxes_possible()) return;
    const TestSandbox sandbox;
    engine::LaunchRequest request;
    request.state_dir = sandbox.directory() / "s";
    request.socket_path = sandbox.directory() / "b";
    request.agent = built_program("spawnai-agent");
    CHECK_THROWS_WITH_AS((void)engine::launch(request), doctest::Contains("still running"), Error);
    CHECK(sandbox.get("/health").status == 204);
}

TEST_CASE("root makes no sandbox") {
    if (::geteuid() != 0) return;
    const TempDir directory;
    engine::LaunchRequest request;
    request.state_dir = directory.path() / "s";
    request.socket_path = directory.path() / "a";
    request.agent = built_program("spawnai-agent");
    try {
        (void)engine::launch(request);
        FAIL("it started");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::no_sandbox);
        CHECK(std::string(error.what()).find("root") != std::string::npos);
    }
}

TEST_CASE("a runtime from a closed directory is first in the path") {
    if (!as_ordinary_user("a runtime from a closed directory is first in the path") || !sandboxes_possible()) return;
    const TempDir directory;
    const std::filesystem::path closed = directory.path() / "closed";
    std::filesystem::create_directories(closed / "runtime" / "bin");
    std::ofstream(closed / "runtime" / "bin" / "greet") << "#!/bin/sh\necho from the runtime\n";
    ::chmod((closed / "runtime" / "bin" / "greet").c_str(), 0755);
    std::vector<engine::RuntimeMount> runtimes(1);
    runtimes.front().directory.reset(::open((closed / "runtime").c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    runtimes.front().inside = "/opt/greeter";
    ::chmod(closed.c_str(), 0);

    engine::LaunchRequest request;
    request.runtimes = &runtimes;
    request.passed_environment = {{"SSL_CERT_FILE", "/etc/ssl/certs/ca-certificates.crt"}};
    const TestSandbox sandbox(std::move(request));
    ::chmod(closed.c_str(), 0700);
    CHECK(sandbox.run("greet").output == "from the runtime\n");
    CHECK(sandbox.run("touch /opt/greeter/bin/x").exit_code == 1);
    CHECK(sandbox.run("echo $SSL_CERT_FILE").output == "/etc/ssl/certs/ca-certificates.crt\n");
}
