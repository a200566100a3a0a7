#include "support/temp_dir.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/config.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/paths.hpp>
#include <spawnai/core/subprocess.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <thread>

using namespace spawnai;
using spawnai::test::TempDir;

TEST_CASE("a file is replaced whole and keeps its mode") {
    const TempDir dir;
    const auto path = dir.path() / "f";
    write_file_atomic(path, "one", 0600);
    write_file_atomic(path, "two", 0600);
    CHECK(read_file(path, 100) == "two");
    struct stat status {};
    REQUIRE(::stat(path.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
    CHECK_THROWS_AS((void)read_file(path, 2), Error);
    CHECK_FALSE(read_file_if_exists(dir.path() / "none", 10).has_value());
    CHECK_THROWS_AS(write_file_atomic(dir.path() / "none" / "f", "x"), Error);
    CHECK(std::distance(std::filesystem::directory_iterator(dir.path()), {}) == 1);
}

TEST_CASE("a lock is held as long as its object lives") {
    const TempDir dir;
    const auto path = dir.path() / "lock";
    CHECK_FALSE(FileLock::held(path));
    {
        const auto lock = FileLock::try_acquire(path);
        REQUIRE(lock.has_value());
        CHECK(FileLock::held(path));
        CHECK_FALSE(FileLock::try_acquire(path).has_value());
    }
    CHECK_FALSE(FileLock::held(path));
    CHECK(FileLock::try_acquire(path).has_value());
}

TEST_CASE("a program is run with exactly what it is given") {
    SubprocessRequest request;
    request.argv = {"sh", "-c",
                    "cat; printf '%s' \"$A-$HOME\"; echo oops >&2; ls /proc/self/fd | wc -l >&2; exit 3"};
    request.environment = {"A=b", "PATH=/usr/bin:/bin"};
    request.input = std::string(300000, 'x');
    const SubprocessResult result = run_subprocess(request);
    CHECK(result.exit_code == 3);
    CHECK(result.output == std::string(300000, 'x') + "b-");
    // 0, 1, 2 and the directory that ls itself reads.
    CHECK(result.error_output == "oops\n4\n");
    request.argv = {"no-such-program-here"};
    CHECK_THROWS_AS((void)run_subprocess(request), Error);
}

TEST_CASE("a program that does not end is killed with its children") {
    SubprocessRequest request;
    request.argv = {"sh", "-c", "sleep 1000 & echo $!; wait"};
    request.environment = {"PATH=/usr/bin:/bin"};
    request.timeout = std::chrono::milliseconds(300);
    const SubprocessResult result = run_subprocess(request);
    CHECK(result.timed_out);
    CHECK(result.exit_code == 128 + SIGKILL);
    const pid_t sleeper = std::stoi(result.output);
    for (int i = 0; i < 200 && ::kill(sleeper, 0) == 0; ++i) {
        // A zombie waiting for its new parent still has its pid: what counts is that it does not run.
        std::ifstream stat("/proc/" + std::to_string(sleeper) + "/stat");
        std::string text((std::istreambuf_iterator<char>(stat)), {});
        if (text.find(") Z ") != std::string::npos) break;
        std::this_thread::sleep_for(std::chrono::milliseconds(10));
        CHECK(i < 199);
    }
    std::stop_source stop;
    request.timeout = std::chrono::hours(1);
    const std::jthread stopper([&] { stop.request_stop(); });
    CHECK_THROWS_AS((void)run_subprocess(request, stop.get_token()), Interrupted);
}

TEST_CASE("places follow the environment") {
    const auto at = [](std::map<std::string, std::string> variables) {
        return Paths::resolve(Environment(std::move(variables)));
    };
    CHECK(at({{"HOME", "/h"}}).store_file == "/h/.local/share/spawnai/spawnai.db");
    CHECK(at({{"HOME", "/h"}, {"XDG_DATA_HOME", "/d"}}).engine_dir == "/d/spawnai/engine");
    CHECK(at({{"HOME", "/h"}, {"XDG_DATA_HOME", "relative"}}).engine_dir == "/h/.local/share/spawnai/engine");
    CHECK(at({{"HOME", "/h"}, {"SPAWNAI_HOME", "/s/"}}).config_file == "/s/config.json");
    CHECK_THROWS_AS((void)at({{"SPAWNAI_HOME", "here"}}), Error);
}

TEST_CASE("settings come from flag then environment then file then default") {
    const TempDir dir;
    const auto file = dir.path() / "c" / "config.json";
    Config::set(file, "ttl", "45m");
    Config::set(file, "plan", "pro");
    CHECK(Config::load(file, Environment()).get("ttl").origin == Origin::file);
    CHECK(Config::load(file, Environment(std::map<std::string, std::string>{{"SPAWNAI_TTL", "1h"}}))
              .text("ttl") == "1h");
    const Config all = Config::load(
        file, Environment(std::map<std::string, std::string>{{"SPAWNAI_TTL", "1h"}}), {{"ttl", "2h"}});
    CHECK(all.text("ttl") == "2h");
    CHECK(all.get("ttl").origin == Origin::flag);
    CHECK(all.text("plan") == "pro");
    CHECK(all.get("template").origin == Origin::built_in);
    CHECK_THROWS_AS(Config::set(file, "ttl", "45"), Error);
    CHECK_THROWS_AS(Config::set(file, "plna", "pro"), Error);
    Config::set(file, "plan", std::nullopt);
    CHECK(Config::load(file, Environment()).text("plan") == "hobby");
    std::ofstream(file) << "{ broken";
    CHECK_THROWS_AS((void)Config::load(file, Environment()), Error);
    CHECK_THROWS_AS(Config::set(file, "plan", "pro"), Error);
}
