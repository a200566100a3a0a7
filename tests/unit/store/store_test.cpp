#include "support/manual_clock.hpp"
#include "support/temp_dir.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/store/store.hpp>

#include <doctest/doctest.h>
#include <sys/stat.h>

#include <algorithm>
#include <fstream>

using namespace spawnai;
using namespace spawnai::store;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {

const auto k_admit_all = [](const SlotUse&) {};

Session make_session(const Clock& clock, const std::string& name = "todo-app-k3f9",
                     const std::string& provider = "local") {
    Session session{.id = new_session_id(), .name = name, .user_tag = "ada", .prompt = "todo app"};
    session.created_at = clock.now();
    session.provider = provider;
    session.ttl = minutes(30);
    return session;
}

struct Fixture {
    test::TempDir directory;
    testing::ManualClock clock;
    std::filesystem::path file = directory.path() / "data" / "spawnai.db";
    Store store{file, clock};

    Session add(const std::string& name = "todo-app-k3f9", const std::string& provider = "local") {
        return store.insert(make_session(clock, name, provider), minutes(15), k_admit_all);
    }
};

ErrorKind kind_of(const std::function<void()>& action, std::string* message = nullptr,
                  std::string* evidence = nullptr) {
    try {
        action();
    } catch (const Error& error) {
        if (message != nullptr) *message = error.what();
        if (evidence != nullptr) *evidence = error.evidence();
        return error.kind();
    }
    FAIL("nothing was thrown");
    return ErrorKind::internal;
}

StoredApp sample_app() {
    StoredApp stored;
    stored.app.type = AppType::api;
    stored.app.title = "Shop";
    stored.app.entry = "server.js";
    stored.app.start = "node server.js";
    stored.app.build = "make";
    stored.app.port = 8080;
    stored.app.files = {{"server.js", "let a = 1;\n", false}, {"tool.sh", std::string("#!/bin/sh\n\0x", 12), true}};
    stored.data_files = {{"data.csv", "a,b\n", false}};
    return stored;
}

}  // namespace

TEST_CASE_FIXTURE(Fixture, "a session comes back as it was inserted") {
    Session session = make_session(clock);
    session.app_type = AppType::script;
    session.plan = "hobby";
    session.internet = true;
    session.max_cost = Money::parse("0.50");
    session.source = Source::starter;
    session.source_name = "todo";
    session.request_key = "k";
    session.owner_pid = 77;
    session.port = 8000;
    const Session inserted = store.insert(session, minutes(15), k_admit_all);
    CHECK(inserted.seq == 1);
    const Session read = store.get(session.id);
    CHECK(read.name == session.name);
    CHECK(read.app_type == AppType::script);
    CHECK(read.status == Status::creating);
    CHECK(read.created_at == clock.now());
    CHECK_FALSE(read.expires_at);
    CHECK_FALSE(read.sandbox_id);
    CHECK_FALSE(read.parent);
    CHECK_FALSE(read.exit_code);
    CHECK(read.internet);
    CHECK(read.max_cost.nano() == 500'000'000);
    CHECK(read.source == Source::starter);
    CHECK(read.source_name == "todo");
    CHECK(read.ttl == minutes(30));
    CHECK(read.port == 8000);
    CHECK(read.owner_pid == 77);
    REQUIRE(store.events(session.id).size() == 1);
    CHECK(store.events(session.id)[0].message == "creating");
}

TEST_CASE_FIXTURE(Fixture, "the file is private and a second open finds the same store") {
    struct stat status {};
    REQUIRE(::stat(file.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0600U);
    REQUIRE(::stat(file.parent_path().c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0700U);
    const Session session = add();
    Store second(file, clock);
    CHECK(second.store_id() == store.store_id());
    CHECK(second.store_id().size() == 32);
    CHECK(second.get(session.id).name == session.name);
    CHECK(second.check().empty());
}

TEST_CASE_FIXTURE(Fixture, "a change happens only from the statuses it names") {
    const Session session = add();
    const SandboxId sandbox = SandboxId::parse("isandbox1");
    CHECK(store.change(session.id,
                       {.status = Status::ready,
                        .expires_at = clock.now() + minutes(30),
                        .app_url = "http://x/",
                        .sandbox_id = sandbox,
                        .cpu_count = 2},
                       {Status::creating}));
    clock.advance(seconds(5));
    CHECK_FALSE(store.change(session.id, {.status = Status::stopped}, {Status::creating, Status::deploying}));
    CHECK(store.get(session.id).status == Status::ready);
    CHECK(store.change(session.id, {.status = Status::stopped}, {Status::ready},
                       Event{.kind = "status", .message = "stopped by the user"}));
    const Session read = store.get(session.id);
    CHECK(read.status == Status::stopped);
    CHECK(read.ended_at == clock.now());
    CHECK(read.sandbox_id == sandbox);
    CHECK(read.cpu_count == 2);
    CHECK(read.app_url == "http://x/");
    const auto events = store.events(session.id);
    REQUIRE(events.size() == 3);
    CHECK(events[1].message == "ready");
    CHECK(events[2].message == "stopped by the user");
    CHECK(events[2].time - events[1].time == seconds(5));
    CHECK(kind_of([&] { store.change(new_session_id(), {.repairs = 1}); }) == ErrorKind::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a session is found by id, prefix, name and @last") {
    std::string message;
    std::string evidence;
    CHECK(kind_of([&] { (void)store.resolve("@last"); }) == ErrorKind::not_found);
    Session first = make_session(clock, "first-aaaa");
    first.id = SessionId::parse("abcd1111-0000-4000-8000-000000000001");
    Session second = make_session(clock, "second-bbbb");
    second.id = SessionId::parse("abcd2222-0000-4000-8000-000000000002");
    store.insert(first, minutes(15), k_admit_all);
    store.insert(second, minutes(15), k_admit_all);
    CHECK(store.resolve("@last").id == second.id);
    CHECK(store.resolve("abcd1").id == first.id);
    CHECK(store.resolve(second.id.str()).id == second.id);
    CHECK(store.resolve("first-aaaa").id == first.id);
    CHECK(kind_of([&] { (void)store.resolve("abcd"); }, &message, &evidence) == ErrorKind::usage);
    CHECK(message.find("2 session ids") != std::string::npos);
    CHECK(evidence.find("first-aaaa") != std::string::npos);
    CHECK(evidence.find("second-bbbb") != std::string::npos);
    CHECK(kind_of([&] { (void)store.resolve("beef"); }) == ErrorKind::not_found);
    CHECK(kind_of([&] { (void)store.resolve("abcd%"); }) == ErrorKind::not_found);
    CHECK(kind_of([&] { (void)store.resolve("' OR 1=1 --"); }) == ErrorKind::not_found);
    CHECK(kind_of([&] { (void)store.resolve(""); }) == ErrorKind::usage);
    CHECK(kind_of([&] { (void)store.resolve(std::string_view("a\0b", 3)); }) == ErrorKind::not_found);
}

TEST_CASE_FIXTURE(Fixture, "a name means the live session that has it and else the newest") {
    const Session live = add("shop");
    const Session dead = add("shop");
    store.change(dead.id, {.status = Status::stopped});
    CHECK(store.resolve("shop").id == live.id);
    store.change(live.id, {.status = Status::expired});
    CHECK(store.resolve("shop").id == dead.id);
}

TEST_CASE_FIXTURE(Fixture, "lists are filtered and paged from the newest") {
    std::vector<Session> rows;
    for (int i = 0; i < 10; ++i) rows.push_back(add("s" + std::to_string(i), i % 2 == 0 ? "local" : "e2b"));
    store.change(rows[3].id, {.status = Status::error});
    store.change(rows[4].id, {.status = Status::expired});
    CHECK(store.list({}).size() == 10);
    CHECK(store.list({.statuses = {Status::error, Status::expired}}).size() == 2);
    CHECK(store.list({.provider = "e2b"}).size() == 5);
    CHECK(store.list({.user_tag = "nobody"}).empty());
    CHECK(store.count({.statuses = {Status::creating}}) == 8);
    const auto page = store.list({.limit = 4});
    REQUIRE(page.size() == 4);
    CHECK(page[0].name == "s9");
    const auto next = store.list({.before_seq = page.back().seq, .limit = 4});
    REQUIRE(next.size() == 4);
    CHECK(next[0].name == "s5");
}

TEST_CASE_FIXTURE(Fixture, "an admission sees the use of its provider and can refuse") {
    add("a");
    add("b");
    add("c", "e2b");
    const Session over = add("d");
    store.change(over.id, {.status = Status::stopped});
    const Session ready = add("r");
    store.change(ready.id, {.status = Status::ready, .expires_at = clock.now() + minutes(1)});
    store.book(over.id,
               {{.category = "model", .item = "input", .unit = "tokens", .quantity = 5, .amount = Money::nano(7)}});
    SlotUse seen;
    const auto refuse = [&](const SlotUse& use) {
        seen = use;
        throw Error(ErrorKind::limit, "no slot");
    };
    CHECK(kind_of([&] { store.insert(make_session(clock, "a"), minutes(15), refuse, true); }) == ErrorKind::limit);
    CHECK(seen.live == 3);
    CHECK(seen.recent == 4);
    CHECK(seen.name_taken);
    CHECK(seen.spent_today.nano() == 7);
    CHECK(seen.spent_this_month.nano() == 7);
    CHECK(store.count({}) == 5);  // the refused one is not there

    store.change(ready.id, {.status = Status::paused});
    CHECK(store.slot_use("local", minutes(15)).live == 2);
    CHECK(store.slot_use("local", minutes(15)).paused == 1);
    CHECK(store.slot_use("e2b", minutes(15)).paused == 0);
    store.change(ready.id, {.status = Status::ready});

    clock.advance(minutes(20));  // the ready one is over, and all are out of the rate window
    const SlotUse later = store.slot_use("local", minutes(15));
    CHECK(later.live == 2);
    CHECK(later.recent == 0);
    CHECK_FALSE(later.oldest_recent);
}

TEST_CASE_FIXTURE(Fixture, "versions keep files byte for byte and share their contents") {
    const Session session = add();
    CHECK(store.add_version(session.id, sample_app(), "generated") == 1);
    CHECK(store.add_version(session.id, sample_app(), "edit", "make it dark") == 2);
    const StoredApp read = store.app(session.id, 1);
    CHECK(read.app.type == AppType::api);
    CHECK(read.app.title == "Shop");
    CHECK(read.app.start == "node server.js");
    CHECK(read.app.build == "make");
    CHECK(read.app.port == 8080);
    REQUIRE(read.app.files.size() == 2);
    CHECK(read.app.files[1].content == sample_app().app.files[1].content);
    CHECK(read.app.files[1].executable);
    CHECK_FALSE(read.app.files[0].executable);
    REQUIRE(read.data_files.size() == 1);
    CHECK(read.data_files[0].path == "data.csv");
    const auto versions = store.versions(session.id);
    REQUIRE(versions.size() == 2);
    CHECK(versions[1].note == "make it dark");
    CHECK(versions[0].file_count == 3);
    CHECK(versions[0].bytes == 11 + 12 + 4);
    CHECK(kind_of([&] { (void)store.app(session.id, 3); }) == ErrorKind::not_found);
    CHECK(kind_of([&] { store.mark_deployed(session.id, 9); }) == ErrorKind::not_found);
}

TEST_CASE_FIXTURE(Fixture, "only an app that answered is reused and not an edit of it") {
    Session session = make_session(clock);
    session.request_key = sha256_hex("todo app");
    store.insert(session, minutes(15), k_admit_all);
    store.add_version(session.id, sample_app(), "generated");
    store.add_version(session.id, sample_app(), "repair");
    CHECK_FALSE(store.find_reusable(session.request_key));
    store.mark_deployed(session.id, 2);
    CHECK_FALSE(store.find_reusable(session.request_key));
    store.change(session.id, {.status = Status::ready, .ready_at = clock.now()});
    store.add_version(session.id, sample_app(), "edit");
    store.mark_deployed(session.id, 3);
    const auto found = store.find_reusable(session.request_key);
    REQUIRE(found);
    CHECK(found->session == session.id);
    CHECK(found->version == 2);
    CHECK_FALSE(store.find_reusable(sha256_hex("another")));
    CHECK_FALSE(store.find_reusable(""));
}

TEST_CASE_FIXTURE(Fixture, "costs add up and a sandbox is booked once") {
    const Session session = add();
    store.change(session.id, {.model = "claude-haiku-5-5"});
    store.book(session.id, {{.category = "model",
                             .item = "input",
                             .model = "claude-haiku-5-5",
                             .unit = "tokens",
                             .quantity = 1000,
                             .amount = Money::nano(300)},
                            {.category = "model",
                             .item = "output",
                             .model = "claude-haiku-5-5",
                             .unit = "tokens",
                             .quantity = 6000,
                             .amount = Money::nano(900),
                             .attempt = 1}});
    CHECK(store.get(session.id).actual_cost.nano() == 1200);
    const UsageMetric metric{.start = clock.now(),
                             .end = clock.now() + seconds(10),
                             .cpu_seconds = 20,
                             .memory_gb_seconds = 5,
                             .actual_cost = Money::nano(50),
                             .plan = "hobby"};
    const std::vector<CostLine> lines{
        {.category = "sandbox", .item = "vcpu", .unit = "vcpu_ms", .quantity = 20000, .amount = Money::nano(50)}};
    CHECK_FALSE(store.book_usage(session.id, metric, lines));  // there was no sandbox
    store.change(session.id, {.sandbox_started_at = clock.now() + seconds(20)});
    CHECK_FALSE(store.book_usage(session.id, metric, lines));  // another stretch
    store.change(session.id, {.sandbox_started_at = clock.now()});
    CHECK(store.book_usage(session.id, metric, lines));
    CHECK_FALSE(store.book_usage(session.id, metric, lines));
    CHECK(store.get(session.id).actual_cost.nano() == 1250);
    CHECK_FALSE(store.get(session.id).sandbox_started_at);
    REQUIRE(store.usage(session.id).size() == 1);
    CHECK(store.usage(session.id)[0].cpu_seconds == 20);
    CHECK(store.cost_lines(session.id).size() == 3);

    const auto all = store.cost_sums(clock.now() - hours(1), clock.now() + hours(1), CostGroup::none);
    REQUIRE(all.size() == 1);
    CHECK(all[0].sessions == 1);
    CHECK(all[0].input_tokens == 1000);
    CHECK(all[0].output_tokens == 6000);
    CHECK(all[0].model.nano() == 1200);
    CHECK(all[0].sandbox.nano() == 50);
    CHECK(all[0].repairs.nano() == 900);
    const auto by_day = store.cost_sums(clock.now() - hours(1), clock.now() + hours(1), CostGroup::day);
    REQUIRE(by_day.size() == 1);
    CHECK(by_day[0].group == format_rfc3339(clock.now()).substr(0, 10));
    CHECK(store.cost_sums(clock.now() - hours(1), clock.now() + hours(1), CostGroup::model)[0].group ==
          "claude-haiku-5-5");
    CHECK(store.cost_sums(clock.now() - hours(1), clock.now() + hours(1), CostGroup::provider)[0].group == "local");
    CHECK(store.cost_sums(clock.now() - hours(2), clock.now() - hours(1), CostGroup::none).empty());
}

TEST_CASE_FIXTURE(Fixture, "the last 256 KiB of an app's output are kept") {
    const Session session = add();
    CHECK_FALSE(store.kept_log(session.id));
    store.keep_log(session.id, std::string("short\0\xff", 7));
    CHECK(store.kept_log(session.id)->text == std::string("short\0\xff", 7));
    CHECK_FALSE(store.kept_log(session.id)->truncated);
    store.keep_log(session.id, std::string(k_log_limit, 'a') + "end");
    const auto kept = store.kept_log(session.id);
    CHECK(kept->text.size() == k_log_limit);
    CHECK(kept->text.ends_with("aend"));
    CHECK(kept->truncated);
    store.keep_log(session.id, "");
    CHECK(store.kept_log(session.id)->text.empty());
}

TEST_CASE_FIXTURE(Fixture, "findings, durations, outcomes and facts are remembered") {
    const Session session = add();
    store.add_findings(session.id, {{.attempt = 1,
                                     .rule = "js-syntax",
                                     .severity = "block",
                                     .file = "a.js",
                                     .line = 3,
                                     .column = 7,
                                     .message = "bad",
                                     .hint = "mend"}});
    REQUIRE(store.findings(session.id).size() == 1);
    CHECK(store.findings(session.id)[0].column == 7);
    clock.advance(seconds(12));
    store.change(session.id, {.status = Status::ready, .ready_at = clock.now()});
    CHECK(store.recent_durations(AppType::webapp, Source::model, 5) ==
          std::vector<std::chrono::milliseconds>{seconds(12)});
    CHECK(store.recent_durations(AppType::api, Source::model, 5).empty());
    const Session failed = add("x");
    store.change(failed.id, {.status = Status::error, .error_kind = "not_ready"});
    const Outcomes outcomes = store.outcomes(clock.now() - hours(1));
    CHECK(outcomes.total == 2);
    CHECK(outcomes.became_ready == 1);
    CHECK(outcomes.failed == 1);
    REQUIRE(outcomes.errors.size() == 1);
    CHECK(outcomes.errors[0].first == "not_ready");
    CHECK_FALSE(store.fact("x"));
    store.set_fact("x", "1");
    store.set_fact("x", "2");
    CHECK(store.fact("x") == "2");
    CHECK(store.claim_turn("look", seconds(30)));
    CHECK_FALSE(store.claim_turn("look", seconds(30)));
    clock.advance(seconds(31));
    CHECK(store.claim_turn("look", seconds(30)));
    clock.advance(-hours(5));
    CHECK(store.claim_turn("look", seconds(30)));  // a clock that was set back does not silence it
}

TEST_CASE("a damaged store is named and left as it is") {
    test::TempDir directory;
    const auto file = directory.path() / "spawnai.db";
    std::string content(8192, 'x');
    SUBCASE("text instead of a database") {
        content = "this is not a database, whatever its name says, and it is long enough";
    }
    SUBCASE("garbage") {}
    SUBCASE("a header followed by garbage") {
        {
            const testing::ManualClock clock;
            Store store(file, clock);
            for (int i = 0; i < 50; ++i) store.insert(make_session(clock), minutes(15), k_admit_all);
        }
        content = read_file(file, 1 << 24);
        std::fill(content.begin() + 100, content.end(), 'x');
    }
    write_file_atomic(file, content);
    std::string message;
    const ErrorKind kind = kind_of(
        [&] {
            Store store(file);
            (void)store.list({});
        },
        &message);
    CHECK(kind == ErrorKind::usage);
    CHECK(message.find(file.string()) != std::string::npos);
    CHECK(read_file(file, 1 << 24) == content);
}

TEST_CASE("a directory or another program's database in the store's place is refused") {
    test::TempDir directory;
    const auto file = directory.path() / "spawnai.db";
    std::filesystem::create_directory(file);
    CHECK(kind_of([&] { Store store(file); }) == ErrorKind::usage);
    CHECK(std::filesystem::is_directory(file));
}

TEST_CASE("an empty file becomes a store") {
    test::TempDir directory;
    const auto file = directory.path() / "spawnai.db";
    write_file_atomic(file, "");
    Store store(file);
    CHECK(store.list({}).empty());
    CHECK(store.schema_version() == 1);
}
