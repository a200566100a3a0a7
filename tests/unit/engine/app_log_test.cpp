#include "engine/app_log.hpp"

#include "support/temp_dir.hpp"

#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

using namespace spawnai;
using namespace spawnai::engine;

namespace {

WallTime at(int seconds) {
    return WallTime(std::chrono::seconds(seconds));
}

}  // namespace

TEST_CASE("a line keeps the time at which it was first seen") {
    LogTimes times;
    times.note(100, at(1));
    times.note(100, at(2));
    times.note(250, at(3));
    CHECK(times.at(1) == at(1));
    CHECK(times.at(100) == at(1));
    CHECK(times.at(101) == at(3));
    CHECK(times.at(250) == at(3));
    times.note(10, at(4));
    CHECK(times.at(5) == at(4));
}

TEST_CASE("only the last whole lines of an output are read and nothing but a plain file") {
    const test::TempDir dir;
    const auto home = dir.path() / "home";
    std::filesystem::create_directory(home);
    const auto log = home / "app.log";
    CHECK_FALSE(read_app_log(dir.path()).has_value());

    write_file_atomic(log, "one\ntwo");
    CHECK(read_app_log(dir.path())->text == "one\ntwo");
    CHECK(read_app_log(dir.path())->offset == 0);

    std::string large;
    while (large.size() < 600U << 10U) large += "line " + std::to_string(large.size()) + "\n";
    write_file_atomic(log, large);
    const auto end = read_app_log(dir.path());
    CHECK(end->text.size() <= 256U << 10U);
    CHECK(end->text.size() > 255U << 10U);
    CHECK(end->text.starts_with("line "));
    CHECK(large.substr(static_cast<std::size_t>(end->offset)) == end->text);

    std::filesystem::remove(log);
    std::filesystem::create_symlink("/etc/hostname", log);
    CHECK_FALSE(read_app_log(dir.path()).has_value());
    std::filesystem::remove(log);
    REQUIRE(::mkfifo(log.c_str(), 0600) == 0);
    CHECK_FALSE(read_app_log(dir.path()).has_value());
    std::filesystem::remove(log);
    std::filesystem::create_directory(log);
    CHECK_FALSE(read_app_log(dir.path()).has_value());
    // The home itself cannot be swapped for a link either.
    std::filesystem::remove_all(home);
    std::filesystem::create_directory(dir.path() / "elsewhere");
    write_file_atomic(dir.path() / "elsewhere" / "app.log", "secret");
    std::filesystem::create_directory_symlink(dir.path() / "elsewhere", home);
    CHECK_FALSE(read_app_log(dir.path()).has_value());
}

TEST_CASE("kept logs are limited in number and age") {
    const test::TempDir dir;
    const EndedLogs logs(dir.path());
    for (int i = 0; i < 510; ++i) logs.keep("i" + std::to_string(i), {"text", at(0), 0});
    CHECK(logs.find("i3")->text == "text");
    logs.prune(system_clock().now());
    std::size_t left = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(dir.path())) ++left;
    CHECK(left == 500);
    logs.prune(system_clock().now() + std::chrono::hours(24 * 8));
    CHECK(std::filesystem::is_empty(dir.path()));
    CHECK_FALSE(logs.find("i3").has_value());
}
