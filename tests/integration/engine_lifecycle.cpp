#include "engine/record.hpp"
#include "support/engine_fixture.hpp"

#include <spawnai/core/file.hpp>

#include <sys/stat.h>
#include <sys/wait.h>

#include <fstream>
#include <sstream>

using namespace spawnai;
using namespace spawnai::test;

namespace {

/// Waits up to `seconds` for something that happens by itself.
template <class F>
bool eventually(F&& happened, int seconds = 15) {
    for (int i = 0; i < seconds * 50; ++i) {
        if (happened()) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    return false;
}

/// A process that is none of the engine's business.
struct Bystander {
    pid_t pid = ::fork();
    Bystander() {
        if (pid == 0) {
            ::pause();
            ::_exit(0);
        }
    }
    ~Bystander() {
        ::kill(pid, SIGKILL);
        ::waitpid(pid, nullptr, 0);
    }
    [[nodiscard]] bool alive() const { return ::waitpid(pid, nullptr, WNOHANG) == 0; }
};

}  // namespace

TEST_CASE("twenty callers at once start one engine") {
    EngineFixture engine;
    if (!engine.start()) return;
    engine::stop_engine(engine.options.location, false);
    CHECK_FALSE(engine.status().running);
    std::vector<std::string> urls(20);
    {
        std::vector<std::jthread> threads;
        for (std::string& url : urls)
            threads.emplace_back([&engine, &url] { url = engine::ensure_engine(engine.options, {}).url; });
    }
    // The port was chosen at the first start and is the same ever after.
    for (const std::string& url : urls) CHECK(url == "http://127.0.0.1:" + std::to_string(engine.port));
    const std::string log = read_file(engine.options.location.state_dir / "engine.log", 1U << 20U);
    std::size_t starts = 0;
    for (std::size_t at = log.find("engine_listens"); at != std::string::npos; at = log.find("engine_listens", at + 1))
        ++starts;
    CHECK(starts == 2);
}

TEST_CASE("a sandbox outlives a killed engine and is found again") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create(R"("allow_internet_access":false,"metadata":{"k":"v"})");
    engine.write(sandbox, "/app/index.html", "still here");
    engine.run_on(sandbox, "cd /app && exec python3 -m http.server 3000");
    REQUIRE(engine.wait_for_port(sandbox.id, 3000));
    const std::string end_at = Json::parse(engine.api("GET", "/sandboxes/" + sandbox.id).body).at("endAt");
    const std::string old_key = engine.key;
    const int old_port = engine.port;

    engine.kill_engine();
    CHECK_FALSE(engine.status().running);
    CHECK(engine.status().live_sandboxes == 1);
    CHECK(engine.alive(sandbox.id));
    REQUIRE(engine.start());
    CHECK(engine.key == old_key);
    CHECK(engine.port == old_port);
    CHECK(engine.app(sandbox.id, 3000, "GET", "/").body == "still here");
    const Json detail = Json::parse(engine.api("GET", "/sandboxes/" + sandbox.id).body);
    CHECK(detail.at("endAt") == end_at);
    CHECK(detail.at("metadata").at("k") == "v");
    CHECK(detail.at("envdAccessToken") == sandbox.token);
    // And what the engine that found it can do to it:
    CHECK(engine.api("POST", "/sandboxes/" + sandbox.id + "/timeout", R"({"timeout":1})").status == 204);
    CHECK(eventually([&] { return engine.api("GET", "/sandboxes/" + sandbox.id).status == 404; }));
    CHECK_FALSE(engine.alive(sandbox.id));
}

TEST_CASE("a sandbox ends at its deadline with and without an engine") {
    EngineFixture engine;
    if (!engine.start()) return;
    const auto create_short = [&] {
        const HttpAnswer answer =
            engine.api("POST", "/v2/sandboxes", R"({"templateID":"base","timeout":2,"allow_internet_access":false})");
        REQUIRE(answer.status == 201);
        return Json::parse(answer.body).at("sandboxID").get<std::string>();
    };
    const std::string watched = create_short();
    CHECK(engine.alive(watched));
    CHECK(eventually([&] { return engine.api("GET", "/sandboxes/" + watched).status == 404; }));

    const std::string alone = create_short();
    engine.kill_engine();
    CHECK(engine.alive(alone));
    CHECK(eventually([&] { return !engine.alive(alone); }));
    REQUIRE(engine.start());
    CHECK(engine.api("GET", "/sandboxes/" + alone).status == 404);
    CHECK_FALSE(std::filesystem::exists(engine.options.location.state_dir / "sandboxes" / alone));
}

TEST_CASE("a process that got a sandbox's number is never touched") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox living = engine.create();
    engine::stop_engine(engine.options.location, false);
    const auto sandboxes = engine.options.location.state_dir / "sandboxes";

    const Bystander bystander;
    REQUIRE(bystander.pid > 0);
    // A dead sandbox whose record names a living process, correct in every detail.
    engine::SandboxRecord record = *engine::load_record(sandboxes / living.id);
    struct stat status {};
    REQUIRE(::stat("/proc/self/ns/pid", &status) == 0);
    record.id = "idead";
    record.pid = bystander.pid;
    record.pid_namespace = status.st_ino;
    const std::string line = read_file("/proc/" + std::to_string(bystander.pid) + "/stat", 4096);
    std::istringstream fields(line.substr(line.rfind(')') + 2));
    std::string field;
    for (int i = 3; i <= 22; ++i) fields >> field;
    record.start_time = std::stoull(field);
    std::filesystem::create_directory(sandboxes / "idead");
    engine::save_record(sandboxes / "idead", record);
    std::ofstream(sandboxes / "idead" / "lock");
    // A living sandbox whose record names it.
    record = *engine::load_record(sandboxes / living.id);
    record.pid = bystander.pid;
    engine::save_record(sandboxes / living.id, record);
    const auto give_to_engine = [&](const std::filesystem::path& path) {
        REQUIRE(::stat(sandboxes.c_str(), &status) == 0);
        REQUIRE(::lchown(path.c_str(), status.st_uid, status.st_gid) == 0);
    };
    for (const auto& path : {sandboxes / "idead", sandboxes / "idead" / "state.json", sandboxes / "idead" / "lock",
                             sandboxes / living.id / "state.json"})
        give_to_engine(path);

    REQUIRE(engine.start());
    CHECK(bystander.alive());
    CHECK_FALSE(std::filesystem::exists(sandboxes / "idead"));
    // The one that cannot be named is ended through its agent instead of being left to nobody.
    CHECK(eventually([&] { return !engine.alive(living.id); }));
    CHECK(bystander.alive());
}

TEST_CASE("an idle engine ends and a busy one does not") {
    EngineFixture engine;
    engine.options.idle_exit = std::chrono::seconds(1);
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    std::this_thread::sleep_for(std::chrono::milliseconds(2500));
    CHECK(engine.status().running);
    CHECK(engine.api("DELETE", "/sandboxes/" + sandbox.id).status == 204);
    {
        const Wire open(engine.port);
        REQUIRE(open.connected());
        std::this_thread::sleep_for(std::chrono::milliseconds(2500));
        CHECK(engine.status().running);
    }
    CHECK(eventually([&] { return !engine.status().running; }));
}

TEST_CASE("stopping keeps sandboxes or ends them as asked") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    CHECK(engine::stop_engine(engine.options.location, false));
    CHECK(engine.alive(sandbox.id));
    CHECK_FALSE(engine::stop_engine(engine.options.location, false));
    REQUIRE(engine.start());
    CHECK(engine::stop_engine(engine.options.location, true));
    CHECK_FALSE(engine.alive(sandbox.id));

    REQUIRE(engine.start());
    const MadeSandbox orphan = engine.create();
    engine.kill_engine();
    CHECK_FALSE(engine::stop_engine(engine.options.location, true));
    CHECK_FALSE(engine.alive(orphan.id));
}

TEST_CASE("a port that somebody else took is given up for another") {
    EngineFixture engine;
    if (!engine.start()) return;
    const int old_port = engine.port;
    engine::stop_engine(engine.options.location, false);
    const Fd squatter(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(old_port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const int on = 1;
    ::setsockopt(squatter.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    REQUIRE(::bind(squatter.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
    REQUIRE(::listen(squatter.get(), 1) == 0);
    REQUIRE(engine.start());
    CHECK(engine.port != old_port);
    CHECK(engine.api("GET", "/sandboxes").status == 200);
    CHECK(engine.status().port == engine.port);
}

TEST_CASE("files that an app made hard to delete go with it") {
    EngineFixture engine;
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    int code = 0;
    engine.run(sandbox,
               "cd /app && mkdir -p closed/inside && touch closed/inside/f && chmod 0 closed/inside closed && "
               "for i in $(seq 300); do mkdir -p d && cd d; done && touch deep && ln -s / /app/link",
               code);
    REQUIRE(code == 0);
    REQUIRE(engine.api("DELETE", "/sandboxes/" + sandbox.id).status == 204);
    const auto trash = engine.options.location.state_dir / "trash";
    CHECK(eventually([&] { return !std::filesystem::exists(trash) || std::filesystem::is_empty(trash); }));
}

TEST_CASE("state files are private and hold no key of the user") {
    EngineFixture engine;
    auto variables = engine.options.environment.all();
    variables["CLAUDE_API_KEY"] = "sk-ant-not-to-be-seen";
    engine.options.environment = Environment(variables);
    if (!engine.start()) return;
    const MadeSandbox sandbox = engine.create();
    const auto state = engine.options.location.state_dir;
    struct stat status {};
    for (const auto& file :
         {state / "api-key", state / "engine.json", state / "sandboxes" / sandbox.id / "state.json"}) {
        REQUIRE(::stat(file.c_str(), &status) == 0);
        CHECK_MESSAGE((status.st_mode & 0777U) == 0600, file);
        CHECK(read_file(file, 1U << 20U).find("not-to-be-seen") == std::string::npos);
    }
    const std::string environment = read_file("/proc/" + std::to_string(engine.status().pid) + "/environ", 1U << 20U);
    CHECK(environment.find("not-to-be-seen") == std::string::npos);
    CHECK(environment.find("CLAUDE") == std::string::npos);
    if (::geteuid() == 0) {
        REQUIRE(::stat(("/proc/" + std::to_string(engine.status().pid)).c_str(), &status) == 0);
        const std::string text = read_file("/proc/" + std::to_string(engine.status().pid) + "/status", 1U << 16U);
        CHECK(text.find("Uid:\t0") == std::string::npos);
    }
    int code = 0;
    CHECK(engine.run(sandbox, "env; cat /proc/1/environ 2>/dev/null", code).find("not-to-be-seen") ==
          std::string::npos);
}

TEST_CASE("root's SPAWNAI_HOME must be passable and a new one is made so") {
    if (::geteuid() != 0) return;
    const TempDir dir;
    std::filesystem::permissions(dir.path(), std::filesystem::perms(0711));
    const auto options_for = [](const std::filesystem::path& home) {
        engine::EngineOptions options;
        options.environment = Environment(std::map<std::string, std::string>{{"SPAWNAI_HOME", home.string()}});
        options.location = engine::state_location(Paths::resolve(options.environment), options.environment, 0);
        options.executable = "/nonexistent";
        return options;
    };
    const auto fresh = options_for(dir.path() / "new" / "home");
    engine::make_home_passable(fresh.environment, 0);
    struct stat status {};
    REQUIRE(::stat((dir.path() / "new" / "home").c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0711);

    const auto closed = dir.path() / "closed";
    std::filesystem::create_directory(closed);
    std::filesystem::permissions(closed, std::filesystem::perms(0700));
    engine::make_home_passable(options_for(closed).environment, 0);
    REQUIRE(::stat(closed.c_str(), &status) == 0);
    CHECK((status.st_mode & 0777U) == 0700);
    try {
        (void)engine::ensure_engine(options_for(closed / "home"), {});
        FAIL("an engine started where it cannot live");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::no_sandbox);
        CHECK(std::string(error.what()).find(closed.string() + " ") != std::string::npos);
        CHECK_FALSE(error.hint().empty());
    }
}
