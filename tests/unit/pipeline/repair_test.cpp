#include "pipeline/repair.hpp"

#include "pipeline/evidence.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::pipeline;

namespace {

RepairState state_after(int repairs) {
    RepairState state;
    state.repairs_done = repairs;
    state.most_repairs = 2;
    state.model = "claude-haiku-5-5";
    state.can_escalate = true;
    state.left = Money::parse("0.40");
    state.likely = Money::parse("0.003");
    state.likely_escalated = Money::parse("0.06");
    return state;
}

}  // namespace

TEST_CASE("repairs come first and the last of them is written by the stronger model") {
    const auto first = decide_next(state_after(0));
    REQUIRE(first);
    CHECK(first->model == "claude-haiku-5-5");
    CHECK_FALSE(first->simpler);
    const auto second = decide_next(state_after(1));
    REQUIRE(second);
    CHECK(second->model == "claude-sonnet-5-5");
    CHECK(second->escalated);
    const auto third = decide_next(state_after(2));
    REQUIRE(third);
    CHECK(third->simpler);
    CHECK(third->model == "claude-haiku-5-5");
    RepairState last = state_after(2);
    last.simpler_done = true;
    CHECK_FALSE(decide_next(last));
}

TEST_CASE("a pinned model and a small budget keep the first model") {
    RepairState pinned = state_after(1);
    pinned.can_escalate = false;
    CHECK(decide_next(pinned)->model == "claude-haiku-5-5");
    RepairState poor = state_after(1);
    poor.left = Money::parse("0.05");
    CHECK(decide_next(poor)->model == "claude-haiku-5-5");
    poor.left = Money::parse("0.002");
    CHECK_FALSE(decide_next(poor));
    poor.likely = Money{};  // a server without prices costs nothing that we know of
    poor.left = Money{};
    CHECK_FALSE(decide_next(poor));
}

TEST_CASE("refusals and budgets are final and a cut reply is asked for in a simpler way") {
    RepairState state = state_after(0);
    state.no_app = claude::NoAppReason::refusal;
    CHECK_FALSE(decide_next(state));
    state.no_app = claude::NoAppReason::over_budget;
    CHECK_FALSE(decide_next(state));
    state.no_app = claude::NoAppReason::truncated;
    CHECK(decide_next(state)->simpler);
    state.no_app = claude::NoAppReason::unparsable;
    CHECK_FALSE(decide_next(state)->simpler);
    state.most_repairs = 0;
    CHECK_FALSE(decide_next(state));
}

TEST_CASE("evidence names the first finding and shows the end of long output") {
    validate::Report report;
    report.findings = {{.rule = "note", .severity = validate::Severity::note, .message = "mended"},
                       {.rule = "js-syntax",
                        .severity = validate::Severity::block,
                        .file = "a.js",
                        .line = 3,
                        .message = "unexpected }",
                        .hint = "close it"},
                       {.rule = "x", .severity = validate::Severity::block, .message = "no entry"}};
    const Evidence evidence = evidence_of(report);
    CHECK(evidence.kind == ErrorKind::refused);
    CHECK(evidence.what == "the app was refused: a.js:3: unexpected } (and 1 more)");
    CHECK(evidence.detail.find("mended") == std::string::npos);
    CHECK(evidence.for_model().find("close it") != std::string::npos);
    Evidence loud{
        ErrorKind::not_ready, "the build ended with exit code 1", std::string(100000, 'x') + "\x1b[31mthe end", {}};
    CHECK(loud.for_model().size() < 8000);
    CHECK(loud.for_model().ends_with("the end"));
    CHECK(loud.for_model().find('\x1b') == std::string::npos);
    std::string lines;
    for (int i = 0; i < 100; ++i) lines += "line " + std::to_string(i) + "\n";
    const Error error = Evidence{ErrorKind::not_ready, "it failed", lines, {}}.as_error("try again");
    CHECK(error.evidence().find("line 99") != std::string::npos);
    CHECK(error.evidence().find("line 10\n") == std::string::npos);
}
