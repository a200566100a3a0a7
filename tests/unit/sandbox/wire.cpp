#include <spawnai/core/digest.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <doctest/doctest.h>

#include <csignal>

using namespace spawnai;
using namespace spawnai::sandbox;
using namespace std::chrono_literals;

namespace {

/// The bodies that each of the readers must refuse with Error{unavailable} and nothing else.
const std::vector<std::string> k_garbage = {"",
                                            " ",
                                            "null",
                                            "42",
                                            "\"text\"",
                                            "<html>502</html>",
                                            "{",
                                            "[1,2",
                                            "\xff\xfe",
                                            "{\"sandboxID\":\"\xc3\x28\"}",
                                            std::string(100'000, '['),
                                            "{\"a\":" + std::string(5000, '{')};

template <class Read>
void check_refused(Read read, const std::string& body) {
    CAPTURE(body.substr(0, 60));
    try {
        (void)read(body);
        FAIL("it was accepted");
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::unavailable);
    }
}

const std::string k_detail =
    R"({"templateID":"base","sandboxID":"iabc123","clientID":"c","startedAt":"2026-01-02T03:04:05Z",)"
    R"("endAt":"2026-01-02T03:09:05.5Z","state":"paused","cpuCount":2,"memoryMB":512,"diskSizeMB":1024,)"
    R"("envdVersion":"0.6.13","envdAccessToken":"tok","metadata":{"k":"v","n":1},"domain":null,"new":{"x":[1]}})";

}  // namespace

TEST_SUITE("wire") {
    TEST_CASE("create asks v1 for a secured sandbox and v2 for none because it always is") {
        SandboxRequest request;
        request.lifetime = 90s;
        request.metadata = {{"session", "s1"}};
        request.environment = {{"PORT", "3000"}};
        request.on_timeout = OnTimeout::pause;
        const Json v1 = Json::parse(wire::create_body(request, wire::Api::v1));
        const Json v2 = Json::parse(wire::create_body(request, wire::Api::v2));
        CHECK(v1["secure"] == true);
        CHECK_FALSE(v2.contains("secure"));
        CHECK(v2["templateID"] == "base");
        CHECK(v2["timeout"] == 90);
        CHECK(v2["metadata"] == Json{{"session", "s1"}});
        CHECK(v2["envVars"] == Json{{"PORT", "3000"}});
        CHECK(v2["allow_internet_access"] == false);
        CHECK(v2["autoPause"] == true);
        CHECK(v2["autoResume"] == Json{{"enabled", true}});
    }

    TEST_CASE("metadata filters are encoded as often as the servers decode") {
        CHECK(wire::metadata_query({{"k", "v 1"}}) == "k%3Dv%2525201");
        CHECK(wire::metadata_query({{"a", "1"}, {"b", "2"}}) == "a%3D1%26b%3D2");
        CHECK(wire::metadata_query({{"a&b", "c=d"}}) == "a%252526b%3Dc%25253Dd");
    }

    TEST_CASE("the answer to create is read and unknown members are ignored") {
        const wire::Access access = wire::parse_access(k_detail);
        CHECK(access.id.str() == "iabc123");
        CHECK(access.envd_token.reveal() == "tok");
        CHECK(access.domain.empty());
        CHECK(access.envd_version == "0.6.13");
        CHECK(wire::parse_access(R"({"sandboxID":"i1","domain":"localhost:4000"})").domain == "localhost:4000");
        CHECK(wire::parse_access(R"({"sandboxID":"i1","envdAccessToken":null})").envd_token.empty());
    }

    TEST_CASE("a sandbox is described as the provider says") {
        const SandboxInfo info = wire::parse_detail(k_detail);
        CHECK(info.state == SandboxState::paused);
        CHECK(info.end_at - info.started_at == 300500ms);
        CHECK(info.metadata == std::map<std::string, std::string>{{"k", "v"}});
        CHECK(info.cpu_count == 2);
        CHECK(info.memory_mib == 512);
        CHECK(info.disk_mib == 1024);
        CHECK(wire::parse_list("[" + k_detail + "," + k_detail + "]").size() == 2);
        CHECK(wire::parse_list("[]").empty());
    }

    TEST_CASE("hostile answers are refused as the provider's fault") {
        for (const std::string& body : k_garbage) {
            check_refused([](const std::string& text) { return wire::parse_access(text); }, body);
            check_refused([](const std::string& text) { return wire::parse_detail(text); }, body);
            check_refused([](const std::string& text) { return wire::parse_list(text); }, body);
            check_refused([](const std::string& text) { return wire::parse_metrics(text); }, body);
        }
        const auto access = [](const std::string& text) { return wire::parse_access(text); };
        check_refused(access, R"({"sandboxID":"../../etc"})");
        check_refused(access, R"({"sandboxID":"a.b"})");
        check_refused(access, R"({"sandboxID":17})");
        check_refused(access, R"({"sandboxID":"i1","domain":"evil/@host"})");
        check_refused(access, R"({"sandboxID":"i1","domain":"a b"})");
        check_refused(access, R"({"sandboxID":"i1","envdAccessToken":{}})");
        const auto detail = [](const std::string& text) { return wire::parse_detail(text); };
        check_refused(detail, R"({"sandboxID":"i1"})");
        check_refused(detail, R"({"sandboxID":"i1","startedAt":"yesterday","endAt":"2026-01-02T03:04:05Z"})");
        check_refused([](const std::string& text) { return wire::parse_list(text); }, "{}");
        check_refused([](const std::string& text) { return wire::parse_list(text); }, "[17]");
    }

    TEST_CASE("metrics are read with either form of their time") {
        const auto metrics = wire::parse_metrics(
            R"([{"timestamp":"2026-01-02T03:04:05Z","timestampUnix":1767323045,"cpuCount":2,"cpuUsedPct":12.5,"memUsed":1,)"
            R"("memTotal":2,"memCache":0,"diskUsed":3,"diskTotal":4},{"timestamp":"2026-01-02T03:04:05Z","cpuCount":1,)"
            R"("cpuUsedPct":0,"memUsed":1,"memTotal":2}])");
        REQUIRE(metrics.size() == 2);
        CHECK(metrics[0].time == metrics[1].time);
        CHECK(metrics[0].cpu_used_percent == doctest::Approx(12.5));
        CHECK(metrics[0].disk_total == 4);
        CHECK(wire::parse_metrics("[]").empty());
    }

    TEST_CASE("only the app's own lines make its log") {
        const std::string body =
            R"({"logs":[{"timestamp":"t","line":"{\"level\":\"info\",\"logger\":\"app\",\"message\":\"one\"}"},)"
            R"({"timestamp":"t","line":"{\"level\":\"info\",\"logger\":\"process\",\"message\":\"envd\"}"},)"
            R"({"timestamp":"t","line":"not json"},{"line":5},7,)"
            R"({"timestamp":"t","line":"{\"logger\":\"app\",\"message\":\"two\"}"}],"logEntries":[]})";
        CHECK(wire::parse_app_log(body) == "one\ntwo\n");
        CHECK(wire::parse_app_log("{}").empty());
    }

    TEST_CASE("files are listed with sizes as text or number and types as word or number") {
        const auto entries = wire::parse_entries(
            R"({"entries":[{"name":"a","type":"FILE_TYPE_FILE","path":"/a","size":"12","mode":420},)"
            R"({"name":"d","type":2,"path":"/d","size":0},{"name":"l","type":"FILE_TYPE_FILE","path":"/l","symlinkTarget":"/a"},)"
            R"({"name":"s","path":"/s"}]})");
        REQUIRE(entries.size() == 4);
        CHECK(entries[0].size == 12);
        CHECK(entries[0].mode == 0644);
        CHECK(entries[0].type == FileType::file);
        CHECK(entries[1].type == FileType::directory);
        CHECK(entries[2].type == FileType::symlink);
        CHECK(entries[3].type == FileType::other);
        CHECK(wire::parse_entries("{}").empty());
        const auto read = [](const std::string& text) { return wire::parse_entries(text); };
        check_refused(read, R"({"entries":[{"path":"/a","size":"12x"}]})");
        check_refused(read, R"({"entries":[{"path":"/a","size":99999999999999999999}]})");
        check_refused(read, R"({"entries":[{"size":1}]})");
        check_refused(read, R"({"entries":{}})");
    }

    TEST_CASE("processes are listed") {
        const auto list = wire::parse_processes(
            R"({"processes":[{"config":{"cmd":"/bin/bash","args":["-c","x"]},"pid":7,"tag":"app"},{"pid":8},3]})");
        REQUIRE(list.size() == 2);
        CHECK(list[0].command == "/bin/bash -c x");
        CHECK(list[0].tag == "app");
        CHECK(list[1].pid == 8);
    }

    TEST_CASE("process events are read and zero values may be left out") {
        const auto event = [](const char* text) { return wire::parse_process_event(text); };
        CHECK(std::get<wire::Started>(event(R"({"event":{"start":{"pid":1234}}})")).pid == 1234);
        const auto output = std::get<wire::Output>(event(R"({"event":{"data":{"stdout":"aGkK"}}})"));
        CHECK(output.stream == Stream::standard_output);
        CHECK(output.bytes == "hi\n");
        CHECK(std::get<wire::Output>(event(R"({"event":{"data":{"stderr":"aGkK"}}})")).stream ==
              Stream::standard_error);
        CHECK(std::get<wire::Output>(event(R"({"event":{"data":{"pty":"aGkK"}}})")).stream == Stream::standard_output);
        const auto fine = std::get<wire::Ended>(event(R"({"event":{"end":{"exited":true,"status":"exit status 0"}}})"));
        CHECK(fine.status.code == 0);
        CHECK(fine.status.text == "exit status 0");
        const auto killed =
            std::get<wire::Ended>(event(R"({"event":{"end":{"exitCode":-1,"status":"signal: killed","error":"x"}}})"));
        CHECK(killed.status.code == -1);
        CHECK(killed.status.text == "signal: killed");
        CHECK(std::get<wire::Ended>(event(R"({"event":{"end":{"exit_code":3}}})")).status.code == 3);
        for (const char* nothing : {R"({"event":{"keepalive":{}}})", R"({"event":{"future":{"a":1}}})", "{}", "[]", "7",
                                    R"({"event":{"data":{}}})", R"({"event":{"start":5}})"}) {
            CAPTURE(nothing);
            CHECK(std::holds_alternative<wire::Nothing>(event(nothing)));
        }
        const auto read = [](const std::string& text) { return wire::parse_process_event(text); };
        check_refused(read, "{");
        check_refused(read, std::string(1'000'000, '['));
        check_refused(read, R"({"event":{"data":{"stdout":"***"}}})");
        check_refused(read, R"({"event":{"start":{"pid":"many"}}})");
    }

    TEST_CASE("watch events are read with types as word or number") {
        const auto event = [](const std::string& text) { return wire::parse_watch_event(text); };
        CHECK(std::holds_alternative<wire::WatchBegun>(event(R"({"start":{}})")));
        struct Row {
            std::string word;
            int number;
            ChangeType type;
        };
        const std::vector<Row> rows = {{"CREATE", 1, ChangeType::created},
                                       {"WRITE", 2, ChangeType::written},
                                       {"REMOVE", 3, ChangeType::removed},
                                       {"RENAME", 4, ChangeType::renamed},
                                       {"CHMOD", 5, ChangeType::mode_changed}};
        for (const Row& row : rows) {
            CAPTURE(row.word);
            for (const std::string& spelled : {"\"EVENT_TYPE_" + row.word + "\"", std::to_string(row.number)}) {
                const auto change =
                    std::get<FileChange>(event(R"({"filesystem":{"name":"sub/a","type":)" + spelled + "}}"));
                CHECK(change.name == "sub/a");
                CHECK(change.type == row.type);
            }
        }
        for (const char* nothing : {R"({"keepalive":{}})", R"({"filesystem":{"name":"a"}})", R"({"filesystem":7})",
                                    R"({"filesystem":{"name":"a","type":"EVENT_TYPE_UNSPECIFIED"}})", "{}", "[]"}) {
            CAPTURE(nothing);
            CHECK(std::holds_alternative<wire::Nothing>(event(nothing)));
        }
        check_refused(event, "{");
        CHECK(Json::parse(wire::watch_body("/app", true)) == Json{{"path", "/app"}, {"recursive", true}});
    }

    TEST_CASE("the end of a stream is read") {
        CHECK_FALSE(wire::parse_end_of_stream("{}"));
        CHECK_FALSE(wire::parse_end_of_stream(R"({"metadata":{"k":["v"]}})"));
        const auto failure =
            wire::parse_end_of_stream(R"({"error":{"code":"invalid_argument","message":"cwd '/nope'"}})");
        REQUIRE(failure);
        CHECK(failure->connect_code == "invalid_argument");
        CHECK(failure->message == "cwd '/nope'");
        for (const std::string& bad :
             {std::string("nonsense"), std::string("[]"), std::string(R"({"error":5})"),
              std::string(R"({"error":{"code":"new_code"}})"),
              R"({"error":{"a":)" + std::string(500'000, '[') + std::string(500'000, ']') + "}}"}) {
            CAPTURE(bad.substr(0, 40));
            const auto any = wire::parse_end_of_stream(bad);
            REQUIRE(any);
            CHECK_FALSE(any->connect_code.empty());
        }
    }

    TEST_CASE("errors are read from any body") {
        const auto api =
            wire::parse_failure(R"({"code":404,"message":"Sandbox \"x\" doesn't exist","error_code":"e"})");
        CHECK(api.code == 404);
        CHECK(api.connect_code.empty());
        CHECK(api.error_code == "e");
        const auto rpc = wire::parse_failure(R"({"code":"not_found","message":"process with pid 7 not found"})");
        CHECK_FALSE(rpc.code);
        CHECK(rpc.connect_code == "not_found");
        CHECK(wire::parse_failure(R"({"sandboxId":"i1","message":"closed","port":3000,"code":502})").port == 3000);
        CHECK(wire::parse_failure("plain words\nand more").message == "plain words and more");
        CHECK(wire::parse_failure("<html><body>no</body></html>").message.empty());
        CHECK(wire::parse_failure(R"({"message":"a\u001b[31mred"})").message.find('\x1b') == std::string::npos);
        CHECK(wire::parse_failure(R"({"code":1e9,"message":{"a":1},"port":-1})").message.empty());
        for (const std::string& body : k_garbage) (void)wire::parse_failure(body);
        CHECK(wire::parse_failure(R"({"message":")" + std::string(100'000, 'x') + "\"}").message.size() < 1000);
    }

    TEST_CASE("commands run in a login shell with stdin closed unless wanted") {
        Command command;
        command.shell = "echo hi";
        const Json plain = Json::parse(wire::start_body(command));
        CHECK(plain == Json::parse(R"({"process":{"cmd":"/bin/bash","args":["-l","-c","echo hi"]},"stdin":false})"));
        command.working_directory = "/app";
        command.environment = {{"PORT", "3000"}, {"TERM", "dumb"}};
        command.tag = "app";
        command.input = true;
        command.terminal = TerminalSize{100, 30};
        const Json full = Json::parse(wire::start_body(command));
        CHECK(full["process"]["cwd"] == "/app");
        CHECK(full["process"]["envs"]["PORT"] == "3000");
        CHECK(full["process"]["envs"]["TERM"] == "dumb");
        CHECK(full["process"]["envs"]["LANG"] == "C.UTF-8");
        CHECK(full["pty"] == Json::parse(R"({"size":{"cols":100,"rows":30}})"));
        CHECK(full["stdin"] == true);
        CHECK(full["tag"] == "app");
        command.shell.clear();
        CHECK(Json::parse(wire::start_body(command))["process"]["args"] == Json({"-i", "-l"}));
        CHECK(Json::parse(wire::signal_body(7, SIGKILL)) ==
              Json::parse(R"({"process":{"pid":7},"signal":"SIGNAL_SIGKILL"})"));
        CHECK(Json::parse(wire::signal_body(7, SIGTERM))["signal"] == "SIGNAL_SIGTERM");
        CHECK_THROWS_AS((void)wire::signal_body(7, SIGHUP), Error);
        CHECK(Json::parse(wire::input_body(7, "hi\n", false))["input"] == Json{{"stdin", "aGkK"}});
        CHECK(Json::parse(wire::input_body(7, "hi\n", true))["input"] == Json{{"pty", "aGkK"}});
    }

    TEST_CASE("base64 is read in all its spellings") {
        std::string bytes;
        for (int i = 0; i < 70; ++i) {
            CHECK(wire::base64_decode(base64_encode(bytes)) == bytes);
            CHECK(wire::base64_decode(base64_encode(bytes, false)) == bytes);
            bytes += static_cast<char>(i * 37);
        }
        CHECK(wire::base64_decode("-_8=") == wire::base64_decode("+/8"));
        for (const char* bad : {"a", "aaaaa", "a b=", "====", "a\nb=", "=aaa"}) {
            CAPTURE(bad);
            CHECK_FALSE(wire::base64_decode(bad));
        }
    }
}
