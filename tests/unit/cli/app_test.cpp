#include "capture.hpp"
#include "support/temp_dir.hpp"

#include <spawnai/core/json.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

Ran ran(const std::vector<std::string>& arguments) {
    const test::TempDir home;
    return run_captured(arguments, {{"SPAWNAI_HOME", home.path().string()}});
}

}  // namespace

TEST_CASE("version and help are results") {
    const Ran version = ran({"--version"});
    CHECK(version.code == 0);
    CHECK(version.out.rfind("spawnai ", 0) == 0);
    CHECK(version.err.empty());
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{},
                                                                                       {"--help"},
                                                                                       {"help"},
                                                                                       {"spawn", "--help"},
                                                                                       {"help", "spawn"},
                                                                                       {"config"},
                                                                                       {"help", "exit-codes"},
                                                                                       {"ls", "-h"}}) {
        const Ran help = ran(words);
        CHECK(help.code == 0);
        CHECK(help.out.size() > 100);
        CHECK(help.err.empty());
    }
}

TEST_CASE("a mistake leaves stdout empty") {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"nonsense"}, {"--nonsense"}, {"spawn"}, {"ls", "--nonsense"}, {"config", "get"}, {"help", "nonsense"}}) {
        const Ran failed = ran(words);
        CHECK(failed.code == 2);
        CHECK(failed.out.empty());
        CHECK(failed.err.rfind("error: ", 0) == 0);
        CHECK(failed.err.find("hint: ") != std::string::npos);
    }
}

TEST_CASE("with --json a mistake is an object on stdout whatever it is") {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{
             {"nonsense", "--json"}, {"ls", "--json", "--nonsense"}, {"spawn", "--json"}}) {
        const Ran failed = ran(words);
        CHECK(failed.code == 2);
        CHECK(Json::parse(failed.out).at("error").at("kind") == "usage");
        CHECK_FALSE(failed.err.empty());
    }
    CHECK(ran({"nonsense", "--", "--json"}).out.empty());
}

TEST_CASE("settings say where they come from") {
    const test::TempDir home;
    std::map<std::string, std::string> variables{{"SPAWNAI_HOME", home.path().string()}};
    CHECK(run_captured({"config", "get", "provider"}, variables).out == "auto\n");
    CHECK(run_captured({"config", "set", "provider", "local"}, variables).code == 0);
    CHECK(run_captured({"config", "get", "provider", "--show-origin"}, variables).out ==
          "local\t" + (home.path() / "config.json").string() + "\n");
    variables["SPAWNAI_PROVIDER"] = "e2b";
    CHECK(run_captured({"config", "get", "provider", "--show-origin"}, variables).out == "e2b\tSPAWNAI_PROVIDER\n");
    variables.erase("SPAWNAI_PROVIDER");
    CHECK(run_captured({"config", "set", "provider", "mars"}, variables).code == 2);
    CHECK(run_captured({"config", "set", "provider", "--unset"}, variables).code == 0);
    CHECK(run_captured({"config", "get", "provider"}, variables).out == "auto\n");
}
