#include "fakes.hpp"

#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::pipeline;
using namespace spawnai::pipeline::testing;
using store::Status;

namespace {

// What must hold of every spawn that failed, wherever.
void check_nothing_left(World& world, const std::string& error_kind) {
    CHECK(world.provider.live().empty());
    const store::Session row = world.only_row();
    CHECK(row.status == Status::error);
    CHECK(row.error_kind == error_kind);
    CHECK_FALSE(row.error_message.empty());
    CHECK(row.ended_at);
    CHECK_FALSE(row.sandbox_started_at);  // booked
    CHECK(row.app_url.empty());
    CHECK(std::filesystem::is_empty(world.directory.path() / "run"));
    CHECK(world.recorder.all<Failed>().size() == 1);
    CHECK(world.recorder.all<Ready>().empty());
}

}  // namespace

TEST_CASE_FIXTURE(World, "a sentence becomes a page with a URL") {
    model.answer(page_app());
    const SpawnResult result = spawn_it(request());
    CHECK(result.url.find(".localhost") != std::string::npos);
    const store::Session row = only_row();
    CHECK(row.status == Status::ready);
    CHECK(row.app_url == result.url);
    CHECK(row.name.starts_with("todo-page-"));
    CHECK(row.app_version == 1);
    CHECK(row.ready_at);
    CHECK(row.expires_at == clock.now() + std::chrono::minutes(30));
    CHECK(row.cpu_count == 2);
    CHECK(row.actual_cost.nano() == 1'000'000);
    CHECK(row.estimated_cost > Money{});
    CHECK(cost_so_far(row, plan, clock.now() + std::chrono::seconds(1)) > row.actual_cost);
    REQUIRE(provider.live().size() == 1);
    const SandboxId id = provider.live()[0];
    CHECK(row.sandbox_id == id);
    CHECK(provider.files(id)["/app/index.html"] == page_app().files[0].content);
    CHECK(provider.files(id)["/home/user/.spawnai/served"] == "/app\nindex.html\n");
    const auto asked = provider.request(id);
    CHECK(asked.metadata.at("spawnai_session") == row.id.str());
    CHECK(asked.metadata.at("spawnai_store") == store.store_id());
    CHECK(store.versions(row.id)[0].deployed_at);
    CHECK(recorder.all<Ready>().size() == 1);
    CHECK(recorder.all<FileWritten>().size() == 1);
    CHECK(std::filesystem::is_empty(directory.path() / "run"));
}

TEST_CASE_FIXTURE(World, "the row and the lease are there before the sandbox") {
    model.answer(page_app());
    bool seen = false;
    provider.before("create", [&] {
        const store::Session row = only_row();
        seen = is_working(row.status) && FileLock::held(lease_file(directory.path() / "run", row.id));
    });
    spawn_it(request());
    CHECK(seen);
}

TEST_CASE_FIXTURE(World, "an api is installed and built and started with its port") {
    GeneratedApp app = api_app();
    app.build = "make dist";
    app.port = 8080;
    model.answer(app);
    SpawnRequest wanted = request("a rest api");
    wanted.environment = {{"COLOR", "blue"}};
    const SpawnResult result = spawn_it(wanted);
    CHECK(result.session.app_type == AppType::api);
    CHECK(result.session.port == 8080);
    CHECK(result.session.environment_names == "COLOR");
    CHECK(result.url.find("8080-") != std::string::npos);
    CHECK(provider.request(provider.live()[0]).environment.at("COLOR") == "blue");
    std::string commands;
    for (const auto& call : provider.calls())
        if (call.name == "run") commands += call.detail + "\n";
    const auto install = commands.find("npm install");
    const auto build = commands.find("make dist");
    const auto start = commands.find("node server.js");
    CHECK(install < build);
    CHECK(build < start);
    CHECK(start != std::string::npos);
    CHECK(commands.find("static_server") == std::string::npos);
}

TEST_CASE_FIXTURE(World, "a script runs and its output is kept and served") {
    model.answer(script_app());
    provider.on_command("timeout -k", [](const sandbox::Command&, FakeProvider::Files& files) {
        files["/home/user/app.log"] = "0\n<b>1</b>\n";
        return FakeProvider::Outcome{};
    });
    const SpawnResult result = spawn_it(request("python script that counts"));
    CHECK(result.output == "0\n<b>1</b>\n");
    CHECK(result.session.exit_code == 0);
    CHECK(store.kept_log(result.session.id)->text == "0\n<b>1</b>\n");
    const auto files = provider.files(provider.live()[0]);
    CHECK(files.at("/home/user/.spawnai/www/index.html").find("&lt;b&gt;1&lt;/b&gt;") != std::string::npos);
    CHECK(read_log(with(), result.session.id, {}) == "0\n<b>1</b>\n");
}

TEST_CASE_FIXTURE(World, "a script that fails for good is an error with its output") {
    for (int i = 0; i < 4; ++i) model.answer(script_app());
    provider.on_command("timeout -k", [](const sandbox::Command&, FakeProvider::Files& files) {
        files["/home/user/app.log"] = "Traceback: no data\n";
        return FakeProvider::Outcome{.code = 3};
    });
    try {
        spawn_it(request("python script that counts"));
        FAIL("it succeeded");
    } catch (const SpawnError& error) {
        CHECK(error.kind() == ErrorKind::not_ready);
        CHECK(error.evidence().find("Traceback") != std::string::npos);
        CHECK(error.session() == only_row().id);
    }
    check_nothing_left(*this, "not_ready");
    CHECK(model.requests.size() == 4);  // first, two repairs, the simpler prompt
    CHECK(model.requests[1].evidence.find("Traceback") != std::string::npos);
    CHECK(model.requests[2].model == "claude-sonnet-5-5");
    CHECK(model.requests[3].simpler);
    CHECK(model.requests[3].previous.empty());
    CHECK(store.kept_log(only_row().id)->text == "Traceback: no data\n");
    CHECK(store.versions(only_row().id).size() == 4);
}

TEST_CASE_FIXTURE(World, "a crash at the start is repaired with the last lines of its output") {
    model.answer(api_app("broken"));
    model.answer(api_app("fine"));
    int starts = 0;
    provider.on_command("setsid /bin/bash", [&](const sandbox::Command&, FakeProvider::Files&) {
        return ++starts == 1 ? FakeProvider::Outcome{.code = 83, .output = "ReferenceError: x is not defined\n"}
                             : FakeProvider::Outcome{};
    });
    const SpawnResult result = spawn_it(request("a rest api"));
    CHECK(result.session.repairs == 1);
    CHECK(result.session.app_version == 2);
    REQUIRE(model.requests.size() == 2);
    CHECK(model.requests[1].evidence.find("ReferenceError") != std::string::npos);
    CHECK(model.requests[1].previous.size() == 2);
    const auto lines = store.cost_lines(result.session.id);
    REQUIRE(lines.size() == 2);
    CHECK(lines[0].attempt == 0);
    CHECK(lines[1].attempt == 1);
    CHECK(recorder.all<RepairStarted>().size() == 1);
    CHECK(provider.files(provider.live()[0])["/app/server.js"].find("fine") != std::string::npos);
    CHECK(provider.live().size() == 1);
}

TEST_CASE_FIXTURE(World, "files of an attempt that failed do not stay") {
    GeneratedApp first = api_app();
    first.files.push_back({"leftover.js", "module.exports = 1;\n", false});
    model.answer(first);
    model.answer(api_app("fine"));
    int starts = 0;
    provider.on_command("setsid /bin/bash", [&](const sandbox::Command&, FakeProvider::Files&) {
        return FakeProvider::Outcome{.code = ++starts == 1 ? 84 : 0};
    });
    spawn_it(request("a rest api"));
    CHECK_FALSE(provider.files(provider.live()[0]).contains("/app/leftover.js"));
}

TEST_CASE_FIXTURE(World, "a refusal of the model ends the spawn at once") {
    model.answer_nothing(claude::NoAppReason::refusal);
    CHECK_THROWS_AS(spawn_it(request()), SpawnError);
    check_nothing_left(*this, "no_app");
    CHECK(model.requests.size() == 1);
}

TEST_CASE_FIXTURE(World, "a failure of any provider call leaves no sandbox and a truthful row") {
    const char* call = "";
    ErrorKind kind = ErrorKind::unavailable;
    int nth = 1;
    SUBCASE("create") {
        call = "create";
    }
    SUBCASE("create for want of a slot") {
        call = "create";
        kind = ErrorKind::limit;
    }
    SUBCASE("first upload") {
        call = "write_files";
    }
    SUBCASE("second upload") {
        call = "write_files";
        nth = 2;
    }
    SUBCASE("pointer upload") {
        call = "write_files";
        nth = 3;
    }
    SUBCASE("preparing command") {
        call = "run";
    }
    SUBCASE("a sandbox that is gone while it is asked about") {
        call = "get";
        kind = ErrorKind::not_found;
    }
    SUBCASE("move") {
        call = "move";
    }
    SUBCASE("a sandbox that is gone at the end") {
        call = "set_timeout";
        kind = ErrorKind::not_found;
    }
    REQUIRE(*call != '\0');
    CAPTURE(call);
    CAPTURE(nth);
    model.answer(page_app());
    provider.fail(call, Error(kind, "the wire broke"), nth);
    try {
        spawn_it(request());
        FAIL("it succeeded");
    } catch (const SpawnError& error) {
        CHECK(error.kind() == (kind == ErrorKind::not_found ? ErrorKind::not_ready : kind));
        CHECK(std::string(error.what()).find("the wire broke") != std::string::npos);
    }
    check_nothing_left(*this, kind == ErrorKind::limit       ? "limit"
                              : kind == ErrorKind::not_found ? "not_ready"
                                                             : "unavailable");
}

TEST_CASE_FIXTURE(World, "a provider that cannot be asked about the size does not fail the spawn") {
    model.answer(page_app());
    provider.fail("get", Error(ErrorKind::unavailable, "slow"));
    CHECK(spawn_it(request()).session.cpu_count == 2);
}

TEST_CASE_FIXTURE(World, "a lifetime that cannot be set leaves the one that the sandbox was made with") {
    model.answer(page_app());
    provider.fail("set_timeout", Error(ErrorKind::unavailable, "the wire broke"));
    const store::Session row = spawn_it(request()).session;
    CHECK(row.status == Status::ready);
    CHECK(row.expires_at == provider.get(*row.sandbox_id, {})->end_at);
    CHECK(provider.live().size() == 1);
}

TEST_CASE_FIXTURE(World, "a stop request at any provider call ends the sandbox and says interrupted") {
    std::stop_source stop;
    const char* call = "";
    SUBCASE("create") {
        call = "create";
    }
    SUBCASE("upload") {
        call = "write_files";
    }
    SUBCASE("command") {
        call = "run";
    }
    SUBCASE("get") {
        call = "get";
    }
    SUBCASE("move") {
        call = "move";
    }
    REQUIRE(*call != '\0');
    CAPTURE(call);
    model.answer(page_app());
    provider.before(call, [&] { stop.request_stop(); });
    CHECK_THROWS_AS(spawn_it(request(), stop.get_token()), Interrupted);
    check_nothing_left(*this, "interrupted");
}

TEST_CASE_FIXTURE(World, "a stop request while the model writes keeps what is known and ends all") {
    std::stop_source stop;
    model.answer(page_app());
    model.after_file = [&](const GeneratedFile&) { stop.request_stop(); };
    CHECK_THROWS_AS(spawn_it(request(), stop.get_token()), Interrupted);
    check_nothing_left(*this, "interrupted");
    CHECK(only_row().actual_cost.nano() == 1'000'000);  // what was spent is booked all the same
}

TEST_CASE_FIXTURE(World, "a stop request during the probe ends all") {
    std::stop_source stop;
    model.answer(page_app());
    prober.decide = [&](const std::string&) -> ProbeAnswer {
        stop.request_stop();
        throw Interrupted(SIGINT);
    };
    CHECK_THROWS_AS(spawn_it(request(), stop.get_token()), Interrupted);
    check_nothing_left(*this, "interrupted");
}

TEST_CASE_FIXTURE(World, "a failing model ends the sandbox") {
    ErrorKind kind = ErrorKind::auth;
    SUBCASE("refused key") {}
    SUBCASE("overload") {
        kind = ErrorKind::unavailable;
    }
    model.fail([&] { throw Error(kind, "the model said no"); });
    try {
        spawn_it(request());
        FAIL("it succeeded");
    } catch (const SpawnError& error) {
        CHECK(error.kind() == kind);
    }
    check_nothing_left(*this, kind == ErrorKind::auth ? "auth" : "unavailable");
}

TEST_CASE_FIXTURE(World, "an unexpected exception is closed like any failure") {
    model.fail([] { throw std::runtime_error("a bug"); });
    try {
        spawn_it(request());
        FAIL("it succeeded");
    } catch (const SpawnError& error) {
        CHECK(error.kind() == ErrorKind::internal);
    }
    check_nothing_left(*this, "internal");
}

TEST_CASE_FIXTURE(World, "a sandbox that cannot be ended is owed and ended later") {
    model.answer(page_app());
    provider.fail("move", Error(ErrorKind::unavailable, "the wire broke"));
    provider.fail("kill", Error(ErrorKind::unavailable, "the wire is broken"));
    CHECK_THROWS_AS(spawn_it(request()), SpawnError);
    CHECK(provider.live().size() == 1);
    const store::Session row = only_row();
    CHECK(row.status == Status::error);
    CHECK(row.error_message.find("spawnai gc") != std::string::npos);
    CHECK(row.sandbox_started_at);
    clock.advance(std::chrono::seconds(40));
    const Reconciled result = reconcile(with(), Look::cheap, {});
    CHECK(result.orphans_ended.size() == 1);
    CHECK(provider.live().empty());
    CHECK_FALSE(only_row().sandbox_started_at);
    CHECK(only_row().actual_cost > Money::nano(1'000'000));
}

TEST_CASE_FIXTURE(World, "a session that is killed while it is made ends its spawn") {
    model.answer(page_app());
    model.after_file = [&](const GeneratedFile&) { pipeline::kill(with(), only_row().id, {}); };
    CHECK_THROWS_AS(spawn_it(request()), SpawnError);
    CHECK(only_row().status == Status::stopped);
    CHECK(provider.live().empty());
}

TEST_CASE_FIXTURE(World, "a session that is killed during the create call ends the sandbox by its id") {
    model.answer(page_app());
    provider.before("create", [&] { store.change(only_row().id, {.status = Status::stopped}); });
    // The list does not show what was made a moment ago.
    for (int nth = 1; nth <= 5; ++nth) provider.fail("list", Error(ErrorKind::unavailable, "not yet"), nth);
    CHECK_THROWS_AS(spawn_it(request()), Error);
    CHECK(provider.live().empty());
    CHECK(only_row().status == Status::stopped);
    CHECK_FALSE(only_row().sandbox_started_at);
}

TEST_CASE_FIXTURE(World, "an answer from outside that is not the page is no success") {
    for (int i = 0; i < 4; ++i) model.answer(page_app());
    prober.decide = [](const std::string&) { return ProbeAnswer{200, "text/html", "<html>parked</html>"}; };
    try {
        spawn_it(request());
        FAIL("it succeeded");
    } catch (const SpawnError& error) {
        CHECK(error.kind() == ErrorKind::not_ready);
        CHECK(std::string(error.what()).find("another page") != std::string::npos);
    }
    check_nothing_left(*this, "not_ready");
}

TEST_CASE_FIXTURE(World, "a gateway that is not there yet is waited for") {
    model.answer(page_app());
    int asked = 0;
    prober.decide = [&](const std::string&) {
        ++asked;
        if (asked == 1) throw Error(ErrorKind::unavailable, "no such host");
        if (asked < 4) return ProbeAnswer{502, "application/json", "{}"};
        return ProbeAnswer{200, "text/html", page_app().files[0].content};
    };
    spawn_it(request());
    CHECK(asked == 4);
}

TEST_CASE_FIXTURE(World, "the same request is answered from the store and --fresh asks anew") {
    model.answer(page_app());
    model.answer(page_app("Second"));
    spawn_it(request());
    const SpawnResult again = spawn_it(request("  a todo page "));
    CHECK(model.requests.size() == 1);
    CHECK(again.session.source == store::Source::store);
    CHECK(again.session.actual_cost == Money{});
    CHECK(recorder.all<SourceChosen>()[1].explanation == "reused, $0.00");
    SpawnRequest fresh = request();
    fresh.fresh = true;
    spawn_it(fresh);
    CHECK(model.requests.size() == 2);
    SpawnRequest other = request();
    other.port = 8080;
    CHECK(plan_spawn(other, with()).source == store::Source::model);
}

TEST_CASE_FIXTURE(World, "an app of the store that does not work any more is written anew") {
    model.answer(page_app());
    model.answer(page_app("Second"));
    spawn_it(request());
    int asked = 0;
    prober.decide = [&](const std::string&) {
        return ++asked == 1 ? ProbeAnswer{500, "text/plain", "broken"}
                            : ProbeAnswer{200, "text/html", page_app("Second").files[0].content};
    };
    const SpawnResult again = spawn_it(request());
    CHECK(model.requests.size() == 2);
    CHECK(again.session.source == store::Source::model);
    CHECK(again.session.app_version == 2);
    CHECK(again.session.actual_cost.nano() == 1'000'000);
}

TEST_CASE_FIXTURE(World, "respawn starts the app of another session again and names its parent") {
    model.answer(page_app());
    const store::Session first = spawn_it(request()).session;
    pipeline::kill(with(), first.id, {});
    SpawnRequest again;
    again.respawn_of = first.id;
    const store::Session second = spawn_it(again).session;
    CHECK(second.parent == first.id);
    CHECK(second.prompt == first.prompt);
    CHECK(second.actual_cost == Money{});
    CHECK(model.requests.size() == 1);
    CHECK(store.app(second.id, 1).app.files[0].content == page_app().files[0].content);
}

TEST_CASE_FIXTURE(World, "without a model a starter answers or the error lists them") {
    Surroundings lonely = with();
    lonely.model = nullptr;
    lonely.why_no_model = "no CLAUDE_API_KEY is set";
    const SpawnPlan starter = plan_spawn(request("todo app"), lonely);
    CHECK(starter.source == store::Source::starter);
    CHECK(starter.explanation == "built-in starter \"todo\", no model was asked");
    CHECK(starter.request_key.empty());
    try {
        (void)plan_spawn(request("a simulator of the digestion of cows"), lonely);
        FAIL("it was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::auth);
        CHECK(error.hint().find("CLAUDE_API_KEY") != std::string::npos);
        CHECK(error.evidence().find("todo") != std::string::npos);
    }
    SpawnRequest offline = request("a simulator of the digestion of cows");
    offline.offline = true;
    try {
        (void)plan_spawn(offline, with());
        FAIL("it was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::not_found);
    }
    SpawnRequest offline_todo = request("todo app");
    offline_todo.offline = true;
    CHECK(plan_spawn(offline_todo, with()).source == store::Source::starter);
}

TEST_CASE_FIXTURE(World, "bad requests are refused before there is a row") {
    ErrorKind expected = ErrorKind::usage;
    SpawnRequest wanted = request();
    SUBCASE("empty prompt") {
        wanted.prompt = "";
    }
    SUBCASE("white space") {
        wanted.prompt = " \n\t ";
    }
    SUBCASE("invalid UTF-8") {
        wanted.prompt = "todo \xff app";
    }
    SUBCASE("NUL") {
        wanted.prompt = std::string("todo\0app", 8);
    }
    SUBCASE("too long") {
        wanted.prompt = std::string(2001, 'a');
    }
    SUBCASE("lifetime over the plan") {
        wanted.ttl = std::chrono::hours(2);
        expected = ErrorKind::limit;
    }
    SUBCASE("no lifetime") {
        wanted.ttl = std::chrono::seconds(0);
        expected = ErrorKind::limit;
    }
    SUBCASE("budget below the estimate") {
        wanted.max_cost = Money::parse("0.0001");
        expected = ErrorKind::limit;
    }
    SUBCASE("port") {
        wanted.port = 22;
    }
    SUBCASE("name") {
        wanted.name = "Bad Name";
    }
    SUBCASE("file outside") {
        wanted.data_files = {{"../x", "1", false}};
    }
    SUBCASE("two files in one place") {
        wanted.data_files = {{"x", "1", false}, {"x", "2", false}};
    }
    SUBCASE("variable") {
        wanted.environment = {{"A B", "1"}};
    }
    SUBCASE("our own variable") {
        wanted.environment = {{"PORT", "1"}};
    }
    SUBCASE("unknown parent") {
        wanted.respawn_of = new_session_id();
        expected = ErrorKind::not_found;
    }
    try {
        spawn_it(wanted);
        FAIL("it was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == expected);
    }
    CHECK(store.count({}) == 0);
    CHECK(provider.count("create") == 0);
}

TEST_CASE_FIXTURE(World, "prompts at the edges are accepted") {
    CHECK(plan_spawn(request("x"), with()).type == AppType::webapp);
    CHECK(plan_spawn(request(std::string(2000, 'a')), with()).prompt.size() == 2000);
    std::string umlauts;
    for (int i = 0; i < 2000; ++i) umlauts += "\xc3\xbc";
    CHECK(plan_spawn(request(umlauts), with()).prompt.size() == 4000);
}

TEST_CASE_FIXTURE(World, "a name is taken only once while it lives") {
    model.answer(page_app());
    SpawnRequest wanted = request();
    wanted.name = "shop";
    const store::Session first = spawn_it(wanted).session;
    CHECK(first.name == "shop");
    CHECK_THROWS_AS(spawn_it(wanted), Error);
    CHECK(store.count({}) == 1);
    pipeline::kill(with(), first.id, {});
    CHECK(spawn_it(wanted).session.name == "shop");
}

TEST_CASE_FIXTURE(World, "two spawns never both take the last slot") {
    plan.concurrent = 3;
    for (int i = 0; i < 3; ++i) model.answer(page_app());
    SpawnRequest wanted = request();
    wanted.fresh = true;
    spawn_it(wanted);
    spawn_it(wanted);
    spawn_it(wanted);
    try {
        spawn_it(wanted);
        FAIL("it was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::limit);
        CHECK(error.hint().find("kill") != std::string::npos);
    }
    CHECK(store.count({}) == 3);
    provider.lose(provider.live()[0]);  // a slot that is held by nobody is found and given away
    model.answer(page_app());
    spawn_it(wanted);
    CHECK(store.count({.statuses = {Status::ready}}) == 3);
    CHECK(store.count({.statuses = {Status::lost}}) == 1);
}

TEST_CASE_FIXTURE(World, "a data file of the user wins over one that was written") {
    GeneratedApp app = script_app();
    app.files.push_back({"data.csv", "made up\n", false});
    model.answer(app);
    SpawnRequest wanted = request("python script that sums data.csv");
    wanted.data_files = {{"data.csv", "1\n2\n", false}};
    spawn_it(wanted);
    CHECK(provider.files(provider.live()[0])["/app/data.csv"] == "1\n2\n");
    CHECK(model.requests[0].data_files[0].beginning == "1\n2\n");
    const auto kept = store.app(only_row().id, 1);
    CHECK(kept.data_files.size() == 1);
    CHECK(kept.app.files.size() == 1);
}

TEST_CASE("the type is guessed by simple rules") {
    CHECK(guess_type("todo app") == AppType::webapp);
    CHECK(guess_type("REST API for books") == AppType::api);
    CHECK(guess_type("a web page that shows my API usage") == AppType::webapp);
    CHECK(guess_type("python script that counts words") == AppType::script);
    CHECK(guess_type("javascript game") == AppType::webapp);
    CHECK(guess_type("a command line calculator") == AppType::script);
    CHECK(guess_type("URL shortener api") == AppType::api);
    CHECK(guess_type("an Express backend for a quiz game") == AppType::api);
    CHECK(guess_type("") == AppType::webapp);
}

TEST_CASE_FIXTURE(World, "a template that is not there is a wrong option") {
    SpawnRequest wanted = request();
    wanted.template_id = "mine";
    SUBCASE("in a cloud") {
        model.answer(page_app());
        provider.fail("create", Error(ErrorKind::not_found, "template 'mine' not found"));
        try {
            spawn_it(wanted);
            FAIL("it was made");
        } catch (const SpawnError& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("template 'mine'") != std::string::npos);
        }
        check_nothing_left(*this, "usage");
    }
    SUBCASE("on this machine where nothing is asked for it") {
        Surroundings here = with();
        here.place.provider = "local";
        try {
            (void)spawn(wanted, here, recorder, {});
            FAIL("it was made");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(error.hint().find("'base'") != std::string::npos);
        }
        CHECK(model.requests.empty());
        CHECK(store.list({}).empty());
    }
}

TEST_CASE_FIXTURE(World, "paused apps hold their slots where they hold memory") {
    plan.concurrent = 1;
    model.answer(page_app());
    model.answer(page_app());
    const store::Session first = spawn_it(request()).session;
    (void)pause(with(), first.id, {});
    SpawnRequest again = request();
    again.fresh = true;
    Surroundings there = with();
    bool local = false;
    SUBCASE("in a cloud they do not") {}
    SUBCASE("on this machine they do") {
        local = true;
        there.place.provider = "local";
        store::Session copy = store.get(first.id);
        copy.id = new_session_id();
        copy.name = "copy";
        copy.provider = "local";
        store.insert(copy, std::chrono::minutes(15), [](const store::SlotUse&) {});
    }
    if (local)
        CHECK_THROWS_AS((void)spawn(again, there, recorder, {}), Error);
    else
        CHECK_NOTHROW((void)spawn(again, there, recorder, {}));
}

TEST_CASE_FIXTURE(World, "a size that nobody told at first is what the provider says later") {
    model.answer(page_app());
    provider.fail("get", Error(ErrorKind::unavailable, "busy"));
    const store::Session made = spawn_it(request()).session;
    provider.change(*made.sandbox_id, [](sandbox::SandboxInfo& info) {
        info.cpu_count = 8;
        info.memory_mib = 4096;
    });
    (void)reconcile(with(), Look::full, {});
    CHECK(store.get(made.id).cpu_count == 8);
    CHECK(store.get(made.id).memory_mib == 4096);
}
