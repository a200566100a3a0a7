#include "cli/session_view.hpp"

#include "cli/json_shape.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::cli;
using std::chrono::seconds;

namespace {

store::Session sample() {
    store::Session session{.id = SessionId::parse("01234567-89ab-4def-8123-456789abcdef")};
    session.name = "todo-app-k3f9";
    session.status = store::Status::ready;
    session.actual_cost = Money::parse("0.003");
    session.expires_at = WallTime(std::chrono::milliseconds(90'000));
    return session;
}

}  // namespace

TEST_CASE("spans are told in at most two parts") {
    CHECK(rough_duration(seconds(-5)) == "0s");
    CHECK(rough_duration(seconds(45)) == "45s");
    CHECK(rough_duration(seconds(90)) == "1m 30s");
    CHECK(rough_duration(seconds(600)) == "10m");
    CHECK(rough_duration(seconds(599)) == "9m 59s");
    CHECK(rough_duration(seconds(1799)) == "30m");
    CHECK(rough_duration(seconds(1769)) == "29m");
    CHECK(rough_duration(seconds(3599)) == "1h");
    CHECK(rough_duration(seconds(3600)) == "1h");
    CHECK(rough_duration(seconds(7500)) == "2h 5m");
    CHECK(rough_duration(seconds(90000)) == "1d 1h");
}

TEST_CASE("only a live session has time left") {
    store::Session session = sample();
    CHECK(remaining_text(session, WallTime{}) == "1m 30s");
    CHECK(remaining_text(session, WallTime(std::chrono::hours(1))) == "0s");
    for (const auto status : {store::Status::stopped, store::Status::paused}) {
        session.status = status;
        CHECK(remaining_text(session, WallTime{}) == "-");
    }
}

TEST_CASE("a session is the same object wherever it is printed") {
    const Json object = session_json(sample(), WallTime{});
    CHECK(object.at("id") == "01234567-89ab-4def-8123-456789abcdef");
    CHECK(object.at("appType") == "webapp");
    CHECK(object.at("status") == "ready");
    CHECK(object.at("expiresAt") == "1970-01-01T00:01:30Z");
    CHECK(object.at("remainingSeconds") == 90);
    CHECK(object.at("cost") == Json{{"usd", "0.003"}, {"nanoUsd", 3'000'000}});
    CHECK(object.at("url").is_null());
    CHECK(object.at("error").is_null());
    CHECK(json_time(std::nullopt).is_null());

    store::Session paused = sample();
    paused.status = store::Status::paused;
    paused.provider = "e2b";
    CHECK(session_json(paused, WallTime{}).at("expiresAt").is_null());
    CHECK(session_json(paused, WallTime{}).at("remainingSeconds").is_null());
    paused.provider = "local";
    CHECK(session_json(paused, WallTime{}).at("expiresAt") == "1970-01-01T00:01:30Z");
    CHECK(session_json(paused, WallTime{}).at("remainingSeconds").is_null());
}
