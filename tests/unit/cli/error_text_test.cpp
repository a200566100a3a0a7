#include "cli/error_text.hpp"

#include "capture.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>

#include <doctest/doctest.h>

#include <csignal>
#include <set>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

std::string text_of(const std::exception& error) {
    const Capture capture;
    return failure_text(describe(error), Terminal(capture.streams(), Environment()));
}

}  // namespace

TEST_CASE("every kind of error has an exit code of its own") {
    std::set<int> codes;
    for (const ExitCode& row : exit_codes()) {
        const Failure failure = describe(Error(row.kind, "m"));
        CHECK(failure.code == row.code);
        CHECK(failure.kind == row.name);
        codes.insert(failure.code);
    }
    CHECK(codes.size() == exit_codes().size());
    CHECK(codes.count(0) == 0);
}

TEST_CASE("an interruption is told by its signal") {
    CHECK(describe(Interrupted(SIGINT)).code == 130);
    CHECK(describe(Interrupted(SIGTERM)).code == 143);
    CHECK(describe(Interrupted(SIGTERM)).kind == "terminated");
}

TEST_CASE("a stranger's exception is an internal error that says so") {
    const Failure failure = describe(std::runtime_error("boom"));
    CHECK(failure.code == 1);
    CHECK(failure.message == "unexpected error: boom");
    CHECK_FALSE(failure.hint.empty());
}

TEST_CASE("an error is told as message evidence and hint without escape sequences") {
    const Error error(ErrorKind::not_ready, "it \x1b[2Jfailed", "type this\nor that", "line 1\nline \x1b]0;x\x07two");
    const std::string text = text_of(error);
    CAPTURE(text);
    CHECK(text.rfind("error: it ", 0) == 0);
    CHECK(text.find("  | line 1\n  | line ") != std::string::npos);
    CHECK(text.find("hint: type this\n      or that\n") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    CHECK(text.find('\x07') == std::string::npos);
}

TEST_CASE("keys are redacted from errors") {
    const std::string key = "sk-ant-api03-" + std::string(80, 'a');
    const Error error(ErrorKind::auth, "refused " + key, "see " + key, "sent " + key);
    CHECK(text_of(error).find(key) == std::string::npos);
    CHECK(failure_json(describe(error), std::nullopt).find(key) == std::string::npos);
}

TEST_CASE("the error object has its documented fields") {
    const Failure failure = describe(Error(ErrorKind::limit, "too many", "wait", "20 of 20"));
    const std::string line = failure_json(failure, "the-session");
    CHECK(line.find('\n') == line.size() - 1);
    const Json object = Json::parse(line);
    CHECK(object.at("schemaVersion") == 1);
    const Json& error = object.at("error");
    CHECK(error.at("code") == 6);
    CHECK(error.at("kind") == "limit");
    CHECK(error.at("class") == "resource_error");
    CHECK(error.at("message") == "too many");
    CHECK(error.at("hint") == "wait");
    CHECK(error.at("recoverable") == true);
    CHECK(error.at("session") == "the-session");
    CHECK(error.at("evidence") == "20 of 20");
    CHECK(Json::parse(failure_json(failure, std::nullopt)).at("error").at("session").is_null());
    CHECK(Json::parse(failure_event(failure, std::nullopt)).at("type") == "result");
}
