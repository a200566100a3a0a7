#include <spawnai/validate/validator.hpp>

#include <doctest/doctest.h>

#include <algorithm>
#include <string>
#include <thread>
#include <vector>

namespace {

using namespace spawnai;
using validate::Severity;

validate::Report check(AppType type, const std::string& name, std::string content,
                       validate::CheckOptions options = {.mend = false}) {
    GeneratedApp app;
    app.type = type;
    app.entry = name;
    app.files.push_back({name, std::move(content), false});
    return validate::check_app(app, options);
}

const validate::Finding* find(const validate::Report& report, const std::string& rule) {
    const auto found = std::find_if(report.findings.begin(), report.findings.end(),
                                    [&](const validate::Finding& one) { return one.rule == rule; });
    return found == report.findings.end() ? nullptr : &*found;
}

std::string in_page(const std::string& script) {
    return "<!DOCTYPE html>\n<html><body><p id=\"out\">x</p>\n<script>\n" + script + "\n</script></body></html>";
}

}  // namespace

TEST_CASE("a finding names line and column in the file") {
    const validate::Report report = check(AppType::webapp, "index.html",
                                          in_page("const \xC3\xA4 = 'gr\xC3\xB6\xC3\x9F"
                                                  "e'; let b = ;"));
    REQUIRE(find(report, "js-syntax") != nullptr);
    CHECK(find(report, "js-syntax")->line == 4);
    CHECK(find(report, "js-syntax")->column == 28);
    CHECK(find(report, "js-syntax")->file == "index.html");
}

TEST_CASE("scripts from elsewhere warn and block only when the network is off") {
    const std::string page =
        "<!DOCTYPE html><html><head><script "
        "src=\"https://cdn.example.com/x.js\"></script></head><body><p>x</p></body></html>";
    CHECK(find(check(AppType::webapp, "index.html", page), "page-external")->severity == Severity::warn);
    const validate::Report offline = check(AppType::webapp, "index.html", page, {.mend = false, .offline = true});
    CHECK(find(offline, "page-external")->severity == Severity::block);
    const std::string font =
        "<!DOCTYPE html><html><head><link rel=\"stylesheet\" "
        "href=\"https://fonts.googleapis.com/css2?family=X\"></head><body><p>x</p></body></html>";
    CHECK(check(AppType::webapp, "index.html", font, {.mend = false, .offline = true}).accepted());
}

TEST_CASE("text that is not UTF-8 blocks where it is fatal") {
    CHECK(find(check(AppType::script, "main.py", "print('\xE9')\n"), "not-text")->severity == Severity::block);
    CHECK(find(check(AppType::script, "main.js", "console.log('\xE9');\n"), "not-text")->severity == Severity::warn);
    CHECK(find(check(AppType::script, "main.js", std::string("console.log('a');\0\n", 19)), "not-text")->severity ==
          Severity::block);
}

TEST_CASE("paths that leave the app are refused") {
    CHECK(find(check(AppType::script, "../main.js", "console.log(1)"), "path") != nullptr);
}

TEST_CASE("one file is judged by what it says alone") {
    const GeneratedFile server{
        "server.js", "const a = require('./lib/a');\nconst x = require('left-out');\nmodule.exports = a(x);\n", false};
    CHECK(validate::check_file(server, AppType::api).accepted());
    const GeneratedFile broken{"lib/a.js", "module.exports = (x) => {", false};
    CHECK_FALSE(validate::check_file(broken, AppType::api).accepted());
}

TEST_CASE("nesting beyond the limits is not checked and not refused") {
    for (const char* open : {"[", "(", "{a:", "!", "a=>", "`${"}) {
        INFO(open);
        std::string text;
        for (int count = 0; count < 50'000; ++count) text += open;
        const validate::Report report = check(AppType::webapp, "index.html", in_page("x = " + text));
        CHECK((find(report, "not-checked") != nullptr || find(report, "js-syntax") != nullptr));
    }
    std::string deep;
    for (int count = 0; count < 20'000; ++count) deep += "<div>";
    const validate::Report report =
        check(AppType::webapp, "index.html", "<!DOCTYPE html><html><body><p>x</p>" + deep + "</body></html>");
    CHECK(find(report, "js-syntax") == nullptr);
}

TEST_CASE("sixteen megabytes of nesting end in a note that they were not checked") {
    std::string text(16U << 20U, '[');
    const validate::Report script = check(AppType::script, "main.js", text);
    REQUIRE(find(script, "not-checked") != nullptr);
    CHECK(find(script, "not-checked")->severity == Severity::warn);
    CHECK(script.accepted());
}

TEST_CASE("a checker that was ended by one text serves the next") {
    std::string text = "x = ";
    for (int count = 0; count < 900'000; ++count) text += "[1,";
    (void)check(AppType::script, "main.js", text);
    CHECK(check(AppType::script, "main.js", "console.log(1);").findings.empty());
}

TEST_CASE("many threads check at once") {
    std::vector<int> wrong(8);
    {
        std::vector<std::jthread> threads;
        for (std::size_t index = 0; index < wrong.size(); ++index)
            threads.emplace_back([&wrong, index] {
                for (int round = 0; round < 3; ++round) {
                    if (!check(AppType::script, "main.js", "console.log(" + std::to_string(index) + ");")
                             .findings.empty())
                        ++wrong[index];
                    if (check(AppType::script, "main.js", "console.log(" + std::to_string(index)).accepted())
                        ++wrong[index];
                }
            });
    }
    CHECK(std::count(wrong.begin(), wrong.end(), 0) == 8);
}

// What is a warning or less in each case, beside the near miss that is nothing at all.
TEST_CASE("weak signs warn") {
    const auto severity = [](AppType type, const std::string& name, const std::string& text, const std::string& rule) {
        const validate::Report report = check(type, name, text);
        const validate::Finding* finding = find(report, rule);
        REQUIRE_MESSAGE(finding != nullptr, rule);
        return finding->severity;
    };
    CHECK(severity(AppType::webapp, "a.html",
                   "<!DOCTYPE html><html><head><style>p { color: red </style></head><body><p>x</p></body></html>",
                   "css-braces") == Severity::warn);
    CHECK(severity(AppType::webapp, "a.html", in_page("out.textContent = /[\\p{L}--[a]]/v.test('x');"),
                   "newer-syntax") == Severity::warn);
    CHECK(severity(AppType::webapp, "a.html", in_page("import('lodash').then(console.log);"), "page-import") ==
          Severity::warn);
    CHECK(severity(AppType::webapp, "a.html",
                   "<!DOCTYPE html><html><body><p>x</p><button onclick=\"go() go()\">Go</button></body></html>",
                   "js-syntax") == Severity::warn);
    CHECK(severity(AppType::webapp, "a.html",
                   "<!DOCTYPE html><html><body><p>x</p><button onclick=\"go(\">Go</button></body></html>",
                   "js-syntax") == Severity::block);
    CHECK(severity(AppType::webapp, "a.html", "<!DOCTYPE html><html><body><p>x</p><img src=\"cat.png\"></body></html>",
                   "page-missing-file") == Severity::warn);
    CHECK(severity(AppType::script, "a.js", "let c;\ntry { c = require('chalk'); } catch {}\nconsole.log(c);",
                   "script-modules") == Severity::warn);
    CHECK(severity(AppType::script, "a.js", "function f() { while (true) {} }\nconsole.log(f.name);", "endless-loop") ==
          Severity::warn);
}

TEST_CASE("near misses are nothing") {
    for (const char* script : {
             "const m = /a(b)/.exec('ab'); out.textContent = m[1];",
             "const spawn = name => name + '!'; out.textContent = spawn('enemy');",
             "out.textContent = 'child_process eval( rm -rf / curl x | sh /etc/shadow in a long sentence about "
             "shells';",
             "out.textContent = atob('aGVsbG8=');",
             "document.addEventListener('keydown', e => { if (e.key === 'Enter') fetch('/api/next'); });",
             "fetch('https://api.example.com/items').then(r => r.json()).then(d => { out.textContent = d.length; });",
             "const random = 'randomX'; const toast = { show: t => t }; out.textContent = toast.show(random);",
             "window.onbeforeunload = () => 'Unsaved changes'; out.textContent = 'x';",
             "while (true) { if (Math.random() < .1) break; }",
         }) {
        INFO(script);
        CHECK(check(AppType::webapp, "index.html", in_page(script)).findings.empty());
    }
}
