#pragma once

#include <spawnai/core/error.hpp>
#include <spawnai/sandbox/provider.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <chrono>
#include <csignal>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

/// What every Provider must do, whoever implements it: one suite over the fake, the local engine and the cloud.
namespace spawnai::testing {

using namespace std::chrono_literals;

/// What a provider under test can, and how the suite helps itself.
struct ContractSubject {
    sandbox::Provider& provider;
    bool runs_shell = true;  ///< commands are real; the fake only knows the ones in contract_script()
    bool can_pause = true;
    bool keeps_log = false;  ///< what the app wrote is there after the sandbox's end
    /// Lets that much of the provider's time pass.
    std::function<void(std::chrono::seconds)> pass_time;
    /// GET from outside: status and body. Unset: nothing is served.
    std::function<std::pair<int, std::string>(const std::string& url)> fetch{};
};

/// The commands that the suite runs on every provider, with what they do.
struct ScriptedCommand {
    std::string shell;
    int code;
    std::string output;
    std::string error_output;
    bool keeps_running;
};
inline const std::vector<ScriptedCommand>& contract_script() {
    static const std::vector<ScriptedCommand> script = {
        {"echo out; echo err >&2", 0, "out\n", "err\n", false},
        {"echo bad >&2; exit 3", 3, "", "bad\n", false},
        {"exec sleep 300", 0, "", "", true},
    };
    return script;
}

/// A sandbox of the suite: marked, and ended whatever the test does.
class ContractSandbox {
 public:
    ContractSandbox(ContractSubject& subject, sandbox::SandboxRequest request) : provider_(&subject.provider) {
        request.metadata.emplace("spawnai-contract", "1");
        // On a cloud it costs for as long as this if the test dies.
        request.lifetime = std::min<std::chrono::seconds>(request.lifetime, std::chrono::minutes(2));
        handle_ = provider_->create(request, {});
        REQUIRE(handle_);
    }
    ~ContractSandbox() {
        try {
            provider_->kill(handle_->id(), {});
        } catch (const std::exception& error) {
            MESSAGE("a sandbox of the suite was left over: ", error.what());
        }
    }
    ContractSandbox(const ContractSandbox&) = delete;
    ContractSandbox& operator=(const ContractSandbox&) = delete;
    sandbox::Sandbox& operator*() const noexcept { return *handle_; }
    sandbox::Sandbox* operator->() const noexcept { return handle_.get(); }

 private:
    sandbox::Provider* provider_;
    std::unique_ptr<sandbox::Sandbox> handle_;
};

struct Ran {
    sandbox::ExitStatus status;
    std::string output{};
    std::string error_output{};
};

inline Ran run_in(sandbox::Sandbox& box, const sandbox::Command& command) {
    Ran ran;
    ran.status = box.run(command,
                         [&](sandbox::Stream stream, std::string_view piece) {
                             (stream == sandbox::Stream::standard_output ? ran.output : ran.error_output).append(piece);
                         },
                         {});
    return ran;
}

inline Ran run_in(sandbox::Sandbox& box, const std::string& shell) {
    sandbox::Command command;
    command.shell = shell;
    return run_in(box, command);
}

template <class Act>
std::optional<ErrorKind> kind_thrown(Act act) {
    try {
        act();
    } catch (const Error& error) {
        return error.kind();
    }
    return std::nullopt;
}

inline void contract_life(ContractSubject& subject) {
    sandbox::Provider& provider = subject.provider;
    sandbox::SandboxRequest request;
    request.lifetime = 120s;
    request.metadata = {{"session", "s-1"}, {"odd key", "a b&c=d%20/\xc3\xbc+"}};
    ContractSandbox box(subject, request);
    const SandboxId id = box->id();

    CHECK(box->url(3000).find("://3000-" + id.str() + ".") != std::string::npos);
    CHECK(box->alive({}));

    const auto info = provider.get(id, {});
    REQUIRE(info);
    CHECK(info->id == id);
    CHECK(info->state == sandbox::SandboxState::running);
    for (const auto& pair : request.metadata) {
        CAPTURE(pair.first);
        REQUIRE(info->metadata.contains(pair.first));
        CHECK(info->metadata.at(pair.first) == pair.second);
    }
    CHECK(info->end_at - info->started_at > 100s);
    CHECK(info->end_at - info->started_at < 140s);
    CHECK(info->cpu_count > 0);
    CHECK(info->memory_mib > 0);

    const auto listed = [&](const std::map<std::string, std::string>& metadata) {
        const auto list = provider.list(metadata, {});
        return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry.id == id; });
    };
    CHECK(listed(request.metadata));
    CHECK(listed({{"session", "s-1"}}));
    CHECK_FALSE(listed({{"session", "s-2"}}));
    CHECK_FALSE(listed({{"session", "s-1"}, {"other", "x"}}));

    CHECK(provider.set_timeout(id, 600s, {}));
    const auto longer = provider.get(id, {});
    REQUIRE(longer);
    CHECK(longer->end_at > info->end_at + 300s);
    CHECK(provider.set_timeout(id, 60s, {}));
    const auto shorter = provider.get(id, {});
    REQUIRE(shorter);
    CHECK(shorter->end_at < info->end_at);

    CHECK_NOTHROW((void)provider.metrics(id, {}));

    const auto again = provider.attach(id, {});
    REQUIRE(again);
    CHECK(again->id() == id);
    CHECK(again->url(8000).find("://8000-" + id.str() + ".") != std::string::npos);
    const auto after_attach = provider.get(id, {});
    REQUIRE(after_attach);
    CHECK(after_attach->end_at == shorter->end_at);

    CHECK(provider.kill(id, {}));
    CHECK_FALSE(provider.kill(id, {}));
    CHECK_FALSE(provider.get(id, {}));
    CHECK_FALSE(provider.attach(id, {}));
    CHECK_FALSE(provider.set_timeout(id, 60s, {}));
    CHECK_FALSE(listed({}));
    CHECK_FALSE(box->alive({}));
    CHECK(kind_thrown([&] { (void)provider.metrics(id, {}); }) == ErrorKind::not_found);
    CHECK(kind_thrown([&] { (void)box->read_file("/tmp/x", 10, {}); }) == ErrorKind::not_found);
    CHECK(kind_thrown([&] { (void)run_in(*box, "echo out; echo err >&2"); }) == ErrorKind::not_found);
}

inline void contract_unknown(ContractSubject& subject) {
    const SandboxId nobody = SandboxId::parse("i00000000000nobody00x");
    CHECK_FALSE(subject.provider.get(nobody, {}));
    CHECK_FALSE(subject.provider.attach(nobody, {}));
    CHECK_FALSE(subject.provider.kill(nobody, {}));
    CHECK_FALSE(subject.provider.set_timeout(nobody, 60s, {}));
    CHECK(subject.provider.retained_log(nobody, {}).empty());
    if (subject.can_pause) {
        CHECK_FALSE(subject.provider.pause(nobody, {}));
        CHECK_FALSE(subject.provider.resume(nobody, 60s, {}));
    }
}

inline void contract_files(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    std::string every_byte;
    for (int i = 0; i < 256; ++i) every_byte += static_cast<char>(i);
    const std::string home = "/home/user/contract";
    const std::vector<sandbox::FileUpload> files = {
        {home + "/plain.txt", "plain\n"},
        {home + "/empty", ""},
        {home + "/deep/er/binary", every_byte + "\r\n--boundary--\r\n" + every_byte},
        {home + "/with space \xc3\xbc.txt", "name"},
        {home + "/quo\"te%41.txt", "quote"},
        {home + "/large", std::string(3U << 20U, 'L')},
    };
    box->write_files(files, {});
    for (const auto& file : files) {
        CAPTURE(file.path);
        CHECK(box->read_file(file.path, 4U << 20U, {}) == file.content);
    }
    const std::vector<sandbox::FileUpload> shorter = {{home + "/plain.txt", "a"}, {home + "/plain.txt", "b"}};
    box->write_files(shorter, {});
    CHECK(box->read_file(home + "/plain.txt", 10, {}) == "b");

    CHECK(kind_thrown([&] { (void)box->read_file(home + "/absent", 10, {}); }) == ErrorKind::not_found);
    CHECK(kind_thrown([&] { (void)box->read_file(home + "/large", 1000, {}); }) == ErrorKind::limit);
    CHECK(kind_thrown([&] { (void)box->list(home + "/absent", 1, {}); }) == ErrorKind::not_found);

    const auto find = [](const std::vector<sandbox::FileEntry>& entries, const std::string& path) {
        const auto found =
            std::find_if(entries.begin(), entries.end(), [&](const auto& entry) { return entry.path == path; });
        return found == entries.end() ? std::optional<sandbox::FileEntry>() : *found;
    };
    const auto top = box->list(home, 1, {});
    CHECK(top.size() == 6);
    const auto large = find(top, home + "/large");
    REQUIRE(large);
    CHECK(large->type == sandbox::FileType::file);
    CHECK(large->size == 3 << 20);
    const auto deep = find(top, home + "/deep");
    REQUIRE(deep);
    CHECK(deep->type == sandbox::FileType::directory);
    CHECK_FALSE(find(top, home + "/deep/er/binary"));
    CHECK(find(box->list(home, 3, {}), home + "/deep/er/binary"));

    box->move(home + "/plain.txt", home + "/moved.txt", {});
    CHECK(box->read_file(home + "/moved.txt", 10, {}) == "b");
    CHECK(kind_thrown([&] { (void)box->read_file(home + "/plain.txt", 10, {}); }) == ErrorKind::not_found);
    CHECK(kind_thrown([&] { box->move(home + "/absent", home + "/other", {}); }) == ErrorKind::not_found);
    box->remove(home + "/deep", {});
    CHECK(kind_thrown([&] { (void)box->read_file(home + "/deep/er/binary", 1000, {}); }) == ErrorKind::not_found);
    CHECK_NOTHROW(box->remove(home + "/deep", {}));
}

inline void contract_watch(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    using sandbox::ChangeType;
    const std::string top = "/home/user/watched";
    const auto write = [&](const std::string& path) {
        const std::vector<sandbox::FileUpload> file = {{path, "x"}};
        box->write_files(file, {});
    };
    write(top + "/old.txt");
    write(top + "/sub/old.txt");
    /// What is seen until the removal of `last`.
    const auto watch = [&](bool recursive, const std::function<void()>& act, const std::string& last) {
        std::vector<std::pair<std::string, ChangeType>> seen;
        box->watch(top, recursive, act,
                   [&](const sandbox::FileChange& change) {
                       seen.emplace_back(change.name, change.type);
                       return seen.back() != std::pair(last, ChangeType::removed);
                   },
                   {});
        return seen;
    };
    const auto holds = [](const auto& seen, const std::string& name, ChangeType type) {
        return std::find(seen.begin(), seen.end(), std::pair(name, type)) != seen.end();
    };
    const auto change_some = [&] {
        write("/home/user/beside.txt");
        write(top + "/sub/new.txt");
        write(top + "/new.txt");
        box->move(top + "/new.txt", top + "/moved.txt", {});
        box->remove(top + "/moved.txt", {});
        box->remove(top + "/sub/new.txt", {});
        box->remove(top + "/old.txt", {});
    };

    const auto flat = watch(false, change_some, "old.txt");
    CHECK(holds(flat, "new.txt", ChangeType::created));
    CHECK(holds(flat, "new.txt", ChangeType::written));
    CHECK(holds(flat, "new.txt", ChangeType::renamed));
    CHECK(holds(flat, "moved.txt", ChangeType::created));
    CHECK(holds(flat, "moved.txt", ChangeType::removed));
    for (const auto& change : flat) {
        CAPTURE(change.first);
        CHECK(change.first.find('/') == std::string::npos);
        CHECK(change.first.find("beside") == std::string::npos);
    }
    write(top + "/old.txt");
    const auto deep = watch(true, change_some, "old.txt");
    CHECK(holds(deep, "sub/new.txt", ChangeType::created));
    CHECK(holds(deep, "sub/new.txt", ChangeType::removed));
    CHECK(holds(deep, "new.txt", ChangeType::renamed));
    CHECK(holds(deep, "moved.txt", ChangeType::removed));

    const auto never = [](const sandbox::FileChange&) { return true; };
    CHECK(kind_thrown([&] { box->watch(top + "/absent", false, {}, never, {}); }) == ErrorKind::not_found);
    CHECK(kind_thrown([&] { box->watch(top + "/sub/old.txt", false, {}, never, {}); }) == ErrorKind::usage);
    std::stop_source stop;
    CHECK_THROWS_AS(box->watch(
                        top, false, [&] { stop.request_stop(); }, never, stop.get_token()),
                    Interrupted);
}

/// A watch does not outlive its sandbox.
inline void contract_watch_end(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    const std::vector<sandbox::FileUpload> file = {{"/home/user/watched/a", "x"}};
    box->write_files(file, {});
    CHECK(kind_thrown([&] {
              box->watch(
                  "/home/user/watched", true, [&] { subject.provider.kill(box->id(), {}); },
                  [](const sandbox::FileChange&) { return true; }, {});
          }) == ErrorKind::not_found);
}

inline void contract_commands(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    const Ran fine = run_in(*box, "echo out; echo err >&2");
    CHECK(fine.status.success());
    CHECK(fine.output == "out\n");
    CHECK(fine.error_output == "err\n");
    const Ran bad = run_in(*box, "echo bad >&2; exit 3");
    CHECK(bad.status.code == 3);
    CHECK(bad.status.text == "exit status 3");
    CHECK(bad.error_output == "bad\n");

    sandbox::Command sleeper;
    sleeper.shell = "exec sleep 300";
    sleeper.timeout = 0ms;
    const auto process = box->start(sleeper, {});
    CHECK(process->pid() > 0);
    const auto running = [&] {
        const auto list = box->processes({});
        return std::any_of(list.begin(), list.end(), [&](const auto& entry) { return entry.pid == process->pid(); });
    };
    CHECK(running());
    CHECK(box->connect(process->pid(), {}) != nullptr);
    CHECK(running());
    CHECK(box->signal(process->pid(), SIGKILL, {}));
    const sandbox::ExitStatus killed = process->wait({}, {});
    CHECK(killed.code == -1);
    CHECK(killed.text == "signal: killed");
    CHECK_FALSE(box->signal(process->pid(), SIGTERM, {}));
    CHECK_FALSE(running());
    CHECK(box->connect(999999, {}) == nullptr);
    CHECK_FALSE(box->signal(999999, SIGKILL, {}));
}

/// Only where commands are real.
inline void contract_shell(ContractSubject& subject) {
    if (!subject.runs_shell) return;
    sandbox::SandboxRequest request;
    request.environment = {{"FROM_CREATE", "created"}};
    ContractSandbox box(subject, request);

    sandbox::Command command;
    command.shell = "echo $FROM_CREATE $FROM_COMMAND; pwd; id -un";
    command.environment = {{"FROM_COMMAND", "given"}};
    command.working_directory = "/tmp";
    CHECK(run_in(*box, command).output == "created given\n/tmp\nuser\n");
    CHECK(run_in(*box, "no-such-program-anywhere").status.code == 127);
    command.working_directory = "/no/such/place";
    CHECK(kind_thrown([&] { (void)run_in(*box, command); }) == ErrorKind::usage);

    const Ran large = run_in(*box, "head -c 3000000 /dev/zero | tr '\\0' x");
    CHECK(large.output == std::string(3'000'000, 'x'));

    sandbox::Command slow;
    slow.shell = "exec sleep 300";
    slow.timeout = 700ms;
    CHECK(run_in(*box, slow).status.code == -1);

    // A started process goes on when its handle is gone, and a new handle sees what it says from then on.
    sandbox::Command server;
    server.shell = "while [ ! -e /tmp/go ]; do sleep 0.05; done; echo went; exit 5";
    server.timeout = 0ms;
    std::int64_t pid = 0;
    pid = box->start(server, {})->pid();
    const auto again = box->connect(pid, {});
    REQUIRE(again);
    const std::vector<sandbox::FileUpload> go = {{"/tmp/go", ""}};
    box->write_files(go, {});
    std::string said;
    const auto status = again->wait([&](sandbox::Stream, std::string_view piece) { said += piece; }, {});
    CHECK(status.code == 5);
    CHECK(said == "went\n");

    sandbox::Command cat;
    cat.shell = "cat; echo done";
    cat.input = true;
    const auto reader = box->start(cat, {});
    reader->send_input("one\n", {});
    reader->send_input("two\n", {});
    reader->close_input({});
    said.clear();
    CHECK(reader->wait([&](sandbox::Stream, std::string_view piece) { said += piece; }, {}).success());
    CHECK(said == "one\ntwo\ndone\n");

    sandbox::Command terminal;
    terminal.shell = "stty size; read line; echo \"got $line\"; exit 4";
    terminal.terminal = sandbox::TerminalSize{91, 37};
    const auto tty = box->start(terminal, {});
    tty->send_input("hello\n", {});
    said.clear();
    CHECK(tty->wait([&](sandbox::Stream, std::string_view piece) { said += piece; }, {}).code == 4);
    CHECK(said.find("37 91") != std::string::npos);
    CHECK(said.find("got hello") != std::string::npos);

    std::stop_source stop;
    sandbox::Command forever;
    forever.shell = "echo begun; exec sleep 300";
    forever.timeout = 0ms;
    CHECK_THROWS_AS((void)box->run(
                        forever, [&](sandbox::Stream, std::string_view) { stop.request_stop(); }, stop.get_token()),
                    Interrupted);
}

inline void contract_stop(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    std::stop_source stop;
    stop.request_stop();
    const std::stop_token now = stop.get_token();
    CHECK_THROWS_AS((void)subject.provider.create({}, now), Interrupted);
    CHECK_THROWS_AS((void)subject.provider.get(box->id(), now), Interrupted);
    CHECK_THROWS_AS((void)box->read_file("/tmp/x", 10, now), Interrupted);
    sandbox::Command command;
    command.shell = "echo out; echo err >&2";
    CHECK_THROWS_AS((void)box->run(command, {}, now), Interrupted);
    CHECK_THROWS_AS((void)box->start(command, now), Interrupted);
}

inline void contract_expiry(ContractSubject& subject) {
    sandbox::SandboxRequest request;
    request.lifetime = 2s;
    ContractSandbox box(subject, request);
    CHECK(subject.provider.get(box->id(), {}));
    for (int i = 0; i < 20 && subject.provider.get(box->id(), {}); ++i) subject.pass_time(1s);
    CHECK_FALSE(subject.provider.get(box->id(), {}));
    CHECK_FALSE(box->alive({}));
}

inline void contract_pause(ContractSubject& subject) {
    ContractSandbox box(subject, {});
    if (!subject.can_pause) {
        CHECK(kind_thrown([&] { (void)subject.provider.pause(box->id(), {}); }) == ErrorKind::usage);
        CHECK(box->alive({}));
        return;
    }
    sandbox::Provider& provider = subject.provider;
    const SandboxId id = box->id();
    const auto listed = [&]() -> std::optional<sandbox::SandboxState> {
        for (const auto& info : provider.list({{"spawnai-contract", "1"}}, {}))
            if (info.id == id) return info.state;
        return std::nullopt;
    };
    const std::vector<sandbox::FileUpload> files = {{"/home/user/kept", "kept"}};
    box->write_files(files, {});
    sandbox::Command sleeper;
    sleeper.shell = "exec sleep 300";
    sleeper.timeout = 0ms;
    const std::int64_t pid = box->start(sleeper, {})->pid();
    CHECK(provider.pause(id, {}));
    CHECK(provider.pause(id, {}));
    const auto paused = provider.get(id, {});
    REQUIRE(paused);
    CHECK(paused->state == sandbox::SandboxState::paused);
    CHECK(listed() == sandbox::SandboxState::paused);
    CHECK(kind_thrown([&] { (void)provider.attach(id, {}); }) == ErrorKind::usage);
    CHECK_FALSE(box->alive({}));

    const auto awake = provider.resume(id, 150s, {});
    REQUIRE(awake);
    CHECK(awake->id() == id);
    CHECK(awake->alive({}));
    CHECK(awake->read_file("/home/user/kept", 10, {}) == "kept");
    const auto processes = awake->processes({});
    CHECK(std::any_of(processes.begin(), processes.end(), [&](const auto& each) { return each.pid == pid; }));
    const auto running = provider.get(id, {});
    REQUIRE(running);
    CHECK(running->state == sandbox::SandboxState::running);
    CHECK(listed() == sandbox::SandboxState::running);
    CHECK(running->end_at > paused->started_at + 130s);
    // One that runs keeps the longer of both times.
    CHECK(provider.resume(id, 60s, {}) != nullptr);
    const auto longer = provider.get(id, {});
    REQUIRE(longer);
    CHECK(longer->end_at == running->end_at);

    CHECK(provider.pause(id, {}));
    CHECK(provider.kill(id, {}));
    CHECK_FALSE(provider.get(id, {}));
    CHECK_FALSE(listed());
    CHECK_FALSE(provider.pause(id, {}));
    CHECK_FALSE(provider.resume(id, 60s, {}));
}

/// A sandbox whose time is up is paused where that was asked for, and its time does not run then.
inline void contract_pause_on_timeout(ContractSubject& subject) {
    if (!subject.can_pause) return;
    sandbox::Provider& provider = subject.provider;
    sandbox::SandboxRequest request;
    request.lifetime = 2s;
    request.on_timeout = sandbox::OnTimeout::pause;
    ContractSandbox box(subject, request);
    const SandboxId id = box->id();
    const auto state = [&] {
        const auto info = provider.get(id, {});
        return info ? std::optional(info->state) : std::nullopt;
    };
    for (int i = 0; i < 60 && state() == sandbox::SandboxState::running; ++i) subject.pass_time(1s);
    CHECK(state() == sandbox::SandboxState::paused);
    for (int i = 0; i < 4; ++i) subject.pass_time(1s);
    CHECK(state() == sandbox::SandboxState::paused);
    CHECK(provider.resume(id, 60s, {}) != nullptr);
    CHECK(state() == sandbox::SandboxState::running);
}

inline void contract_log(ContractSubject& subject) {
    if (!subject.keeps_log) return;
    ContractSandbox box(subject, {});
    const SandboxId id = box->id();
    CHECK(subject.provider.retained_log(id, {}).empty());
    (void)run_in(*box, "(echo one; echo two) > " + std::string(sandbox::wire::k_app_log));
    CHECK(subject.provider.retained_log(id, {}) == "one\ntwo\n");
    CHECK(subject.provider.kill(id, {}));
    CHECK(subject.provider.retained_log(id, {}) == "one\ntwo\n");
}

/// Only where apps are reachable: the URL serves what listens inside, and tells when nothing does.
inline void contract_outside(ContractSubject& subject) {
    if (!subject.fetch) return;
    ContractSandbox box(subject, {});
    const std::vector<sandbox::FileUpload> page = {{"/home/user/www/index.html", "<h1>contract</h1>"}};
    box->write_files(page, {});
    CHECK(subject.fetch(box->url(3000)).first == 502);
    sandbox::Command server;
    server.shell = "cd /home/user/www && exec python3 -m http.server 3000 --bind 127.0.0.1";
    server.timeout = 0ms;
    const auto process = box->start(server, {});
    std::pair<int, std::string> answer{502, ""};
    for (int i = 0; i < 200 && answer.first == 502; ++i) {
        subject.pass_time(0s);
        answer = subject.fetch(box->url(3000));
    }
    CHECK(answer.first == 200);
    CHECK(answer.second == "<h1>contract</h1>");
}

inline void check_provider_contract(ContractSubject subject) {
    SUBCASE("life") {
        contract_life(subject);
    }
    SUBCASE("unknown") {
        contract_unknown(subject);
    }
    SUBCASE("files") {
        contract_files(subject);
    }
    SUBCASE("watch") {
        contract_watch(subject);
    }
    SUBCASE("watch to the end") {
        contract_watch_end(subject);
    }
    SUBCASE("commands") {
        contract_commands(subject);
    }
    SUBCASE("shell") {
        contract_shell(subject);
    }
    SUBCASE("stop") {
        contract_stop(subject);
    }
    SUBCASE("expiry") {
        contract_expiry(subject);
    }
    SUBCASE("pause") {
        contract_pause(subject);
    }
    SUBCASE("pause on timeout") {
        contract_pause_on_timeout(subject);
    }
    SUBCASE("log") {
        contract_log(subject);
    }
    SUBCASE("outside") {
        contract_outside(subject);
    }
}

}  // namespace spawnai::testing
