#include "pipeline/deployment.hpp"

#include "pipeline/names.hpp"
#include "pipeline/shell.hpp"

#include <spawnai/core/subprocess.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::pipeline;

namespace {

SubprocessResult bash(const std::string& command) {
    return run_subprocess({.argv = {"/bin/bash", "-c", command}, .environment = {"PATH=/usr/bin:/bin"}});
}

GeneratedApp with_file(const std::string& path, const std::string& content) {
    GeneratedApp app;
    app.type = AppType::api;
    app.files = {{path, content, false}};
    return app;
}

}  // namespace

TEST_CASE("an answer from outside is judged by type") {
    const std::string page = "<!DOCTYPE html><p>hello";
    const auto web = [&](int status, const std::string& type, const std::string& body) {
        return !judge_answer(AppType::webapp, {status, type, body}, page);
    };
    CHECK(web(200, "text/html; charset=utf-8", page));
    CHECK_FALSE(web(200, "text/html", "<!DOCTYPE html><p>hell"));
    CHECK_FALSE(web(200, "text/html", page + "!"));
    CHECK_FALSE(web(200, "text/html", ""));
    CHECK_FALSE(web(200, "application/json", page));
    CHECK_FALSE(web(302, "text/html", page));
    CHECK_FALSE(web(503, "text/html", page));
    const std::string large(100000, 'x');
    CHECK_FALSE(judge_answer(AppType::webapp, {200, "text/html", large.substr(0, 70000)}, large));
    CHECK(judge_answer(AppType::webapp, {200, "text/html", large.substr(0, 100)}, large));

    const auto api = [](int status, const std::string& body) {
        return !judge_answer(AppType::api, {status, "", body}, {});
    };
    CHECK(api(200, "{}"));
    CHECK(api(204, ""));
    CHECK(api(302, ""));
    CHECK_FALSE(api(200, ""));
    CHECK_FALSE(api(404, "no"));
    CHECK_FALSE(api(500, "no"));
}

TEST_CASE("whatever a script prints is shown as text") {
    const std::string page =
        script_page("<script>alert(1)</script>", 0, "</pre><script>alert(2)</script>\x1b[31m\xff&");
    CHECK(page.find("<script>") == std::string::npos);
    CHECK(page.find("&lt;/pre&gt;") != std::string::npos);
    CHECK(page.find('\x1b') == std::string::npos);
    CHECK(page.find("Exit code 0") != std::string::npos);
    CHECK(page.starts_with("<!DOCTYPE html>"));
}

TEST_CASE("words are quoted so that bash gives them back") {
    for (const std::string word : {"plain", "two words", "it's", "$HOME `id` \\ \"x\"", "'", "a\nb", "--", "*"}) {
        CAPTURE(word);
        CHECK(bash("printf %s " + shell::quote(word)).output == word);
    }
}

TEST_CASE("only what names packages is installed") {
    CHECK(shell::install(with_file("server.js", "")).empty());
    CHECK(shell::install(with_file("package.json", R"({"name": "x", "dependencies": {}})")).empty());
    CHECK(shell::install(with_file("package.json", R"({"dependencies": {"express": "4"}})")).find("npm install") !=
          std::string::npos);
    CHECK(shell::install(with_file("package.json", "{broken")).find("npm install") != std::string::npos);
    CHECK(shell::install(with_file("package.json", "[]")).empty());
    CHECK(shell::install(with_file("requirements.txt", "# nothing\n\n")).empty());
    CHECK(shell::install(with_file("requirements.txt", "flask==3.0\n")).find("pip install") != std::string::npos);
    GeneratedApp locked = with_file("package.json", R"({"dependencies": {"express": "4"}})");
    locked.files.push_back({"package-lock.json", "{}", false});
    CHECK(shell::install(locked).find("npm ci") != std::string::npos);
}

TEST_CASE("every command is good bash") {
    for (const std::string& command :
         {shell::prepare(), shell::start_static_server(3000, "/tmp/log"),
          shell::start_app("node 'it''s.js'", 3000, "/tmp/log", std::chrono::seconds(3)),
          shell::run_script("python3 x.py | sort", "/tmp/log", std::chrono::seconds(3)),
          shell::install(with_file("requirements.txt", "flask\n")), shell::make_executable({"/app/it's.sh"})}) {
        CAPTURE(command);
        const SubprocessResult result =
            run_subprocess({.argv = {"/bin/bash", "-n"}, .environment = {"PATH=/usr/bin:/bin"}, .input = command});
        CHECK(result.exit_code == 0);
        CHECK(result.error_output.empty());
    }
    CHECK(shell::make_executable({}).empty());
    CHECK(shell::pointer_text("/app", "index.html") == "/app\nindex.html\n");
}

TEST_CASE("names come from the telling words of a prompt") {
    CHECK(make_name("Please make me a todo app").starts_with("todo-app-"));
    CHECK(make_name("a REST API for books and authors of books").starts_with("rest-api-books-"));
    CHECK(make_name("\xe5\xbe\x85\xe5\x8a\x9e").starts_with("app-"));
    CHECK(make_name("the of and").starts_with("app-"));
    CHECK(make_name(std::string(500, 'x')).size() < 40);
    CHECK(make_name("todo") != make_name("todo"));
    for (const char* prompt : {"todo app", "\xe5\xbe\x85", "!!!", "A--B", ""})
        CHECK(check_name(make_name(prompt)).empty());
    CHECK_FALSE(check_name("").empty());
    CHECK_FALSE(check_name("-x").empty());
    CHECK_FALSE(check_name("a b").empty());
    CHECK_FALSE(check_name("@last").empty());
    CHECK_FALSE(check_name(std::string(64, 'a')).empty());
}
