#include "cli/commands/spawn.hpp"
#include "support/temp_dir.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

pipeline::SpawnRequest request(const std::vector<std::string>& words,
                               std::map<std::string, std::string> variables = {}) {
    SpawnOptions options;
    Arguments arguments("spawn");
    configure(arguments, options);
    arguments.parse(words);
    variables.emplace("USER", "somebody");
    const Environment environment(std::move(variables));
    return make_request(options, "todo app", Config::load("/nonexistent/config.json", environment), environment);
}

ErrorKind refusal(const std::vector<std::string>& words) {
    try {
        (void)request(words);
    } catch (const Error& error) {
        CHECK_FALSE(error.hint().empty());
        return error.kind();
    }
    return ErrorKind::internal;
}

}  // namespace

TEST_CASE("a bare spawn has the documented defaults") {
    const auto wanted = request({"todo app"});
    CHECK_FALSE(wanted.type);
    CHECK_FALSE(wanted.ttl);
    CHECK_FALSE(wanted.internet);
    CHECK(wanted.max_cost == Money::parse("0.50"));
    CHECK(wanted.max_repairs == 2);
    CHECK(wanted.template_id == "base");
    CHECK(wanted.user_tag == "somebody");
    CHECK_FALSE(wanted.model_pinned);
    CHECK_FALSE(wanted.fresh);
    CHECK_FALSE(wanted.offline);
}

TEST_CASE("flags come before the environment") {
    CHECK(request({"x"}, {{"SPAWNAI_TTL", "45m"}}).ttl == std::chrono::minutes(45));
    CHECK(request({"x", "--ttl", "2h"}, {{"SPAWNAI_TTL", "45m"}}).ttl == std::chrono::hours(2));
    const auto wanted = request({"x",          "-t",        "api",           "--no-internet",
                                 "--max-cost", "0.1",       "--max-repairs", "0",
                                 "--fresh",    "--offline", "--name",        "n",
                                 "--tag",      "ci",        "--port",        "8000",
                                 "-m",         "m",         "--on-timeout",  "pause"});
    CHECK(wanted.type == AppType::api);
    CHECK(wanted.internet == false);
    CHECK(wanted.max_cost == Money::parse("0.10"));
    CHECK(wanted.max_repairs == 0);
    CHECK(wanted.fresh);
    CHECK(wanted.offline);
    CHECK(wanted.name == "n");
    CHECK(wanted.user_tag == "ci");
    CHECK(wanted.port == 8000);
    CHECK(wanted.model_pinned);
    CHECK(wanted.on_timeout == sandbox::OnTimeout::pause);
}

TEST_CASE("variables for the app are checked and keys stay out") {
    const auto wanted = request({"x", "-e", "A=1=2", "--env=B"}, {{"B", "from here"}});
    CHECK(wanted.environment == std::map<std::string, std::string>{{"A", "1=2"}, {"B", "from here"}});
    CHECK(refusal({"x", "-e", "1A=x"}) == ErrorKind::usage);
    CHECK(refusal({"x", "-e", "=x"}) == ErrorKind::usage);
    CHECK(refusal({"x", "-e", "UNSET_HERE"}) == ErrorKind::usage);
    CHECK(refusal({"x", "-e", "CLAUDE_API_KEY=x"}) == ErrorKind::usage);
}

TEST_CASE("data files lie beside the app under their own names") {
    const test::TempDir directory;
    write_file_atomic(directory.path() / "data.csv", "a,b\n");
    const auto wanted = request({"x", "-f", (directory.path() / "data.csv").string()});
    REQUIRE(wanted.data_files.size() == 1);
    CHECK(wanted.data_files[0].path == "data.csv");
    CHECK(wanted.data_files[0].content == "a,b\n");
    CHECK_THROWS_AS((void)request({"x", "-f", (directory.path() / "absent").string()}), Error);
    const std::string twice = (directory.path() / "data.csv").string();
    CHECK_THROWS_AS((void)request({"x", "-f", twice, "-f", twice}), Error);
}

TEST_CASE("contradictions and sizes that nobody can choose are refused") {
    CHECK_THROWS_AS((void)request({"x", "--internet", "--no-internet"}), Error);
    CHECK_THROWS_AS((void)request({"x", "--json", "--events"}), Error);
    CHECK(refusal({"x", "--cpu", "4"}) == ErrorKind::usage);
    CHECK(refusal({"x", "--memory", "1G"}) == ErrorKind::usage);
}
