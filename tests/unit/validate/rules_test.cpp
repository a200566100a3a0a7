#include <spawnai/core/file.hpp>
#include <spawnai/validate/rules.hpp>

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

namespace {

using namespace spawnai;
namespace fs = std::filesystem;

}  // namespace

TEST_CASE("rule ids are unique and every rule says what and why") {
    std::set<std::string_view> ids;
    for (const validate::RuleInfo& rule : validate::all_rules()) {
        INFO(rule.id);
        CHECK(ids.insert(rule.id).second);
        CHECK(rule.what.size() > 10);
        CHECK(rule.why.size() > 10);
        CHECK(rule.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz-") == std::string_view::npos);
    }
    CHECK(ids.size() >= 60);
}

// SPAWNAI_ACCEPT=1 writes the file anew.
TEST_CASE("the manual's table of rules is the one in the code") {
    const fs::path manual = fs::path(SPAWNAI_TEST_DATA) / ".." / ".." / "docs" / "validation-rules.md";
    if (std::getenv("SPAWNAI_ACCEPT") != nullptr) std::ofstream(manual, std::ios::binary) << validate::rules_markdown();
    CHECK(read_file(manual, 1U << 20U) == validate::rules_markdown());
}

// tests/data/validate holds an app for every rule that can refuse one; warnings and the like are in warnings_test.
TEST_CASE("every blocking rule has a sample that it refuses") {
    std::set<std::string> sampled;
    for (const char* kind : {"bad", "harmful"})
        for (const char* type : {"webapp", "api", "script"}) {
            const fs::path folder = fs::path(SPAWNAI_TEST_DATA) / "validate" / kind / type;
            if (!fs::exists(folder)) continue;
            for (const auto& entry : fs::directory_iterator(folder)) {
                const std::string name =
                    fs::is_directory(entry.path()) ? entry.path().filename().string() : entry.path().stem().string();
                const std::size_t dashes = name.find("--");
                if (dashes != std::string::npos) sampled.insert(name.substr(dashes + 2));
            }
        }
    for (const validate::RuleInfo& rule : validate::all_rules()) {
        INFO(rule.id);
        // These are tested with apps made in memory: their faults do not survive as files.
        const bool in_memory = rule.id == "path" || rule.id == "not-text" || rule.id == "page-external";
        if (rule.severity == validate::Severity::block && !in_memory) CHECK(sampled.count(std::string(rule.id)) == 1);
    }
}
