#include "engine/record.hpp"
#include "support/engine_fixture.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>

#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <functional>

using namespace spawnai;
using namespace spawnai::test;

namespace {

namespace fs = std::filesystem;

bool eventually(const std::function<bool()>& happened) {
    for (int i = 0; i < 1000; ++i) {
        if (happened()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

struct Pausing : EngineFixture {
    [[nodiscard]] fs::path directory(const std::string& id) const {
        return options.location.state_dir / "sandboxes" / id;
    }
    int pause(const std::string& id, const std::string& body = "{}") {
        return api("POST", "/sandboxes/" + id + "/pause", body).status;
    }
    HttpAnswer connect(const std::string& id, const std::string& body = R"({"timeout":600})") {
        return api("POST", "/v2/sandboxes/" + id + "/connect", body);
    }
    Json detail(const std::string& id) { return Json::parse(api("GET", "/sandboxes/" + id).body); }
    std::string state(const std::string& id) { return detail(id).value("state", "gone"); }
    WallTime end(const std::string& id) { return parse_rfc3339(detail(id).at("endAt").get<std::string>()); }

    /// Host pids of all in the sandbox but its agent.
    [[nodiscard]] std::vector<pid_t> processes(const std::string& id) const {
        const auto record = engine::load_record(directory(id));
        REQUIRE(record);
        std::error_code error;
        const auto space = [&](pid_t pid) {
            return fs::read_symlink("/proc/" + std::to_string(pid) + "/ns/pid", error).string();
        };
        const std::string wanted = space(record->pid);
        std::vector<pid_t> found;
        for (const auto& entry : fs::directory_iterator("/proc", error)) {
            const std::string name = entry.path().filename();
            if (name.find_first_not_of("0123456789") != std::string::npos) continue;
            const pid_t pid = std::stoi(name);
            if (pid != record->pid && !wanted.empty() && space(pid) == wanted) found.push_back(pid);
        }
        return found;
    }
    /// Every thread of every process is stopped.
    [[nodiscard]] bool all_stopped(const std::string& id) const {
        for (const pid_t pid : processes(id)) {
            std::error_code error;
            for (const auto& thread : fs::directory_iterator("/proc/" + std::to_string(pid) + "/task", error)) {
                const auto stat = read_file_if_exists(thread.path() / "stat", 4096);
                const std::size_t name_end = stat ? stat->rfind(')') : std::string::npos;
                if (name_end != std::string::npos &&
                    std::string_view("TtZX").find(stat->at(name_end + 2)) == std::string_view::npos)
                    return false;
            }
        }
        return true;
    }
    /// What the counter of count_on() has come to; 0 before it began.
    [[nodiscard]] long counted(const std::string& id) const {
        const auto text = read_file_if_exists(directory(id) / "app" / "count", 64);
        return text ? std::atol(text->c_str()) : 0;
    }
    void count_on(const MadeSandbox& sandbox) {
        run_on(sandbox, "i=0; while :; do i=$((i+1)); echo $i >/app/new; mv /app/new /app/count; sleep 0.01; done");
        REQUIRE(eventually([&] { return counted(sandbox.id) > 0; }));
    }
    [[nodiscard]] bool stands_still(const std::string& id) const {
        const long before = counted(id);
        std::this_thread::sleep_for(std::chrono::milliseconds(300));
        return counted(id) == before;
    }
};

}  // namespace

TEST_CASE("a paused sandbox stands still and goes on where it was") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    const MadeSandbox other = engine.create();
    engine.count_on(sandbox);
    engine.write(sandbox, "/app/index.html", "here");
    engine.run_on(sandbox, "cd /app && exec python3 -m http.server 3000");
    REQUIRE(engine.wait_for_port(sandbox.id, 3000));

    CHECK(engine.pause(sandbox.id) == 204);
    const auto pids = engine.processes(sandbox.id);
    CHECK(pids.size() >= 2);
    CHECK(engine.all_stopped(sandbox.id));
    CHECK(engine.stands_still(sandbox.id));
    const HttpAnswer again = engine.api("POST", "/sandboxes/" + sandbox.id + "/pause");
    CHECK(again.status == 409);
    CHECK(Json::parse(again.body).at("code") == 409);
    CHECK(engine.state(sandbox.id) == "paused");
    CHECK(engine.end(sandbox.id) - parse_rfc3339(engine.detail(sandbox.id).at("startedAt").get<std::string>()) ==
          std::chrono::hours(24));
    CHECK(engine.alive(sandbox.id));
    CHECK(engine::sandbox_paused(engine.options.location.state_dir, SandboxId::parse(sandbox.id)));
    CHECK_FALSE(engine::sandbox_paused(engine.options.location.state_dir, SandboxId::parse(other.id)));

    // Nobody gets in, and nobody finds it running.
    for (const auto& [port, target] : {std::pair(3000, "/"), std::pair(49983, "/health"), std::pair(49983, "/envs")}) {
        const HttpAnswer answer =
            engine.app(sandbox.id, port, "GET", target, "X-Access-Token: " + sandbox.token + "\r\n");
        CHECK(answer.status == 502);
        CHECK(Json::parse(answer.body).at("message") == "The sandbox was not found");
    }
    CHECK(engine.app(sandbox.id, 3000, "GET", "/", "Accept: text/html\r\n").body.find("paused") != std::string::npos);
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/timeout", R"({"timeout":60})").status == 409);
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/refreshes", R"({"duration":60})").status == 409);
    const auto listed = [&](const std::string& query, std::string* running = nullptr) {
        const HttpAnswer answer = engine.api("GET", "/v2/sandboxes" + query);
        REQUIRE_MESSAGE(answer.status == 200, answer.body);
        if (running != nullptr) *running = answer.header("x-total-running");
        std::vector<std::string> ids;
        for (const Json& item : Json::parse(answer.body)) ids.push_back(item.at("sandboxID"));
        return ids;
    };
    std::string running;
    CHECK(listed("", &running).size() == 2);
    CHECK(running == "1");
    CHECK(listed("?state=paused", &running) == std::vector{sandbox.id});
    CHECK(running.empty());
    CHECK(listed("?state=running") == std::vector{other.id});
    CHECK(listed("?state=running,paused").size() == 2);
    CHECK(Json::parse(engine.api("GET", "/sandboxes").body).size() == 1);

    const long before = engine.counted(sandbox.id);
    const HttpAnswer woken = engine.connect(sandbox.id);
    CHECK(woken.status == 201);
    CHECK(Json::parse(woken.body).at("envdAccessToken") == sandbox.token);
    CHECK(engine.state(sandbox.id) == "running");
    CHECK(eventually([&] { return engine.counted(sandbox.id) > before; }));
    CHECK(engine.counted(sandbox.id) < before + 1000);
    CHECK(engine.app(sandbox.id, 3000, "GET", "/").body == "here");
    CHECK(engine.end(sandbox.id) < system_clock().now() + std::chrono::seconds(601));

    CHECK(engine.connect(sandbox.id).status == 200);
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/resume").status == 409);
    CHECK(engine.pause(sandbox.id, "") == 204);
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/connect", R"({"timeout":60})").status == 201);
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/resume", R"({"timeout":60})").status == 201);
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.api("DELETE", "/sandboxes/" + sandbox.id).status == 204);
    CHECK_FALSE(engine.alive(sandbox.id));
    CHECK(engine.pause(sandbox.id) == 404);
    CHECK(engine.connect(sandbox.id).status == 404);
    for (const pid_t pid : pids) CHECK_FALSE(fs::exists("/proc/" + std::to_string(pid)));
}

TEST_CASE("what multiplies or wakes its kin is stopped all the same") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    engine.run_on(sandbox, "while :; do (while :; do sleep 0.001 & done) & sleep 0.01; kill $!; done");
    for (int i = 0; i < 3; ++i) engine.run_on(sandbox, "while :; do kill -CONT -1; done");
    engine.count_on(sandbox);
    for (int round = 0; round < 3; ++round) {
        CHECK(engine.pause(sandbox.id) == 204);
        CHECK(engine.all_stopped(sandbox.id));
        CHECK(engine.stands_still(sandbox.id));
        const long before = engine.counted(sandbox.id);
        CHECK(engine.connect(sandbox.id).status == 201);
        CHECK(eventually([&] { return engine.counted(sandbox.id) > before; }));
    }
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.api("DELETE", "/sandboxes/" + sandbox.id).status == 204);
}

TEST_CASE("who wakes by himself from a pause again and again is ended") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    engine.write(sandbox, "/app/riser.py", R"(import ctypes, signal, struct
signal.signal(signal.SIGCONT, lambda *_: None)  # where it is ignored, the kernel gives up the timer
libc, timer = ctypes.CDLL(None), ctypes.c_void_p()
assert libc.timer_create(1, struct.pack("=qii48x", 0, signal.SIGCONT, 0), ctypes.byref(timer)) == 0
assert libc.timer_settime(timer, 0, struct.pack("=qqqq", 0, 300000000, 0, 300000000), None) == 0
count = 0
while True:
    count += 1
    open("/app/count", "w").write(str(count))
)");
    engine.run_on(sandbox, "exec python3 /app/riser.py");
    REQUIRE(eventually([&] { return engine.counted(sandbox.id) > 0; }));
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(eventually([&] { return engine.processes(sandbox.id).empty(); }));
    CHECK(engine.state(sandbox.id) == "paused");
    CHECK(engine.connect(sandbox.id).status == 201);
    int code = -1;
    engine.run(sandbox, "true", code);
    CHECK(code == 0);
}

TEST_CASE("without its memory a paused sandbox keeps its files") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    engine.count_on(sandbox);
    const bool at_pause = [] {
        bool value = false;
        SUBCASE("ended at the pause") {
            value = true;
        }
        SUBCASE("ended at the resumption") {}
        return value;
    }();
    CHECK(engine.pause(sandbox.id, at_pause ? R"({"memory":false})" : R"({"memory":true})") == 204);
    if (at_pause) CHECK(engine.processes(sandbox.id).empty());
    CHECK(engine.connect(sandbox.id, at_pause ? "{}" : R"({"memory":false})").status == 201);
    CHECK(eventually([&] { return engine.processes(sandbox.id).empty(); }));
    int code = -1;
    CHECK(std::atol(engine.run(sandbox, "cat /app/count", code).c_str()) > 0);
    CHECK(code == 0);
}

TEST_CASE("a sandbox is paused at its deadline and woken by who comes") {
    Pausing engine;
    if (!engine.start()) return;
    const auto make = [&](const std::string& more) {
        const HttpAnswer answer = engine.api(
            "POST", "/v2/sandboxes",
            R"({"templateID":"base","timeout":600,"allow_internet_access":false,"autoPause":true)" + more + "}");
        REQUIRE_MESSAGE(answer.status == 201, answer.body);
        const Json json = Json::parse(answer.body);
        return MadeSandbox{json.at("sandboxID"), json.at("envdAccessToken")};
    };
    const MadeSandbox sandbox = make(R"(,"autoResume":{"enabled":true})");
    const MadeSandbox quiet = make("");
    CHECK(engine.detail(sandbox.id).at("lifecycle") == Json{{"autoResume", true}, {"onTimeout", "pause"}});
    CHECK(engine.detail(quiet.id).at("lifecycle") == Json{{"autoResume", false}, {"onTimeout", "pause"}});
    for (const MadeSandbox& each : {sandbox, quiet}) {
        engine.write(each, "/app/index.html", "awake");
        engine.run_on(each, "cd /app && exec python3 -m http.server 3000");
        REQUIRE(engine.wait_for_port(each.id, 3000));
        CHECK(engine.api("POST", "/sandboxes/" + each.id + "/timeout", R"({"timeout":0})").status == 204);
    }
    CHECK(eventually([&] { return engine.state(sandbox.id) == "paused" && engine.state(quiet.id) == "paused"; }));
    CHECK(engine.all_stopped(sandbox.id));

    // A look, and a visitor without the token, are no visit.
    CHECK(engine.app(sandbox.id, 49983, "GET", "/health").status == 502);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/envs").status == 401);
    CHECK(engine.state(sandbox.id) == "paused");
    CHECK(engine.app(quiet.id, 3000, "GET", "/").status == 502);
    CHECK(engine.state(quiet.id) == "paused");

    std::vector<std::string> bodies(8);
    {
        std::vector<std::jthread> visitors;
        for (std::string& body : bodies)
            visitors.emplace_back([&] { body = engine.app(sandbox.id, 3000, "GET", "/").body; });
    }
    for (const std::string& body : bodies) CHECK(body == "awake");
    CHECK(engine.state(sandbox.id) == "running");
    CHECK(engine.end(sandbox.id) > system_clock().now() + std::chrono::seconds(240));
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.app(sandbox.id, 49983, "GET", "/envs", "X-Access-Token: " + sandbox.token + "\r\n").status == 200);
    CHECK(engine.state(sandbox.id) == "running");
    // A request with a body is not lost on the way.
    CHECK(engine.pause(sandbox.id) == 204);
    engine.write(sandbox, "/app/index.html", "written");
    CHECK(engine.app(sandbox.id, 3000, "GET", "/").body == "written");
}

TEST_CASE("who comes while a sandbox is being paused wakes it too") {
    Pausing engine;
    if (!engine.start()) return;
    const HttpAnswer answer = engine.api("POST", "/v2/sandboxes",
                                         R"({"templateID":"base","timeout":600,"allow_internet_access":false,)"
                                         R"("autoPause":true,"autoResume":{"enabled":true}})");
    REQUIRE_MESSAGE(answer.status == 201, answer.body);
    const Json json = Json::parse(answer.body);
    const MadeSandbox sandbox{json.at("sandboxID"), json.at("envdAccessToken")};
    engine.write(sandbox, "/app/index.html", "awake");
    engine.run_on(sandbox, "cd /app && exec python3 -m http.server 3000");
    // A tree is stopped from its root on, so a deep one takes a while.
    engine.run_on(sandbox, "deep() { if [ $1 -gt 0 ]; then (deep $(($1 - 1)); :); else sleep 600; fi; }; deep 80; :");
    REQUIRE(engine.wait_for_port(sandbox.id, 3000));
    REQUIRE(eventually([&] { return engine.processes(sandbox.id).size() > 80; }));
    const auto pids = engine.processes(sandbox.id);
    const auto server = std::find_if(pids.begin(), pids.end(), [](pid_t pid) {
        const auto words = read_file_if_exists("/proc/" + std::to_string(pid) + "/cmdline", 4096);
        return words && words->find("http.server") != std::string::npos;
    });
    REQUIRE(server != pids.end());
    const auto server_stands = [&] {
        const auto stat = read_file_if_exists("/proc/" + std::to_string(*server) + "/stat", 4096);
        return stat && stat->find(") T ") != std::string::npos;
    };
    for (int round = 0; round < 3; ++round) {
        int paused = 0;
        std::jthread pausing([&] { paused = engine.pause(sandbox.id); });
        const auto patience = std::chrono::steady_clock::now() + std::chrono::seconds(10);
        while (!server_stands() && std::chrono::steady_clock::now() < patience) std::this_thread::yield();
        CHECK(engine.state(sandbox.id) == "paused");
        CHECK(engine.end(sandbox.id) > system_clock().now() + std::chrono::hours(1));
        CHECK(engine.app(sandbox.id, 3000, "GET", "/").body == "awake");
        pausing.join();
        CHECK(paused == 204);
        CHECK(engine.state(sandbox.id) == "running");
    }
}

TEST_CASE("a paused sandbox takes a place") {
    Pausing engine;
    engine.options.max_sandboxes = 1;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.api("POST", "/v2/sandboxes", R"({"templateID":"base"})").status == 429);
}

TEST_CASE("a paused sandbox does not live for ever") {
    Pausing engine;
    engine.options.max_lifetime = std::chrono::seconds(4);
    if (!engine.start()) return;
    bool with_engine = true;
    SUBCASE("with its engine") {}
    SUBCASE("without") {
        with_engine = false;
    }
    const HttpAnswer answer =
        engine.api("POST", "/v2/sandboxes", R"({"templateID":"base","timeout":2,"autoPause":true})");
    REQUIRE(answer.status == 201);
    const std::string id = Json::parse(answer.body).at("sandboxID");
    CHECK(engine.pause(id) == 204);
    // It can be woken, but not beyond its end.
    CHECK(engine.connect(id, R"({"timeout":4})").status == 201);
    CHECK(engine.end(id) - parse_rfc3339(engine.detail(id).at("startedAt").get<std::string>()) ==
          std::chrono::seconds(4));
    CHECK(engine.pause(id) == 204);
    if (!with_engine) engine.kill_engine();
    CHECK(eventually([&] { return !engine.alive(id); }));
}

TEST_CASE("a pause survives the death of the engine") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    const MadeSandbox doomed = engine.create();
    engine.count_on(sandbox);
    engine.count_on(doomed);
    // One that comes to its deadline while nobody but its agent is there.
    const MadeSandbox alone = engine.create(R"("allow_internet_access":false,"autoPause":true)");
    engine.count_on(alone);
    CHECK(engine.pause(sandbox.id) == 204);
    CHECK(engine.pause(doomed.id) == 204);
    CHECK(engine.api("POST", "/sandboxes/" + alone.id + "/timeout", R"({"timeout":2})").status == 204);
    engine.kill_engine();
    CHECK(engine.all_stopped(sandbox.id));
    CHECK(eventually([&] { return engine.all_stopped(alone.id); }));
    CHECK(engine.alive(alone.id));
    CHECK(engine::sandbox_paused(engine.options.location.state_dir, SandboxId::parse(alone.id)));
    const auto left = engine.processes(doomed.id);
    CHECK_FALSE(left.empty());
    const auto record = engine::load_record(engine.directory(doomed.id));
    REQUIRE(record);
    ::kill(record->pid, SIGKILL);
    CHECK(eventually([&] { return !engine.alive(doomed.id); }));

    REQUIRE(engine.start());
    for (const pid_t pid : left) CHECK_FALSE(fs::exists("/proc/" + std::to_string(pid)));
    CHECK(engine.api("GET", "/sandboxes/" + doomed.id).status == 404);
    for (const MadeSandbox& each : {sandbox, alone}) {
        CHECK(engine.state(each.id) == "paused");
        CHECK(engine.stands_still(each.id));
        const long before = engine.counted(each.id);
        CHECK(engine.connect(each.id).status == 201);
        CHECK(eventually([&] { return engine.counted(each.id) > before; }));
    }
    // An end that nobody but the files of a dead engine knows of is kept too.
    CHECK(engine.pause(sandbox.id) == 204);
    engine.kill_engine();
    CHECK_FALSE(engine::stop_engine(engine.options.location, true));
    CHECK_FALSE(engine.alive(sandbox.id));
    CHECK_FALSE(engine.alive(alone.id));
}

TEST_CASE("records that contradict their agents are put right") {
    Pausing engine;
    if (!engine.start()) return;
    const MadeSandbox asleep = engine.create();
    const MadeSandbox awake = engine.create();
    engine.count_on(asleep);
    engine.count_on(awake);
    CHECK(engine.pause(asleep.id) == 204);
    const WallTime end = engine.end(awake.id);
    engine.kill_engine();
    for (const MadeSandbox& each : {asleep, awake}) {
        auto record = engine::load_record(engine.directory(each.id));
        REQUIRE(record);
        CHECK(record->paused == (each.id == asleep.id));
        record->paused = !record->paused;
        struct stat owner {};
        REQUIRE(::stat((engine.directory(each.id) / "state.json").c_str(), &owner) == 0);
        engine::save_record(engine.directory(each.id), *record);
        REQUIRE(::chown((engine.directory(each.id) / "state.json").c_str(), owner.st_uid, owner.st_gid) == 0);
    }
    REQUIRE(engine.start());
    CHECK(engine.state(asleep.id) == "paused");
    CHECK(engine.state(awake.id) == "running");
    CHECK(engine.end(awake.id) == end);
    CHECK(engine.connect(asleep.id).status == 201);
}
