#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/starters.hpp>
#include <spawnai/validate/validator.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <set>
#include <string>

using namespace spawnai;
using namespace spawnai::pipeline;

namespace {

std::string matched(std::string_view prompt, std::optional<AppType> type = std::nullopt) {
    const Starter* starter = match_starter(prompt, type);
    return starter == nullptr ? "" : starter->id;
}

struct Expectation {
    std::string_view prompt;
    std::string_view id;
};

constexpr Expectation k_matches[] = {
    {"todo", "todo"},
    {"todo app", "todo"},
    {"Todo App!", "todo"},
    {"TODO", "todo"},
    {"a simple todo list", "todo"},
    {"to-do list", "todo"},
    {"to do list app", "todo"},
    {"todolist", "todo"},
    {"my to-do's", "todo"},
    {"tasks", "todo"},
    {"task manager", "todo"},
    {"a checklist", "todo"},
    {"an app to manage my tasks", "todo"},
    {"please build me a beautiful todo app", "todo"},
    {"todo app with dark mode", "todo"},
    {"todo list with local storage", "todo"},
    {"todo app \xF0\x9F\x9A\x80", "todo"},
    {"a todo app, no login", "todo"},
    {"todo app without any sign up", "todo"},
    {"todo app in HTML, CSS and vanilla JavaScript", "todo"},
    {"Make a todo list where I can add, edit and delete tasks, mark them as done, filter them and keep them "
     "after a reload",
     "todo"},
    {"calculator", "calculator"},
    {"Build a calculator", "calculator"},
    {"calculator with history", "calculator"},
    {"a simple calculator that can add, subtract, multiply and divide", "calculator"},
    {"timer", "timer"},
    {"pomodoro timer", "timer"},
    {"a pomodoro timer please", "timer"},
    {"stopwatch with laps", "timer"},
    {"countdown timer", "timer"},
    {"pomodoro app with 25 minute sessions and 5 minute breaks", "timer"},
    {"notes", "notes"},
    {"notes app", "notes"},
    {"a note-taking app with search", "notes"},
    {"notepad", "notes"},
    {"simple notes, not a todo list", "notes"},
    {"kanban board", "kanban"},
    {"kanban", "kanban"},
    {"a trello clone", "kanban"},
    {"kanban board with drag and drop", "kanban"},
    {"kanban task board with three columns: to do, doing, done", "kanban"},
    {"expense tracker", "expenses"},
    {"an app to track my expenses", "expenses"},
    {"expense tracker with categories and a chart", "expenses"},
    {"budget tracker", "expenses"},
    {"markdown previewer", "markdown"},
    {"a markdown editor with live preview", "markdown"},
    {"quiz", "quiz"},
    {"quiz app", "quiz"},
    {"a trivia quiz with multiple choice questions and a score", "quiz"},
    {"drawing app", "drawing"},
    {"a simple drawing pad with colors and undo", "drawing"},
    {"whiteboard", "drawing"},
    {"habit tracker", "habits"},
    {"a daily habit tracker with streaks", "habits"},
    {"unit converter", "converter"},
    {"convert units of length and weight", "converter"},
    {"celsius to fahrenheit converter", "converter"},
    {"password generator", "password"},
    {"a strong password generator with length slider and copy button", "password"},
    {"snake", "snake"},
    {"snake game", "snake"},
    {"a classic snake game with score and arrow keys", "snake"},
    {"memory game", "memory"},
    {"a card matching memory game with emojis", "memory"},
    {"counter", "counter"},
    {"a simple counter app with plus and minus buttons", "counter"},
    {"tic tac toe", "tictactoe"},
    {"Tic-Tac-Toe game against the computer", "tictactoe"},
    {"hello world API", "hello-api"},
    {"echo server", "hello-api"},
    {"REST API for todos", "todo-api"},
    {"a REST API for a todo list", "todo-api"},
    {"todo api", "todo-api"},
    {"todo backend", "todo-api"},
    {"todo rest api in node", "todo-api"},
    {"task API with CRUD endpoints", "todo-api"},
    {"Create a REST API to create, read, update and delete tasks", "todo-api"},
    {"url shortener", "url-shortener"},
    {"a URL shortener API", "url-shortener"},
    {"link shortener", "url-shortener"},
    {"service that shortens links", "url-shortener"},
    {"URL shortener with click tracking and custom aliases", "url-shortener"},
    {"tinyurl clone", "url-shortener"},
    {"pastebin", "paste-api"},
    {"a pastebin clone in python", "paste-api"},
    {"key-value store", "paste-api"},
    {"python key value api", "paste-api"},
    {"csv stats", "csv-stats"},
    {"CSV statistics", "csv-stats"},
    {"statistics of a CSV file", "csv-stats"},
    {"analyze csv", "csv-stats"},
    {"a script that computes mean and median of each column of a CSV file", "csv-stats"},
    {"python script to analyse a csv", "csv-stats"},
    {"word frequency", "word-frequency"},
    {"word count script", "word-frequency"},
    {"most common words in a text", "word-frequency"},
    {"prime numbers", "primes"},
    {"print the first 100 prime numbers", "primes"},
    {"sieve of Eratosthenes in python", "primes"},
};

constexpr std::string_view k_unsure[] = {
    "",
    "   ",
    "app",
    "a simple app please",
    "make something cool",
    "stock trading platform with login",
    "todo app with user accounts and stripe payments",
    "todo app with login",
    "todo app in React",
    "todo app with a calendar",
    "collaborative todo list",
    "todo list synced with Google Calendar",
    "GraphQL API for todos",
    "REST API for todos with postgres",
    "REST API for books",
    "chat room with websockets",
    "chat app",
    "mortgage calculator",
    "BMI calculator",
    "tip calculator",
    "a calculator for matrix determinants",
    "chess timer",
    "workout timer",
    "meeting notes summarizer",
    "voice notes",
    "release notes generator",
    "url shortener with user accounts",
    "URL shortener with QR codes",
    "csv to json converter",
    "convert csv to excel",
    "key-value store with replication",
    "weather dashboard",
    "e-commerce store",
    "blog",
    "a todo app f\xC3\xBCr meine Oma",
    "todo app, but rather a calculator",
    "what is a todo app in the context of the history of computing?",
    "password manager",
    "password strength checker with breach lookup",
    "currency converter",
    "calorie counter",
    "hello world app in Rust",
    "convert video files",
    "pdf to markdown converter",
    "multiplayer snake",
    "snake identification app",
    "quiz about geography",
    "quiz builder for teachers",
    "collaborative whiteboard",
    "AI drawing generator",
    "expense tracker with bank sync",
    "drag and drop",
    "memory leak detector",
    "kanban board with sprints and burndown charts",
    "react timer component",
    "api",
    "script",
    "REST API",
    "do the dishes",
};

Starter custom(std::string id, AppType type, std::vector<std::string> keywords,
               std::vector<std::string> features = {}) {
    Starter starter;
    starter.id = std::move(id);
    starter.keywords = std::move(keywords);
    starter.features = std::move(features);
    starter.app.type = type;
    return starter;
}

std::vector<GeneratedFile> files_with(const std::string& manifest) {
    return {{"starter.json", manifest, false}, {"index.html", "<!doctype html>", false}};
}

}  // namespace

TEST_CASE("prompts that a starter lives up to") {
    for (const Expectation& expectation : k_matches) {
        CAPTURE(expectation.prompt);
        CHECK(matched(expectation.prompt) == expectation.id);
    }
}

TEST_CASE("prompts that ask for more than any starter does") {
    for (const std::string_view prompt : k_unsure) {
        CAPTURE(prompt);
        CHECK(matched(prompt).empty());
    }
}

TEST_CASE("a demanded type decides between starters for the same thing") {
    CHECK(matched("todo", AppType::webapp) == "todo");
    CHECK(matched("todo", AppType::api) == "todo-api");
    CHECK(matched("todo", AppType::script).empty());
    CHECK(matched("url shortener", AppType::api) == "url-shortener");
    CHECK(matched("url shortener", AppType::webapp).empty());
    CHECK(matched("REST API for todos", AppType::webapp).empty());
}

TEST_CASE("the example of every starter selects it") {
    for (const Starter& starter : list_starters()) {
        CAPTURE(starter.id);
        CHECK(matched(starter.example) == starter.id);
        CHECK(matched(starter.example, starter.app.type) == starter.id);
        CHECK(matched(starter.id) == starter.id);
    }
}

TEST_CASE("matching is a function of its arguments") {
    const std::vector<Starter> catalogue = {
        custom("tea", AppType::script, {"tea"}),
        custom("tea-api", AppType::api, {"tea"}),
        custom("tea-page", AppType::webapp, {"tea"}, {"hot"}),
        custom("tea-ceremony", AppType::script, {"tea ceremony"}),
    };
    SUBCASE("a webapp is preferred to an api and an api to a script") {
        CHECK(match_starter("tea", std::nullopt, catalogue) == &catalogue[2]);
    }
    SUBCASE("a longer keyword wins over a preferred type") {
        CHECK(match_starter("tea ceremony", std::nullopt, catalogue) == &catalogue[3]);
    }
    SUBCASE("a feature that only one has decides") {
        CHECK(match_starter("hot tea", std::nullopt, catalogue) == &catalogue[2]);
        CHECK(match_starter("hot tea api", std::nullopt, catalogue) == nullptr);
    }
    SUBCASE("features alone do not select") {
        CHECK(match_starter("hot", std::nullopt, catalogue) == nullptr);
    }
    SUBCASE("words are compared by their stems") {
        CHECK(match_starter("teas", AppType::api, catalogue) == &catalogue[1]);
        CHECK(match_starter("tea ceremonies", std::nullopt, catalogue) == &catalogue[3]);
    }
    SUBCASE("bytes that are no text are just unknown words") {
        CHECK(match_starter("tea \xFF\xFE", std::nullopt, catalogue) == nullptr);
        CHECK(match_starter("tea \xE2", std::nullopt, catalogue) == &catalogue[2]);
        CHECK(match_starter(std::string_view("tea\0tea", 7), std::nullopt, catalogue) == &catalogue[2]);
    }
    SUBCASE("a prompt of the greatest length") {
        std::string prompt;
        for (int i = 0; i < 500; ++i) prompt += "tea ";
        CHECK(match_starter(prompt, std::nullopt, catalogue) == &catalogue[2]);
    }
    SUBCASE("an empty catalogue") {
        CHECK(match_starter("tea", std::nullopt, {}) == nullptr);
    }
}

TEST_CASE("the catalogue") {
    const std::span<const Starter> starters = list_starters();
    CHECK(starters.size() >= 16);
    CHECK(std::is_sorted(starters.begin(), starters.end(),
                         [](const Starter& a, const Starter& b) { return a.id < b.id; }));
    std::set<AppType> types;
    for (const Starter& starter : starters) {
        CAPTURE(starter.id);
        CHECK(find_starter(starter.id) == &starter);
        types.insert(starter.app.type);
        CHECK(starter.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos);
        CHECK(!starter.app.title.empty());
        CHECK(starter.app.title.size() <= 40);
        CHECK(!starter.description.empty());
        CHECK(starter.description.size() <= 140);
        CHECK(starter.app.build.empty());
        std::size_t total = 0;
        for (const GeneratedFile& file : starter.app.files) {
            CAPTURE(file.path);
            CHECK(check_relative_path(file.path).empty());
            CHECK(is_valid_utf8(file.content));
            CHECK(file.content.size() > 100);
            CHECK(file.content.back() == '\n');
            CHECK(file.content.find('\r') == std::string::npos);
            total += file.content.size();
        }
        CHECK(total < 64 * 1024);
        if (starter.app.type == AppType::webapp) {
            CHECK(starter.app.files.size() == 1);
            CHECK(starter.app.entry == "index.html");
            const std::string& page = starter.app.files.front().content;
            CHECK(page.rfind("<!doctype html>", 0) == 0);
            CHECK(page.find("rel=\"icon\" href=\"data:") != std::string::npos);
            CHECK(page.find("<html lang=\"") != std::string::npos);
        } else {
            CHECK(starter.app.start.find(starter.app.entry) != std::string::npos);
        }
    }
    CHECK(types.size() == 3);
}

// The strictest judgement there is: nothing mended, no network. What we ask of a model's apps, ours must be able to bear.
TEST_CASE("no starter breaks a rule of our own") {
    for (const Starter& starter : list_starters()) {
        CAPTURE(starter.id);
        GeneratedApp app = starter.app;
        const validate::Report report = validate::check_app(app, {.mend = false, .offline = true});
        CHECK(report.accepted());
        for (const validate::Finding& finding : report.findings) {
            CAPTURE(finding.rule);
            CAPTURE(finding.file);
            CAPTURE(finding.line);
            CAPTURE(finding.message);
            CHECK(finding.severity == validate::Severity::note);
        }
        for (const GeneratedFile& file : starter.app.files) {
            CAPTURE(file.path);
            for (const validate::Finding& finding : validate::check_file(file, starter.app.type).findings) {
                CAPTURE(finding.rule);
                CAPTURE(finding.message);
                CHECK(finding.severity == validate::Severity::note);
            }
        }
    }
}

TEST_CASE("find_starter knows only exact ids") {
    CHECK(find_starter("todo") != nullptr);
    CHECK(find_starter("tod") == nullptr);
    CHECK(find_starter("") == nullptr);
}

TEST_CASE("parse_starter") {
    const std::string good =
        R"({"title":"T","description":"D","example":"e","type":"webapp","keywords":["k"],"features":[],"entry":"index.html"})";
    SUBCASE("a page") {
        const Starter starter = parse_starter("x", files_with(good));
        CHECK(starter.id == "x");
        CHECK(starter.app.title == "T");
        CHECK(starter.app.type == AppType::webapp);
        CHECK(starter.app.port == 3000);
        REQUIRE(starter.app.files.size() == 1);
        CHECK(starter.app.files.front().path == "index.html");
    }
    const auto broken = [&](const std::string& from, const std::string& to) {
        std::string manifest = good;
        manifest.replace(manifest.find(from), from.size(), to);
        CAPTURE(manifest);
        CHECK_THROWS_AS((void)parse_starter("x", files_with(manifest)), Error);
    };
    SUBCASE("manifests that are refused") {
        broken("\"title\":\"T\",", "");
        broken("webapp", "game");
        broken("[\"k\"]", "[]");
        broken("[\"k\"]", "[\"\"]");
        broken("[\"k\"]", "\"k\"");
        broken("index.html", "main.html");
        broken("\"type\"", "\"port\":80,\"type\"");
        broken("\"type\"", "\"start\":\"node x\",\"type\"");
        broken("\"webapp\"", "\"api\"");
        broken("{", "");
        CHECK_THROWS_AS((void)parse_starter("x", {}), Error);
    }
    SUBCASE("a path that leaves the folder") {
        std::vector<GeneratedFile> files = files_with(good);
        files.push_back({"../x", "", false});
        CHECK_THROWS_AS((void)parse_starter("x", files), Error);
    }
}
