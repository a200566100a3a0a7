// The client against the daemon that runs in E2B's own sandboxes. real_envd.test.sh starts one and then this program beside it.
#include "support/provider_contract.hpp"
#include "support/scripted_cloud.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <doctest/doctest.h>
#include <fmt/core.h>

#include <atomic>
#include <set>
#include <thread>

using namespace spawnai;
using namespace spawnai::sandbox;
using namespace std::chrono_literals;
using testing::kind_thrown;
using testing::run_in;
using testing::ScriptedCloud;
using testing::ServedConnection;
using testing::ServedRequest;

namespace {

const std::string k_envd = Environment::of_process().get_or("SPAWNAI_ENVD_URL", "");
const std::string k_token = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

/// As much of E2B's control plane as a client needs to reach the one daemon there is. Creating a sandbox sets the daemon up as the
/// cloud does, except for what would change the machine: the time and the certificates are never sent.
class OneDaemonCloud {
 public:
    OneDaemonCloud() {
        cloud_.on("POST /v2/sandboxes",
                  [this](ServedConnection& connection, const ServedRequest& request) { create(connection, request); });
        cloud_.on("DELETE /sandboxes/ienvd", 204);
    }
    [[nodiscard]] std::string url() const { return cloud_.url(); }
    /// What the daemon calls itself.
    [[nodiscard]] std::string version() {
        const std::lock_guard lock(mutex_);
        return version_;
    }
    /// The token that clients are told from now on.
    void tell_token(const std::string& token) { told_token_ = token; }

 private:
    void create(ServedConnection& connection, const ServedRequest& request) {
        net::Request init;
        init.method = "POST";
        init.url = k_envd + "/init";
        init.headers = {{"Content-Type", "application/json"}};
        init.body = Json{{"accessToken", k_token},
                         {"defaultUser", "user"},
                         {"envVars", Json::parse(request.body).value("envVars", Json::object())}}
                        .dump();
        const net::Response answer = transport_->send(init, {});
        if (answer.status != 204) {
            connection.respond(500, R"({"code":500,"message":"the daemon refused its settings"})");
            return;
        }
        const std::string version = answer.header("X-Envd-Version").value_or("");
        {
            const std::lock_guard lock(mutex_);
            version_ = version;
        }
        connection.respond(201, Json{{"templateID", "base"},
                                     {"sandboxID", "ienvd"},
                                     {"clientID", "c"},
                                     {"envdVersion", version},
                                     {"envdAccessToken", told_token_}}
                                    .dump());
    }

    std::unique_ptr<net::Transport> transport_ = net::make_curl_transport(Environment());
    std::mutex mutex_;
    std::string version_;
    std::string told_token_ = k_token;
    ScriptedCloud cloud_;  ///< last: its threads use all of the above
};

/// The client under test, its daemon reached directly or by another way.
struct Client {
    explicit Client(const std::string& sandbox_url = k_envd) {
        E2bOptions options;
        options.api_url = cloud.url();
        options.sandbox_url = sandbox_url;
        options.api_key = Secret("e2b_00");
        provider = make_e2b_provider(options, *transport, system_clock());
    }
    std::unique_ptr<Sandbox> box(const SandboxRequest& request = {}) { return provider->create(request, {}); }

    OneDaemonCloud cloud;
    std::unique_ptr<net::Transport> transport = net::make_curl_transport(Environment());
    std::unique_ptr<Provider> provider;
};

/// Passes calls on to the daemon, and cuts the connection of each stream after its first piece as long as it is told to.
class CuttingProxy {
 public:
    CuttingProxy() {
        const auto pass = [this](ServedConnection& connection, const ServedRequest& request) {
            const net::Response answer = transport_->send(onward(request), {});
            connection.respond(answer.status, answer.body);
        };
        for (const char* method : {"Process/SendSignal", "Process/List", "Process/SendInput"})
            proxy_.on(std::string("POST /process.") + method, pass);
        proxy_.on("GET /health", pass);
        for (const char* route : {"POST /process.Process/Start", "POST /process.Process/Connect"})
            proxy_.on(route, [this](ServedConnection& connection, const ServedRequest& request) {
                before_stream(request);
                if (pass_stream(connection, request))
                    connection.end_chunks();
                else
                    connection.cut();
            });
    }
    ~CuttingProxy() { stop_.request_stop(); }
    CuttingProxy(const CuttingProxy&) = delete;
    CuttingProxy& operator=(const CuttingProxy&) = delete;
    [[nodiscard]] std::string url() const { return proxy_.url(); }
    [[nodiscard]] std::size_t reconnects() { return proxy_.count("POST /process.Process/Connect"); }

    std::atomic<int> cuts_left{0};
    std::function<void(const ServedRequest&)> before_stream = [](const ServedRequest&) {};

 private:
    /// @return false when it is to be cut, or was.
    bool pass_stream(ServedConnection& connection, const ServedRequest& request) {
        const bool whole = cuts_left-- <= 0;
        connection.begin_chunked(200, {"Content-Type: application/connect+json"});
        try {
            transport_->stream(
                onward(request), nullptr, [&](std::string_view piece) { return connection.chunk(piece) && whole; },
                stop_.get_token());
        } catch (const std::exception&) {
            return false;
        }
        return whole;
    }
    static net::Request onward(const ServedRequest& request) {
        net::Request next;
        next.method = request.method;
        next.url = k_envd + request.target;
        for (const auto& [name, value] : request.headers)
            if (name.starts_with("x-") || name.starts_with("connect-") || name.starts_with("content-type") ||
                name == "keepalive-ping-interval")
                next.headers.push_back({name, value});
        next.body = request.body;
        return next;
    }

    std::unique_ptr<net::Transport> transport_ = net::make_curl_transport(Environment());
    std::stop_source stop_;
    ScriptedCloud proxy_;
};

Command command(const std::string& shell, std::chrono::milliseconds timeout = 0ms) {
    Command made;
    made.shell = shell;
    made.timeout = timeout;
    return made;
}

/// Takes what a process says on a thread of its own.
class Listener {
 public:
    explicit Listener(Process& process)
        : thread_([this, &process](const std::stop_token& stop) { listen(process, stop); }) {}
    [[nodiscard]] bool hears(const std::string& part) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, 60s, [&] { return said_.find(part) != std::string::npos; });
    }
    [[nodiscard]] std::optional<ExitStatus> end() {
        std::unique_lock lock(mutex_);
        changed_.wait_for(lock, 60s, [&] { return status_.has_value(); });
        return status_;
    }

 private:
    void listen(Process& process, const std::stop_token& stop) {
        const auto hear = [this](Stream, std::string_view piece) {
            const std::lock_guard lock(mutex_);
            said_.append(piece);
            changed_.notify_all();
        };
        try {
            const ExitStatus status = process.wait(hear, stop);
            const std::lock_guard lock(mutex_);
            status_ = status;
            changed_.notify_all();
        } catch (const Interrupted&) {
            // The test is over before the process.
            return;
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::string said_;
    std::optional<ExitStatus> status_;
    std::jthread thread_;
};

/// Waits for the end of all processes, for a while.
bool comes_to_rest(Sandbox& box) {
    for (int i = 0; i < 600 && !box.processes({}).empty(); ++i) std::this_thread::sleep_for(50ms);
    return box.processes({}).empty();
}

}  // namespace

TEST_SUITE("real envd") {
    TEST_CASE("it keeps the parts of the contract that are the daemon's") {
        Client client;
        testing::ContractSubject subject{*client.provider};
        SUBCASE("files") {
            testing::contract_files(subject);
        }
        SUBCASE("watch") {
            testing::contract_watch(subject);
        }
        SUBCASE("commands") {
            testing::contract_commands(subject);
        }
        SUBCASE("shell") {
            testing::contract_shell(subject);
        }
        SUBCASE("stop") {
            testing::contract_stop(subject);
        }
        // A run that was stopped takes its command along.
        CHECK(comes_to_rest(*client.box()));
    }

    TEST_CASE("it is a version that this client was made for") {
        Client client;
        const auto box = client.box();
        CHECK_FALSE(client.cloud.version().empty());
        MESSAGE("envd ", client.cloud.version());
        CHECK(box->alive({}));
    }

    TEST_CASE("a wrong token is refused and said") {
        Client client;
        (void)client.box();
        client.cloud.tell_token("wrong");
        const auto box = client.box();
        const auto told = [](const auto& act) {
            try {
                act();
            } catch (const Error& error) {
                return std::string(error.what());
            }
            return std::string();
        };
        const std::vector<FileUpload> file = {{"/tmp/refused", "x"}};
        for (const std::string& said :
             {told([&] { (void)box->list("/tmp", 1, {}); }), told([&] { (void)run_in(*box, "true"); }),
              told([&] { box->write_files(file, {}); }), told([&] { (void)box->read_file("/etc/passwd", 1000, {}); }),
              told([&] { (void)box->processes({}); })}) {
            CAPTURE(said);
            CHECK(said.find("access token") != std::string::npos);
        }
        client.cloud.tell_token(k_token);
        CHECK(kind_thrown([&] { (void)client.box()->read_file("/tmp/refused", 10, {}); }) == ErrorKind::not_found);
    }

    TEST_CASE("files arrive whole whatever their names and number") {
        Client client;
        const auto box = client.box();
        std::vector<FileUpload> files;
        for (const char* name : {"a b", "\xc3\xbc\xe6\x97\xa5.txt", "100%", "quote\"s", "back\\slash", "semi;colon",
                                 "new\nline", "plus+", "-dash", "#hash?&=", "'single'"})
            files.push_back({"/home/user/odd/" + std::string(name), name});
        for (int i = 0; i < 300; ++i) files.push_back({fmt::format("/home/user/many/{}/f", i), std::to_string(i)});
        std::string large(24U << 20U, '\0');
        for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<char>((i * 2654435761U) >> 24U);
        files.push_back({"/home/user/large", large});
        box->write_files(files, {});
        std::set<std::string> listed;
        for (const FileEntry& entry : box->list("/home/user/odd", 1, {})) listed.insert(entry.path);
        for (const FileUpload& file : files) {
            CAPTURE(file.path);
            const bool same = box->read_file(file.path, 32U << 20U, {}) == file.content;
            CHECK(same);
            if (file.path.starts_with("/home/user/odd/")) CHECK(listed.contains(file.path));
        }
        CHECK(box->list("/home/user/many", 2, {}).size() == 600);
        CHECK(run_in(*box, "stat -c %U /home/user/odd /home/user/large | sort -u").output == "user\n");
        box->remove("/home/user/odd", {});
        CHECK(kind_thrown([&] { (void)box->list("/home/user/odd", 1, {}); }) == ErrorKind::not_found);
    }

    TEST_CASE("entries are what they are") {
        Client client;
        const auto box = client.box();
        CHECK(run_in(*box,
                     "mkdir -p kinds/dir && cd kinds && echo 12345 > file && chmod 640 file && ln -s file link && "
                     "ln -s nowhere broken && mkfifo pipe && ln -s dir dirlink")
                  .status.success());
        std::map<std::string, FileEntry> entries;
        for (const FileEntry& entry : box->list("/home/user/kinds", 1, {})) entries[entry.path] = entry;
        const auto at = [&](const std::string& name) { return entries["/home/user/kinds/" + name]; };
        CHECK(entries.size() == 6);
        CHECK(at("file").type == FileType::file);
        CHECK(at("file").size == 6);
        CHECK(at("file").mode == 0640);
        CHECK(at("dir").type == FileType::directory);
        CHECK(at("link").type == FileType::symlink);
        CHECK(at("broken").type == FileType::symlink);
        CHECK(at("dirlink").type == FileType::symlink);
        CHECK(at("pipe").type == FileType::other);
        CHECK(kind_thrown([&] { (void)box->read_file("/home/user/kinds/dir", 10, {}); }) == ErrorKind::usage);
        CHECK(kind_thrown([&] { (void)box->list("/home/user/kinds/file", 1, {}); }) == ErrorKind::usage);
        const std::vector<FileUpload> onto = {{"/home/user/kinds/dir", "x"}};
        CHECK(kind_thrown([&] { box->write_files(onto, {}); }) == ErrorKind::usage);
    }

    TEST_CASE("a full disk is a limit") {
        Client client;
        const auto box = client.box();
        const std::vector<FileUpload> files = {{"/small/file", std::string(4U << 20U, 'x')}};
        CHECK(kind_thrown([&] { box->write_files(files, {}); }) == ErrorKind::limit);
    }

    TEST_CASE("signals reach the process and nothing else") {
        Client client;
        const auto box = client.box();
        const auto polite = box->start(command("trap 'exit 7' TERM; echo up; while :; do sleep 0.05; done"), {});
        Listener polite_says(*polite);
        REQUIRE(polite_says.hears("up"));
        CHECK(box->signal(polite->pid(), SIGTERM, {}));
        const auto end = polite_says.end();
        REQUIRE(end);
        CHECK(end->code == 7);
        CHECK_FALSE(box->signal(polite->pid(), SIGTERM, {}));

        const auto plain = box->start(command("exec sleep 300"), {});
        CHECK(box->signal(plain->pid(), SIGTERM, {}));
        const ExitStatus terminated = plain->wait({}, {});
        CHECK(terminated.code == -1);
        CHECK(terminated.text == "signal: terminated");
        CHECK(kind_thrown([&] { plain->send_input("x", {}); }) == ErrorKind::not_found);
    }

    TEST_CASE("a process is listed with its tag and many may listen to it") {
        Client client;
        const auto box = client.box();
        Command tagged = command("until [ -e /tmp/listen ]; do sleep 0.05; done; echo heard");
        tagged.tag = "the-app";
        const auto process = box->start(tagged, {});
        const auto list = box->processes({});
        REQUIRE(list.size() == 1);
        CHECK(list[0].pid == process->pid());
        CHECK(list[0].tag == "the-app");
        CHECK(list[0].command == "/bin/bash -l -c " + tagged.shell);
        const auto second = box->connect(process->pid(), {});
        REQUIRE(second);
        Listener one(*process);
        Listener two(*second);
        CHECK(run_in(*box, "touch /tmp/listen").status.success());
        CHECK(one.hears("heard"));
        CHECK(two.hears("heard"));
        CHECK(one.end()->success());
        CHECK(two.end()->success());
        // The end is kept for a while, for those who come late.
        const auto late = box->connect(process->pid(), {});
        REQUIRE(late);
        CHECK(late->wait({}, {}).success());
    }

    TEST_CASE("input of any size reaches its process") {
        Client client;
        const auto box = client.box();
        Command reader = command("sha256sum");
        reader.input = true;
        const auto process = box->start(reader, {});
        process->send_input(std::string(1'000'000, '\0'), {});
        process->close_input({});
        std::string said;
        CHECK(process->wait([&](Stream, std::string_view piece) { said += piece; }, {}).success());
        CHECK(said == "d29751f2649b32ff572b5e0a9f541ea660a50f94ff0beedfb0b692b924cc8025  -\n");
        CHECK(run_in(*box, "cat; echo closed").output == "closed\n");
    }

    TEST_CASE("a terminal is interactive and can change its size") {
        Client client;
        const auto box = client.box();
        Command shell;
        shell.timeout = 0ms;
        shell.terminal = TerminalSize{80, 24};
        const auto process = box->start(shell, {});
        Listener screen(*process);
        process->send_input("stty size; tty; echo sum-$((20+3))\n", {});
        CHECK(screen.hears("24 80"));
        CHECK(screen.hears("/dev/pts/"));
        CHECK(screen.hears("sum-23"));
        process->resize({132, 50}, {});
        process->send_input("stty size\n", {});
        CHECK(screen.hears("50 132"));
        // A handle that did not start it does not know that it has a terminal.
        const auto other = box->connect(process->pid(), {});
        REQUIRE(other);
        other->send_input("echo again-$((1+1))\n", {});
        CHECK(screen.hears("again-2"));
        // A shell of its own: the terminal is its before it says anything.
        process->send_input("bash -c 'echo long-$((1+2)); exec sleep 300'\n", {});
        CHECK(screen.hears("long-3"));
        process->send_input("\x03", {});
        process->send_input("echo after-$((2+2))\n", {});
        CHECK(screen.hears("after-4"));
        // At the prompt, and not a moment before, Ctrl-D ends the shell.
        process->send_input("PS1='rea''dy> '\n", {});
        CHECK(screen.hears("ready> "));
        process->close_input({});
        CHECK(screen.end().has_value());
        CHECK(comes_to_rest(*box));
    }

    TEST_CASE("a stream that is cut is taken up again") {
        CuttingProxy proxy;
        Client client(proxy.url());
        Client direct;
        const auto straight = direct.box();
        const auto box = client.box();

        proxy.cuts_left = 2;
        const auto again = run_in(*box, command("until [ -e /tmp/reconnected ]; do sleep 0.05; [ $((++i)) -lt 20 ] || "
                                                "touch /tmp/reconnected; done; sleep 1; echo later; exit 6"));
        CHECK(again.status.code == 6);
        CHECK(again.output == "later\n");
        CHECK(proxy.reconnects() == 2);

        // What ended while nobody listened is told afterwards.
        proxy.before_stream = [&](const ServedRequest& request) {
            if (request.target.ends_with("/Connect")) comes_to_rest(*straight);
        };
        proxy.cuts_left = 1;
        CHECK(run_in(*box, command("sleep 0.2; exit 9")).status.code == 9);
        CHECK(proxy.reconnects() == 3);
    }

    TEST_CASE("commands do not mix when many run at once") {
        Client client;
        const auto box = client.box();
        std::vector<std::string> outputs(12);
        {
            std::vector<std::jthread> threads;
            for (std::size_t i = 0; i < outputs.size(); ++i)
                threads.emplace_back([&, i] {
                    outputs[i] = run_in(*box, fmt::format("for n in 1 2 3; do echo {}; sleep 0.05; done", i)).output;
                });
        }
        for (std::size_t i = 0; i < outputs.size(); ++i) CHECK(outputs[i] == fmt::format("{0}\n{0}\n{0}\n", i));
    }
}
