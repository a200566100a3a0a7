#include "support/temp_dir.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/keys.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

using namespace spawnai;
using spawnai::test::TempDir;

namespace {

std::string refusal(const std::filesystem::path& file) {
    try {
        (void)Keys::load(file);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return std::string(error.what()) + " | " + error.hint();
    }
    return {};
}

}  // namespace

TEST_CASE("a key that was set is found again under its variable") {
    const TempDir dir;
    const auto file = dir.path() / "deep" / "keys.json";
    CHECK_FALSE(Keys::set(file, "claude", Secret("  sk-ant-one ")));
    CHECK(Keys::set(file, "CLAUDE_API_KEY", Secret("sk-ant-two")));
    CHECK_FALSE(Keys::set(file, "e2b", Secret("e2b_x")));
    const Keys keys = Keys::load(file);
    REQUIRE(keys.get("CLAUDE_API_KEY"));
    CHECK(keys.get("CLAUDE_API_KEY")->reveal() == "sk-ant-two");
    CHECK(keys.names() == std::vector<std::string>{"CLAUDE_API_KEY", "E2B_API_KEY"});
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600);
    CHECK(Keys::set(file, "claude", Secret()));
    CHECK_FALSE(Keys::load(file).get("CLAUDE_API_KEY"));
    CHECK(Keys::load(file).get("E2B_API_KEY"));
}

TEST_CASE("a keys file that others can read is refused before it is read") {
    const TempDir dir;
    const auto file = dir.path() / "keys.json";
    for (const unsigned mode : {0640U, 0604U, 0620U, 0666U}) {
        write_file_atomic(file, R"({"CLAUDE_API_KEY":"sk-ant-hidden"})", 0600);
        REQUIRE(::chmod(file.c_str(), mode) == 0);
        const std::string text = refusal(file);
        CHECK(text.find("can be read by others") != std::string::npos);
        CHECK(text.find("chmod 600") != std::string::npos);
        CHECK(text.find("hidden") == std::string::npos);
    }
}

TEST_CASE("a broken keys file is refused without quoting it") {
    const TempDir dir;
    const auto file = dir.path() / "keys.json";
    for (const char* const content :
         {R"({"CLAUDE_API_KEY":"sk-ant-hidden)", R"(["sk-ant-hidden"])", R"({"CLAUDE_API_KEY":{"sk-ant-hidden":1}})"}) {
        write_file_atomic(file, content, 0600);
        const std::string text = refusal(file);
        CHECK(text.find("keys set") != std::string::npos);
        CHECK(text.find("hidden") == std::string::npos);
    }
    std::filesystem::remove(file);
    std::filesystem::create_directory(file);
    CHECK(refusal(file).find("not a regular file") != std::string::npos);
    CHECK(refusal(dir.path() / "absent.json").empty());
}

TEST_CASE("values that cannot be keys and unknown names are refused") {
    const TempDir dir;
    const auto file = dir.path() / "keys.json";
    CHECK_THROWS_AS(Keys::set(file, "openai", Secret("x")), Error);
    CHECK_THROWS_AS(Keys::set(file, "claude", Secret("two words")), Error);
    CHECK_THROWS_AS(Keys::set(file, "claude", Secret("line\nbreak")), Error);
    CHECK_FALSE(std::filesystem::exists(file));
}
