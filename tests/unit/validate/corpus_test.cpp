#include <spawnai/validate/load.hpp>
#include <spawnai/validate/validator.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

namespace {

using namespace spawnai;
namespace fs = std::filesystem;

struct Sample {
    fs::path path;
    AppType type = AppType::webapp;
    std::string rule;  ///< the one that is to find it: what follows "--" in its name
};

std::vector<Sample> samples(const std::string& kind) {
    std::vector<Sample> found;
    for (const char* type : {"webapp", "api", "script"}) {
        const fs::path folder = fs::path(SPAWNAI_TEST_DATA) / "validate" / kind / type;
        if (!fs::exists(folder)) continue;
        for (const auto& entry : fs::directory_iterator(folder)) {
            Sample sample{entry.path(), *parse_app_type(type), {}};
            const std::string name =
                fs::is_directory(entry.path()) ? entry.path().filename().string() : entry.path().stem().string();
            const std::size_t dashes = name.find("--");
            if (dashes != std::string::npos) sample.rule = name.substr(dashes + 2);
            found.push_back(std::move(sample));
        }
    }
    std::sort(found.begin(), found.end(),
              [](const Sample& left, const Sample& right) { return left.path < right.path; });
    return found;
}

validate::Report judge(const Sample& sample) {
    GeneratedApp app = validate::load_app_from(sample.path, sample.type);
    return validate::check_app(app, {.mend = false});
}

std::string blocking(const validate::Report& report) {
    std::string text;
    for (const validate::Finding& finding : report.findings)
        if (finding.severity == validate::Severity::block) text += finding.rule + ": " + finding.message + "; ";
    return text;
}

bool blocks(const validate::Report& report, const std::string& rule) {
    return std::any_of(report.findings.begin(), report.findings.end(), [&](const validate::Finding& finding) {
        return finding.severity == validate::Severity::block && finding.rule == rule;
    });
}

/// Every sample has to be refused, and by the rule that its name says.
std::size_t refuse_all(const std::string& kind) {
    const std::vector<Sample> all = samples(kind);
    for (const Sample& sample : all) {
        INFO(sample.path.string());
        const validate::Report report = judge(sample);
        CHECK_FALSE(report.accepted());
        INFO("refused by: ", blocking(report));
        if (!sample.rule.empty()) CHECK(blocks(report, sample.rule));
    }
    MESSAGE(kind, ": ", all.size(), " samples");
    return all.size();
}

}  // namespace

TEST_CASE("every good app is accepted as it stands") {
    const std::vector<Sample> good = samples("good");
    REQUIRE(good.size() >= 60);
    for (const Sample& sample : good) {
        INFO(sample.path.string());
        const validate::Report report = judge(sample);
        INFO("refused by: ", blocking(report));
        CHECK(report.accepted());
    }
    MESSAGE("good: ", good.size(), " samples");
}

TEST_CASE("every defective app is refused by the rule that is meant for it") {
    CHECK(refuse_all("bad") >= 110);
}

TEST_CASE("every harmful app is refused by the rule that is meant for it") {
    CHECK(refuse_all("harmful") >= 60);
}
