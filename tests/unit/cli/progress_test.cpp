#include "cli/progress.hpp"

#include "capture.hpp"

#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>

#include <doctest/doctest.h>

#include <csignal>

using namespace spawnai;
using namespace spawnai::cli;
namespace pl = spawnai::pipeline;

namespace {

store::Session sample_session() {
    store::Session session{.id = SessionId::parse("01234567-89ab-4def-8123-456789abcdef")};
    session.name = "todo-app-k3f9";
    session.app_url = "http://3000-x.localhost:1234";
    session.status = store::Status::ready;
    return session;
}

pl::SpawnEvent event(pl::EventBody body) {
    return {WallTime{}, sample_session().id, std::move(body)};
}

std::vector<pl::SpawnEvent> whole_spawn() {
    const store::Session session = sample_session();
    return {event(pl::Admitted{session, std::chrono::milliseconds(8000)}),
            event(pl::SourceChosen{store::Source::starter, "todo", "built-in starter \"todo\", no model was asked"}),
            event(pl::StatusChanged{store::Status::generating, ""}),
            event(pl::StepStarted{pl::Step::generate}),
            event(pl::StepStarted{pl::Step::create}),
            event(pl::StepDone{pl::Step::create, std::chrono::milliseconds(12)}),
            event(pl::StepStarted{pl::Step::create}),
            event(pl::RepairStarted{1, 2, "it \x1b[31mcrashed", "claude-sonnet-5-5", true, false}),
            event(pl::StatusChanged{store::Status::deploying, ""}),
            event(pl::StepStarted{pl::Step::probe_outside}),
            event(pl::Ready{session})};
}

}  // namespace

TEST_CASE("without a terminal progress is one plain line per stage") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment());
    Progress progress(terminal, {});
    for (const auto& each : whole_spawn()) progress.on_event(each);
    progress.finish();
    CHECK(capture.out().empty());
    const std::string text = capture.err();
    CAPTURE(text);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find("built-in starter \"todo\", no model was asked\n") == 0);
    CHECK(text.find("making a sandbox ...\nmaking") == std::string::npos);
    CHECK(text.find("repair 1 of 2 with claude-sonnet-5-5: it ") != std::string::npos);
    CHECK(progress.session() == sample_session().id.str());
}

TEST_CASE("a quiet progress says nothing") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment());
    terminal.set_quiet();
    Progress progress(terminal, {});
    for (const auto& each : whole_spawn()) progress.on_event(each);
    progress.finish();
    CHECK(capture.err().empty());
}

TEST_CASE("events are lines of JSON on stdout with growing progress") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment());
    Progress progress(terminal, {.events = true});
    const auto events = whole_spawn();
    for (const auto& each : events) progress.on_event(each);
    progress.on_event(event(pl::Failed{"not_ready", "no answer", true}));
    std::vector<Json> lines;
    std::string text = capture.out();
    for (std::size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n')) {
        lines.push_back(Json::parse(text.substr(0, end)));
        text.erase(0, end + 1);
    }
    REQUIRE(lines.size() == events.size() + 1);
    double before = 0;
    for (std::size_t i = 0; i < events.size(); ++i) {
        CHECK(lines[i].at("type") == "session_update");
        CHECK(lines[i].at("session") == sample_session().id.str());
        CHECK(lines[i].at("message").is_string());
        CHECK(lines[i].at("progress").get<double>() >= before);
        before = lines[i].at("progress").get<double>();
    }
    CHECK(before == 1);
    CHECK(lines[events.size() - 1].at("appUrl") == sample_session().app_url);
    CHECK(lines[events.size() - 1].at("status") == "ready");
    CHECK(lines.back().at("type") == "session_error");
    CHECK(lines.back().at("error") == "no answer");
    CHECK(lines.back().at("recoverable") == true);
}

TEST_CASE("when nobody reads the events any more it is said once and nothing is thrown") {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe = make_pipe();
    pipe.read.reset();
    const Capture capture;
    Terminal terminal({capture.streams().in, pipe.write.get(), capture.streams().err}, Environment());
    int told = 0;
    Progress progress(terminal, {.events = true, .on_reader_gone = [&told] { ++told; }});
    for (const auto& each : whole_spawn()) progress.on_event(each);
    CHECK(told == 1);
    CHECK(progress.reader_gone());
}

TEST_CASE("a bar grows with time and never claims to be done") {
    ProgressState state;
    state.expected = std::chrono::seconds(10);
    double before = -1;
    for (int second = 0; second < 60; ++second) {
        state.elapsed = std::chrono::seconds(second);
        const double now = progress_fraction(state, store::Status::generating);
        CHECK(now >= before);
        CHECK(now < 1);
        before = now;
    }
    CHECK(progress_fraction(state, store::Status::ready) == 1);
    state.expected.reset();
    CHECK(progress_fraction(state, store::Status::creating) < progress_fraction(state, store::Status::generating));
    CHECK(progress_fraction(state, store::Status::generating) < progress_fraction(state, store::Status::deploying));
}

TEST_CASE("a progress line fits and shows what is known") {
    ProgressState state;
    state.stage = "writing the app";
    state.elapsed = std::chrono::milliseconds(4200);
    state.expected = std::chrono::milliseconds(11500);
    state.tokens = 1234;
    state.cost = Money::parse("0.0031");
    const std::string line = progress_line(state, 0.5, 100, 0);
    CHECK(line == "| [##########..........] writing the app  4.2s of about 12s  1234 tokens  " + state.cost.display());
    CHECK(progress_line(state, 0.5, 40, 1).find('[') == std::string::npos);
    CHECK(progress_line(state, 0.5, 20, 2).size() <= 22);
}
