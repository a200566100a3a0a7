#include "fakes.hpp"
#include "pipeline/verdict.hpp"

#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>

#include <fstream>

using namespace spawnai;
using namespace spawnai::pipeline;
using namespace spawnai::pipeline::testing;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using store::Session;
using store::Status;

namespace {

struct Living : World {
    Session make(AppType type = AppType::webapp) {
        SpawnRequest wanted = request(type == AppType::api ? "a rest api" : "a todo page");
        wanted.fresh = true;
        model.answer(type == AppType::api ? api_app() : page_app());
        return spawn_it(wanted).session;
    }
    // The row of a spawn whose process died: nobody holds its lease.
    Session dead_row(bool with_id, bool with_sandbox) {
        Session row{
            .id = new_session_id(), .name = "dead", .user_tag = "ada", .prompt = "x", .status = Status::generating};
        row.created_at = clock.now();
        row.provider = "e2b";
        row.provider_address = "https://api.example";
        row.cpu_count = 2;
        row.memory_mib = 512;
        store.insert(row, minutes(15), [](const store::SlotUse&) {});
        if (with_sandbox) {
            const auto sandbox =
                provider.create({.lifetime = minutes(30),
                                 .metadata = {{"spawnai_session", row.id.str()}, {"spawnai_store", store.store_id()}}},
                                {});
            if (with_id)
                store.change(row.id, {.expires_at = clock.now() + minutes(30),
                                      .sandbox_id = sandbox->id(),
                                      .sandbox_started_at = clock.now()});
        }
        return store.get(row.id);
    }
    Surroundings local() {
        Surroundings with_locks = with();
        with_locks.place.provider = "local";
        with_locks.place.is_alive = [this](const SandboxId& id) {
            for (const SandboxId& alive : provider.live())
                if (alive == id) return true;
            return false;
        };
        return with_locks;
    }
};

ErrorKind kind_of(const std::function<void()>& action) {
    try {
        action();
    } catch (const Error& error) {
        return error.kind();
    }
    FAIL("nothing was thrown");
    return ErrorKind::internal;
}

}  // namespace

TEST_CASE("a row is judged by what is known of its owner and its sandbox") {
    const WallTime now{std::chrono::milliseconds(1'800'000'000'000)};
    struct Row {
        Status status;
        bool owner;
        Presence sandbox;
        std::optional<WallTime> expires;
        std::optional<Status> verdict;
    };
    const Row table[] = {
        {Status::creating, true, Presence::unknown, {}, {}},
        {Status::generating, true, Presence::absent, {}, {}},
        {Status::creating, false, Presence::unknown, {}, Status::error},
        {Status::deploying, false, Presence::present, now + minutes(5), Status::error},
        {Status::ready, false, Presence::present, now - minutes(5), {}},
        {Status::ready, false, Presence::unknown, now - minutes(5), {}},
        {Status::ready, false, Presence::absent, now - minutes(5), Status::expired},
        {Status::ready, false, Presence::absent, now + seconds(1), Status::expired},
        {Status::ready, false, Presence::absent, now + minutes(5), Status::lost},
        {Status::ready, false, Presence::absent, {}, Status::lost},
        {Status::paused, false, Presence::absent, now - minutes(5), Status::expired},
        {Status::paused, false, Presence::absent, {}, Status::lost},
        {Status::paused, false, Presence::present, now - minutes(5), {}},
        {Status::error, false, Presence::absent, {}, {}},
        {Status::stopped, false, Presence::present, {}, {}},
    };
    for (const Row& row : table) {
        CAPTURE(to_string(row.status));
        const RowVerdict verdict = judge_row({row.status, row.owner, row.sandbox, row.expires, now});
        CHECK(verdict.status == row.verdict);
        if (verdict.status) CHECK(verdict.ended_at <= now);
    }
}

TEST_CASE_FIXTURE(Living, "a spawn that died is closed and its sandbox ended") {
    bool with_id = false;
    bool with_sandbox = false;
    SUBCASE("before the sandbox") {}
    SUBCASE("in the create call") {
        with_sandbox = true;
    }
    SUBCASE("after the create call") {
        with_id = with_sandbox = true;
    }
    const Session row = dead_row(with_id, with_sandbox);
    clock.advance(seconds(10));
    const Reconciled result = reconcile(with(), Look::cheap, {});
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].after == Status::error);
    CHECK(provider.live().empty());
    const Session now = store.get(row.id);
    CHECK(now.error_kind == "interrupted");
    CHECK_FALSE(now.sandbox_started_at);
    CHECK((now.actual_cost > Money{}) == with_id);
    CHECK(reconcile(with(), Look::full, {}).changes.empty());
}

TEST_CASE_FIXTURE(Living, "a sandbox that comes after its session was closed is still ended and paid for") {
    const Session row = dead_row(false, false);
    store.change(row.id, {.sandbox_started_at = clock.now()});
    (void)reconcile(with(), Look::cheap, {});
    CHECK(store.get(row.id).status == Status::error);
    REQUIRE(store.get(row.id).sandbox_started_at);
    (void)provider.create(
        {.lifetime = minutes(30), .metadata = {{"spawnai_session", row.id.str()}, {"spawnai_store", store.store_id()}}},
        {});
    clock.advance(seconds(31));
    CHECK(reconcile(with(), Look::cheap, {}).orphans_ended.size() == 1);
    CHECK(provider.live().empty());
    CHECK(store.get(row.id).actual_cost > Money{});
}

TEST_CASE_FIXTURE(Living, "a sandbox that never comes is forgotten after a last look and costs nothing") {
    const Session row = dead_row(false, false);
    store.change(row.id, {.sandbox_started_at = clock.now()});
    (void)reconcile(with(), Look::cheap, {});
    clock.advance(minutes(6));
    (void)reconcile(with(), Look::cheap, {});
    CHECK_FALSE(store.get(row.id).sandbox_started_at);
    CHECK(store.get(row.id).actual_cost == Money{});
    const std::size_t before = provider.count("list");
    clock.advance(minutes(1));
    (void)reconcile(with(), Look::cheap, {});
    CHECK(provider.count("list") == before);
}

TEST_CASE_FIXTURE(Living, "a late sandbox that cannot be ended yet is still owed") {
    const Session row = dead_row(false, false);
    store.change(row.id, {.sandbox_started_at = clock.now()});
    (void)reconcile(with(), Look::cheap, {});
    (void)provider.create(
        {.lifetime = minutes(30), .metadata = {{"spawnai_session", row.id.str()}, {"spawnai_store", store.store_id()}}},
        {});
    clock.advance(minutes(6));
    provider.fail("kill", Error(ErrorKind::unavailable, "boom"));
    CHECK(reconcile(with(), Look::full, {}).problems.size() == 1);
    CHECK(store.get(row.id).sandbox_started_at);
    CHECK(reconcile(with(), Look::full, {}).orphans_ended.size() == 1);
    CHECK(store.get(row.id).actual_cost.nano() == 360 * 30'250);
}

TEST_CASE_FIXTURE(Living, "a second sandbox of a live session is ended and the first one stays") {
    const Session row = make();
    (void)provider.create(
        {.lifetime = minutes(30), .metadata = {{"spawnai_session", row.id.str()}, {"spawnai_store", store.store_id()}}},
        {});
    CHECK(reconcile(with(), Look::full, {}).orphans_ended.size() == 1);
    CHECK(provider.live() == std::vector<SandboxId>{*row.sandbox_id});
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(store.get(row.id).sandbox_started_at);
}

TEST_CASE_FIXTURE(Living, "one sandbox that cannot be ended does not keep the others") {
    for (int i = 0; i < 3; ++i) dead_row(true, true);
    provider.fail("kill", Error(ErrorKind::unavailable, "boom"));
    const Reconciled result = reconcile(with(), Look::cheap, {});
    CHECK(result.changes.size() == 2);
    CHECK(result.problems == std::vector<std::string>{"boom"});
    CHECK(provider.live().size() == 1);
}

TEST_CASE_FIXTURE(Living, "sessions of another control plane are left to it") {
    const Session row = make();
    Surroundings elsewhere = with();
    elsewhere.place.address = "https://api.other";
    provider.lose(*row.sandbox_id);
    CHECK(reconcile(elsewhere, Look::full, {}).changes.empty());
    CHECK(kind_of([&] { pipeline::kill(elsewhere, row.id, {}); }) == ErrorKind::usage);
    CHECK(kind_of([&] { extend(elsewhere, row.id, minutes(1), {}); }) == ErrorKind::usage);
    CHECK(store.get(row.id).status == Status::ready);
    clock.advance(minutes(31));
    // Also where sandboxes are free: what it cost was said by the plan it was made under.
    elsewhere.place.plan = PriceTable::built_in().plan("self-hosted");
    CHECK(reconcile(elsewhere, Look::cheap, {}).changes.size() == 1);
    CHECK(store.get(row.id).status == Status::expired);
    CHECK(store.get(row.id).actual_cost.nano() == 1'000'000 + 1800 * 30'250);
}

TEST_CASE_FIXTURE(Living, "a paused session of another control plane keeps its snapshot") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    Surroundings elsewhere = with();
    elsewhere.place.address = "https://api.other";
    clock.advance(hours(2));
    CHECK(reconcile(elsewhere, Look::full, {}).changes.empty());
    CHECK(store.get(row.id).status == Status::paused);
    CHECK(reconcile(with(), Look::full, {}).orphans_ended.empty());
    CHECK(resume(with(), row.id, {}, {}).was_paused);
}

TEST_CASE_FIXTURE(Living, "a spawn at work is left alone") {
    const Session row = dead_row(true, true);
    make_private_directories(directory.path() / "run");
    const FileLock lease = FileLock::acquire(lease_file(directory.path() / "run", row.id));
    CHECK(reconcile(with(), Look::full, {}).changes.empty());
    CHECK(provider.live().size() == 1);
    CHECK(store.get(row.id).status == Status::generating);
}

TEST_CASE_FIXTURE(Living, "a spawn that finishes while others are cleared away keeps its sandbox") {
    const Session one = dead_row(true, true);
    const Session other = dead_row(true, true);
    SandboxId spared = *one.sandbox_id;
    provider.before("kill", [&] {
        const bool first_is_one = provider.calls().back().sandbox == one.sandbox_id->str();
        const Session& finishing = first_is_one ? other : one;
        spared = *finishing.sandbox_id;
        store.change(finishing.id, {.status = Status::ready}, {Status::generating});
    });
    CHECK(reconcile(with(), Look::full, {}).changes.size() == 1);
    CHECK(provider.live() == std::vector{spared});
    CHECK(store.list({.statuses = {Status::ready}}).size() == 1);
}

TEST_CASE_FIXTURE(Living, "ready rows follow what became of their sandboxes") {
    const Session expired = make();
    const Session lost = make();
    const Session stays = make();
    provider.lose(*lost.sandbox_id);
    CHECK(reconcile(with(), Look::full, {}).changes.size() == 1);
    CHECK(store.get(lost.id).status == Status::lost);
    extend(with(), stays.id, minutes(20), {});
    clock.advance(minutes(31));
    const Reconciled result = reconcile(with(), Look::cheap, {});
    CHECK(result.problems.empty());
    REQUIRE(result.changes.size() == 1);
    const Session row = store.get(expired.id);
    CHECK(row.status == Status::expired);
    CHECK(row.ended_at == row.expires_at);
    REQUIRE(store.usage(expired.id).size() == 1);
    CHECK(store.usage(expired.id)[0].end == *row.expires_at);
    CHECK(store.get(stays.id).status == Status::ready);
}

TEST_CASE_FIXTURE(Living, "a cloud is asked once in 30 seconds unless something died") {
    make();
    (void)reconcile(with(), Look::cheap, {});
    const std::size_t before = provider.count("list");
    (void)reconcile(with(), Look::cheap, {});
    (void)reconcile(with(), Look::cheap, {});
    CHECK(provider.count("list") == before);
    clock.advance(seconds(31));
    (void)reconcile(with(), Look::cheap, {});
    CHECK(provider.count("list") == before + 1);
    dead_row(true, true);
    (void)reconcile(with(), Look::cheap, {});
    CHECK(provider.count("list") == before + 2);
}

TEST_CASE_FIXTURE(Living, "a cloud is not asked more often for a paused session") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    clock.advance(hours(2));  // the end of its run has passed
    (void)reconcile(with(), Look::cheap, {});
    const std::size_t before = provider.count("list");
    (void)reconcile(with(), Look::cheap, {});
    CHECK(provider.count("list") == before);
    CHECK(store.get(row.id).status == Status::paused);
}

TEST_CASE_FIXTURE(Living, "local rows are judged by lock files alone") {
    const Session row = make();
    CHECK(store.change(row.id, {}, {}));
    Surroundings here = local();
    Session copy = row;
    copy.id = new_session_id();
    copy.name = "copy";
    copy.provider = "local";
    store.insert(copy, minutes(15), [](const store::SlotUse&) {});
    const std::size_t before = provider.calls().size();
    CHECK(reconcile(here, Look::cheap, {}).changes.empty());
    provider.lose(*row.sandbox_id);
    const Reconciled result = reconcile(here, Look::cheap, {});
    REQUIRE(result.changes.size() == 1);
    CHECK(result.changes[0].session == copy.id);
    CHECK(result.changes[0].after == Status::lost);
    CHECK(provider.calls().size() == before);
}

TEST_CASE_FIXTURE(Living, "an unreachable provider is a problem and not a verdict") {
    const Session row = make();
    clock.advance(seconds(31));
    provider.fail("list", Error(ErrorKind::unavailable, "no route"));
    const Reconciled result = reconcile(with(), Look::cheap, {});
    REQUIRE(result.problems.size() == 1);
    CHECK(result.problems[0].find("no route") != std::string::npos);
    CHECK(store.get(row.id).status == Status::ready);
    provider.fail("list", Error(ErrorKind::unavailable, "no route"));
    CHECK(kind_of([&] { (void)reconcile(with(), Look::full, {}); }) == ErrorKind::unavailable);
}

TEST_CASE_FIXTURE(Living, "sandboxes of this store without a live row are ended and others are not") {
    (void)provider.create(
        {.lifetime = minutes(5),
         .metadata = {{"spawnai_session", new_session_id().str()}, {"spawnai_store", store.store_id()}}},
        {});
    (void)provider.create({.lifetime = minutes(5),
                           .metadata = {{"spawnai_session", new_session_id().str()}, {"spawnai_store", "another"}}},
                          {});
    (void)provider.create({.lifetime = minutes(5)}, {});
    CHECK(reconcile(with(), Look::full, {}).orphans_ended.size() == 1);
    CHECK(provider.live().size() == 2);
}

TEST_CASE_FIXTURE(Living, "the output of an app that is gone is fetched while the provider has it") {
    const Session row = make();
    provider.set_retained_log(*row.sandbox_id, "last words\n");
    provider.lose(*row.sandbox_id);
    (void)reconcile(with(), Look::full, {});
    CHECK(store.kept_log(row.id)->text == "last words\n");
    CHECK(read_log(with(), row.id, {}) == "last words\n");
}

TEST_CASE_FIXTURE(Living, "kill ends and books and is gentle with what is dead") {
    const Session row = make();
    provider.on_command("tail -c", FakeProvider::Outcome{.output = "GET / 200\n"});
    clock.advance(minutes(10));
    const Killed killed = pipeline::kill(with(), row.id, {});
    CHECK(killed.was_live);
    CHECK(killed.session.status == Status::stopped);
    CHECK(provider.live().empty());
    CHECK(store.kept_log(row.id)->text == "GET / 200\n");
    REQUIRE(store.usage(row.id).size() == 1);
    CHECK(store.usage(row.id)[0].cpu_seconds == doctest::Approx(1200));
    CHECK(killed.session.actual_cost.nano() == 1'000'000 + 600 * 30'250);
    const Killed again = pipeline::kill(with(), row.id, {});
    CHECK_FALSE(again.was_live);
    CHECK(again.session.actual_cost == killed.session.actual_cost);
    CHECK(kind_of([&] { pipeline::kill(with(), new_session_id(), {}); }) == ErrorKind::not_found);

    const Session gone = make();
    provider.lose(*gone.sandbox_id);
    CHECK(pipeline::kill(with(), gone.id, {}).session.status == Status::stopped);
}

TEST_CASE_FIXTURE(Living, "a kill that does not reach the provider changes nothing") {
    const Session row = make();
    provider.fail("kill", Error(ErrorKind::unavailable, "no route"));
    CHECK(kind_of([&] { pipeline::kill(with(), row.id, {}); }) == ErrorKind::unavailable);
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(pipeline::kill(with(), row.id, {}).session.status == Status::stopped);
}

TEST_CASE_FIXTURE(Living, "extend adds to the end and stays within the plan") {
    const Session row = make();
    const Extended longer = extend(with(), row.id, minutes(10), {});
    CHECK(longer.session.expires_at == *row.expires_at + minutes(10));
    CHECK(longer.additional.nano() == 600 * 30'250);
    CHECK(provider.get(*row.sandbox_id, {})->end_at == *longer.session.expires_at);
    CHECK(kind_of([&] { extend(with(), row.id, minutes(30), {}); }) == ErrorKind::limit);
    CHECK(store.get(row.id).expires_at == longer.session.expires_at);
    provider.lose(*row.sandbox_id);
    CHECK(kind_of([&] { extend(with(), row.id, minutes(1), {}); }) == ErrorKind::not_found);
    CHECK(store.get(row.id).status == Status::lost);
    CHECK(kind_of([&] { extend(with(), row.id, minutes(1), {}); }) == ErrorKind::usage);
}

TEST_CASE_FIXTURE(Living, "a paused session costs nothing until it is resumed") {
    const Session row = make();
    provider.on_command("tail -c", FakeProvider::Outcome{.output = "GET / 200\n"});
    clock.advance(minutes(5));
    const Paused paused = pause(with(), row.id, {});
    CHECK(paused.was_running);
    CHECK(paused.session.status == Status::paused);
    CHECK(paused.session.actual_cost.nano() == 1'000'000 + 300 * 30'250);
    CHECK(read_log(with(), row.id, {}) == "GET / 200\n");
    clock.advance(hours(2));
    CHECK_FALSE(pause(with(), row.id, {}).was_running);
    CHECK(cost_so_far(store.get(row.id), plan, clock.now()) == paused.session.actual_cost);
    CHECK(reconcile(with(), Look::full, {}).changes.empty());
    const WallTime woken = clock.now();
    const Resumed resumed = resume(with(), row.id, {}, {});
    CHECK(resumed.was_paused);
    CHECK(resumed.session.status == Status::ready);
    CHECK(resumed.session.expires_at == woken + minutes(30));
    CHECK(provider.get(*row.sandbox_id, {})->end_at == woken + minutes(30));
    CHECK(resumed.additional.nano() == 1800 * 30'250);
    CHECK_FALSE(resume(with(), row.id, {}, {}).was_paused);
    clock.advance(minutes(1));
    CHECK(cost_so_far(store.get(row.id), plan, clock.now()) > paused.session.actual_cost);
    pipeline::kill(with(), row.id, {});
    REQUIRE(store.usage(row.id).size() == 2);
    CHECK(store.usage(row.id)[1].cpu_seconds == doctest::Approx(120));
    CHECK(kind_of([&] { (void)resume(with(), row.id, {}, {}); }) == ErrorKind::usage);
    CHECK(kind_of([&] { (void)pause(with(), row.id, {}); }) == ErrorKind::usage);
}

TEST_CASE_FIXTURE(Living, "a session can be resumed for a time of one's choice within the plan") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    CHECK(kind_of([&] { (void)resume(with(), row.id, hours(2), {}); }) == ErrorKind::limit);
    CHECK(store.get(row.id).status == Status::paused);
    const WallTime woken = clock.now();
    CHECK(resume(with(), row.id, minutes(7), {}).session.expires_at == woken + minutes(7));
}

TEST_CASE_FIXTURE(Living, "a resumed session needs a slot of the cloud again") {
    plan.concurrent = 1;
    const Session row = make();
    (void)pause(with(), row.id, {});
    const Session other = make();
    CHECK(kind_of([&] { (void)resume(with(), row.id, {}, {}); }) == ErrorKind::limit);
    CHECK(provider.get(*row.sandbox_id, {})->state == sandbox::SandboxState::paused);
    pipeline::kill(with(), other.id, {});
    CHECK(resume(with(), row.id, {}, {}).was_paused);
}

TEST_CASE_FIXTURE(Living, "a resumed app that does not answer is told of and stays") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    prober.decide = [](const std::string&) -> ProbeAnswer { throw Error(ErrorKind::unavailable, "no route"); };
    CHECK(kind_of([&] { (void)resume(with(), row.id, {}, {}); }) == ErrorKind::not_ready);
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(store.get(row.id).sandbox_started_at);
}

TEST_CASE_FIXTURE(Living, "the wait for a resumed app is bounded by time") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    const WallTime begun = clock.now();
    prober.decide = [&](const std::string&) -> ProbeAnswer {
        clock.advance(seconds(9));
        throw Error(ErrorKind::unavailable, "no answer");
    };
    CHECK(kind_of([&] { (void)resume(with(), row.id, {}, {}); }) == ErrorKind::not_ready);
    CHECK(clock.now() - begun < seconds(30));
}

TEST_CASE_FIXTURE(Living, "nothing is paused while it is being changed and a provider that cannot says so") {
    const Session row = make();
    {
        const FileLock lease = FileLock::acquire(lease_file(directory.path() / "run", row.id));
        CHECK(kind_of([&] { (void)pause(with(), row.id, {}); }) == ErrorKind::usage);
    }
    provider.fail("pause", Error(ErrorKind::usage, "not here"));
    CHECK(kind_of([&] { (void)pause(with(), row.id, {}); }) == ErrorKind::usage);
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(store.usage(row.id).empty());
    provider.lose(*row.sandbox_id);
    CHECK(kind_of([&] { (void)pause(with(), row.id, {}); }) == ErrorKind::not_found);
    CHECK(store.get(row.id).status == Status::lost);
}

TEST_CASE_FIXTURE(Living, "a paused session is killed and one that runs again is booked first") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    const Money paid = store.get(row.id).actual_cost;
    bool woken = false;
    SUBCASE("asleep") {}
    SUBCASE("woken behind our back") {
        woken = true;
        clock.advance(hours(1));
        (void)provider.resume(*row.sandbox_id, minutes(5), {});
    }
    const Killed killed = pipeline::kill(with(), row.id, {});
    CHECK(killed.session.status == Status::stopped);
    CHECK(provider.live().empty());
    CHECK(killed.session.actual_cost == paid);
    CHECK(store.usage(row.id).size() == (woken ? 2 : 1));
    CHECK_FALSE(killed.session.sandbox_started_at);
}

TEST_CASE_FIXTURE(Living, "a pause by somebody else is noticed") {
    const Session row = make();
    provider.pause(*row.sandbox_id, {});
    REQUIRE(reconcile(with(), Look::full, {}).changes.size() == 1);
    CHECK(store.get(row.id).status == Status::paused);
    (void)provider.resume(*row.sandbox_id, minutes(9), {});
    (void)reconcile(with(), Look::full, {});
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(store.get(row.id).expires_at == clock.now() + minutes(9));
}

TEST_CASE_FIXTURE(Living, "an app that pauses at its time-out costs nothing from then on") {
    SpawnRequest wanted = request();
    wanted.on_timeout = sandbox::OnTimeout::pause;
    model.answer(page_app());
    const Session row = spawn_it(wanted).session;
    clock.advance(hours(3));
    SUBCASE("noticed by a look") {
        REQUIRE(reconcile(with(), Look::cheap, {}).changes.size() == 1);
    }
    SUBCASE("noticed by a pause") {
        CHECK_FALSE(pause(with(), row.id, {}).was_running);
    }
    SUBCASE("noticed by an extension") {
        CHECK(kind_of([&] { (void)extend(with(), row.id, minutes(1), {}); }) == ErrorKind::usage);
    }
    SUBCASE("noticed by a kill") {
        CHECK(pipeline::kill(with(), row.id, {}).session.status == Status::stopped);
        CHECK(provider.live().empty());
    }
    SUBCASE("noticed by nobody") {
        provider.fail("get", Error(ErrorKind::unavailable, "no route"));
        CHECK(pipeline::kill(with(), row.id, {}).session.status == Status::stopped);
    }
    SUBCASE("noticed by a measurement") {
        CHECK(kind_of([&] { (void)measure(with(), row.id, {}); }) == ErrorKind::usage);
        CHECK(store.get(row.id).status == Status::paused);
    }
    SUBCASE("noticed by a resumption") {
        CHECK(resume(with(), row.id, {}, {}).was_paused);
        CHECK(store.get(row.id).status == Status::ready);
    }
    if (store.get(row.id).status == Status::paused)
        CHECK(cost_so_far(store.get(row.id), plan, clock.now()) == store.get(row.id).actual_cost);
    REQUIRE(store.usage(row.id).size() == 1);
    CHECK(store.usage(row.id)[0].end == *row.expires_at);
}

TEST_CASE_FIXTURE(Living, "a sleep between two looks is not billed") {
    SpawnRequest wanted = request();
    wanted.on_timeout = sandbox::OnTimeout::pause;
    model.answer(page_app());
    const Session row = spawn_it(wanted).session;
    clock.advance(hours(10));
    const WallTime woken = clock.now();
    REQUIRE(provider.get(*row.sandbox_id, {})->state == sandbox::SandboxState::paused);
    (void)provider.resume(*row.sandbox_id, minutes(30), {});
    provider.change(*row.sandbox_id, [&](sandbox::SandboxInfo& info) { info.started_at = woken; });
    clock.advance(minutes(5));
    for (int looks = 0; looks < 2; ++looks) (void)reconcile(with(), Look::full, {});
    const Session now = store.get(row.id);
    CHECK(now.status == Status::ready);
    CHECK(now.expires_at == woken + minutes(30));
    CHECK(now.sandbox_started_at == woken);
    REQUIRE(store.usage(row.id).size() == 1);
    CHECK(store.usage(row.id)[0].end == *row.expires_at);
}

TEST_CASE_FIXTURE(Living, "a list that is older than the row is not believed") {
    const Session row = make();
    const auto say = [&](sandbox::SandboxState state) {
        provider.change(*row.sandbox_id, [state](sandbox::SandboxInfo& info) { info.state = state; });
    };
    (void)pause(with(), row.id, {});
    say(sandbox::SandboxState::running);
    provider.before("get", [&] { say(sandbox::SandboxState::paused); });
    CHECK(reconcile(with(), Look::full, {}).changes.empty());
    CHECK(store.get(row.id).status == Status::paused);
    (void)resume(with(), row.id, {}, {});
    say(sandbox::SandboxState::paused);
    provider.before("get", [&] { say(sandbox::SandboxState::running); });
    CHECK(reconcile(with(), Look::full, {}).changes.empty());
    CHECK(store.get(row.id).status == Status::ready);
    CHECK(store.usage(row.id).size() == 1);
}

TEST_CASE_FIXTURE(Living, "a pause is noticed where paused sandboxes are not listed") {
    const Session row = make();
    provider.pause(*row.sandbox_id, {});
    provider.change(*row.sandbox_id, [](sandbox::SandboxInfo& info) { info.metadata.clear(); });
    REQUIRE(reconcile(with(), Look::full, {}).changes.size() == 1);
    CHECK(store.get(row.id).status == Status::paused);
    CHECK_FALSE(store.get(row.id).sandbox_started_at);
}

TEST_CASE_FIXTURE(Living, "what was done stays done when the look after it fails") {
    const Session row = make();
    const auto look_fails = [&] {  // the second look: the first one comes before the deed
        provider.fail("get", Error(ErrorKind::unavailable, "no route"), 2);
    };
    look_fails();
    const Paused paused = pause(with(), row.id, {});
    CHECK(paused.was_running);
    CHECK(paused.session.status == Status::paused);
    clock.advance(hours(1));
    look_fails();
    const Resumed resumed = resume(with(), row.id, minutes(7), {});
    CHECK(resumed.was_paused);
    CHECK(resumed.session.status == Status::ready);
    CHECK(resumed.session.expires_at == clock.now() + minutes(7));
}

TEST_CASE_FIXTURE(Living, "a woken session is billed from when the provider says that it woke") {
    const Session row = make();
    (void)pause(with(), row.id, {});
    clock.advance(hours(1));
    const WallTime woken = clock.now();
    (void)provider.resume(*row.sandbox_id, minutes(30), {});
    provider.change(*row.sandbox_id, [&](sandbox::SandboxInfo& info) { info.started_at = woken; });
    clock.advance(minutes(10));
    (void)reconcile(with(), Look::full, {});
    CHECK(store.get(row.id).sandbox_started_at == woken);
}

TEST_CASE_FIXTURE(Living, "a local row that its record contradicts is looked at") {
    const Session row = make();
    Session copy = row;
    copy.id = new_session_id();
    copy.name = "copy";
    copy.provider = "local";
    store.insert(copy, minutes(15), [](const store::SlotUse&) {});
    Surroundings here = local();
    bool paused = false;
    here.place.is_paused = [&](const SandboxId&) { return paused; };
    const std::size_t before = provider.count("list");
    CHECK(reconcile(here, Look::cheap, {}).changes.empty());
    CHECK(provider.count("list") == before);
    paused = true;
    const WallTime last = clock.now() + hours(20);
    provider.pause(*row.sandbox_id, {});
    provider.change(*row.sandbox_id, [&](sandbox::SandboxInfo& info) { info.end_at = last; });
    REQUIRE(reconcile(here, Look::cheap, {}).changes.size() == 1);
    CHECK(store.get(copy.id).status == Status::paused);
    // On this machine a paused sandbox has an end.
    CHECK(store.get(copy.id).expires_at == last);
    const std::size_t after = provider.count("list");
    CHECK(reconcile(here, Look::cheap, {}).changes.empty());
    CHECK(provider.count("list") == after);
    clock.advance(hours(20));
    provider.lose(*row.sandbox_id);
    (void)reconcile(here, Look::cheap, {});
    CHECK(store.get(copy.id).status == Status::expired);
}

TEST_CASE_FIXTURE(Living, "what a sandbox uses is told while it runs") {
    const Session row = make();
    CHECK(measure(with(), row.id, {})->memory_used == 100 << 20);
    (void)pause(with(), row.id, {});
    CHECK(kind_of([&] { (void)measure(with(), row.id, {}); }) == ErrorKind::usage);
    // A visitor wakes it.
    (void)provider.resume(*row.sandbox_id, minutes(5), {});
    CHECK(measure(with(), row.id, {}));
    CHECK(store.get(row.id).status == Status::ready);
    // It goes between the look and the question.
    provider.before("metrics", [&] {
        provider.pause(*row.sandbox_id, {});
        throw Error(ErrorKind::not_found, "unknown");
    });
    CHECK(kind_of([&] { (void)measure(with(), row.id, {}); }) == ErrorKind::usage);
    (void)resume(with(), row.id, {}, {});
    provider.lose(*row.sandbox_id);
    CHECK(kind_of([&] { (void)measure(with(), row.id, {}); }) == ErrorKind::not_found);
    CHECK(store.get(row.id).status == Status::lost);
    CHECK(kind_of([&] { (void)measure(with(), row.id, {}); }) == ErrorKind::usage);
}

TEST_CASE_FIXTURE(Living, "an app is exported to an empty place only") {
    const Session row = make(AppType::api);
    const auto target = directory.path() / "out";
    const auto files = export_app(store, row.id, 0, target);
    CHECK(files == std::vector<std::string>{"server.js", "package.json"});
    CHECK(read_file(target / "server.js", 1 << 20) == api_app().files[0].content);
    CHECK(kind_of([&] { export_app(store, row.id, 0, target); }) == ErrorKind::usage);
    CHECK(kind_of([&] { export_app(store, row.id, 9, directory.path() / "other"); }) == ErrorKind::not_found);
    CHECK(kind_of([&] { export_app(store, row.id, 0, target / "server.js"); }) == ErrorKind::usage);
}

TEST_CASE_FIXTURE(Living, "an edit makes a version under the same URL and undo brings the old one back") {
    const Session row = make();
    model.answer(page_app("Dark"));
    const Session edited = edit(with(), row.id, {.change = "make it dark", .model = "claude-haiku-5-5"}, recorder, {});
    CHECK(edited.app_version == 2);
    CHECK(edited.app_url == row.app_url);
    CHECK(edited.sandbox_id == row.sandbox_id);
    CHECK(edited.actual_cost.nano() == 2'000'000);
    CHECK(model.requests.back().change == "make it dark");
    CHECK(model.requests.back().previous.size() == 1);
    auto files = provider.files(*row.sandbox_id);
    CHECK(files["/app/index.html"] == page_app("Dark").files[0].content);
    CHECK(files["/home/user/.spawnai/served"] == "/app\nindex.html\n");
    CHECK(store.versions(row.id)[1].note == "make it dark");
    const Session undone = redeploy(with(), row.id, 1, "undo", recorder, {});
    CHECK(undone.app_version == 3);
    CHECK(provider.files(*row.sandbox_id)["/app/index.html"] == page_app().files[0].content);
}

TEST_CASE_FIXTURE(Living, "an edit that does not answer leaves the old version") {
    const Session row = make();
    for (int i = 0; i < 3; ++i) model.answer(page_app("Dark"));
    const auto page = page_app("Dark").files[0].content;
    prober.decide = [&](const std::string&) { return ProbeAnswer{500, "text/plain", "broken"}; };
    CHECK(kind_of([&] {
              edit(with(), row.id, {.change = "make it dark", .model = "claude-haiku-5-5"}, recorder, {});
          }) == ErrorKind::not_ready);
    const Session now = store.get(row.id);
    CHECK(now.status == Status::ready);
    CHECK(now.app_version == 1);
    auto files = provider.files(*row.sandbox_id);
    CHECK(files["/app/index.html"] == page_app().files[0].content);
    CHECK(files["/home/user/.spawnai/served"] == "/app\nindex.html\n");
}

TEST_CASE_FIXTURE(Living, "an edit of an api that crashes brings the old one back") {
    const Session row = make(AppType::api);
    for (int i = 0; i < 3; ++i) model.answer(api_app("broken"));
    std::string last;
    provider.on_command("setsid /bin/bash", [&](const sandbox::Command&, FakeProvider::Files& files) {
        last = files["/app/server.js"];
        return FakeProvider::Outcome{.code = last.find("broken") != std::string::npos ? 83 : 0};
    });
    CHECK(kind_of([&] { edit(with(), row.id, {.change = "break it", .model = "claude-haiku-5-5"}, recorder, {}); }) ==
          ErrorKind::not_ready);
    CHECK(last == api_app().files[0].content);
    CHECK(store.get(row.id).app_version == 1);
}

TEST_CASE_FIXTURE(Living, "only one command changes a session at a time") {
    const Session row = make();
    const FileLock lease = FileLock::acquire(lease_file(directory.path() / "run", row.id));
    CHECK(kind_of([&] { redeploy(with(), row.id, 1, "undo", recorder, {}); }) == ErrorKind::usage);
}
