#include <spawnai/validate/report_json.hpp>
#include <spawnai/validate/validator.hpp>

#include <doctest/doctest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <string>

namespace {

using namespace spawnai;
using validate::Severity;

GeneratedApp page(std::string content) {
    GeneratedApp app;
    app.type = AppType::webapp;
    app.entry = "index.html";
    app.files.push_back({"index.html", std::move(content), false});
    return app;
}

GeneratedApp server(std::string code, std::string package) {
    GeneratedApp app;
    app.type = AppType::api;
    app.entry = "server.js";
    app.start = "node server.js";
    app.files.push_back({"server.js", std::move(code), false});
    if (!package.empty()) app.files.push_back({"package.json", std::move(package), false});
    return app;
}

const validate::Finding* find(const validate::Report& report, const std::string& rule) {
    const auto found = std::find_if(report.findings.begin(), report.findings.end(),
                                    [&](const validate::Finding& one) { return one.rule == rule; });
    return found == report.findings.end() ? nullptr : &*found;
}

const std::string k_page = "<!DOCTYPE html>\n<html><head><title>x</title></head><body><h1>Hello</h1></body></html>";

/// Mends `app` and says which rule noted it; the app must then pass as it stands.
void mends(GeneratedApp app, const std::string& rule, const std::string& file, const std::string& expected) {
    INFO(rule);
    GeneratedApp untouched = app;
    const validate::Report strict = validate::check_app(untouched, {.mend = false});
    REQUIRE(find(strict, rule) != nullptr);
    CHECK(find(strict, rule)->severity == Severity::block);
    const auto content_of = [&](const GeneratedApp& one) {
        return one.find(file) == nullptr ? std::string() : one.find(file)->content;
    };
    CHECK(content_of(untouched) == content_of(app));

    const validate::Report report = validate::check_app(app);
    REQUIRE(find(report, rule) != nullptr);
    CHECK(find(report, rule)->severity == Severity::note);
    CHECK(report.accepted());
    REQUIRE(app.find(file) != nullptr);
    CHECK(app.find(file)->content.find(expected) != std::string::npos);
    CHECK(validate::check_app(app, {.mend = false}).accepted());
}

}  // namespace

TEST_CASE("what surrounds a page is taken off") {
    mends(page("```html\n" + k_page + "\n```\n"), "markdown-fence", "index.html", "<h1>Hello</h1>");
    mends(page("Here it is:\n\n```html\n" + k_page + "\n```\n\nHave fun!"), "markdown-fence", "index.html",
          "<h1>Hello</h1>");
    mends(page("Sure, here is the page.\n\n" + k_page + "\n\nIt says hello."), "prose", "index.html", "<h1>Hello</h1>");
    mends(page(nlohmann::json{{"html", k_page}}.dump()), "json-wrapper", "index.html", "<h1>Hello</h1>");
}

TEST_CASE("mending leaves nothing of the wrapping") {
    GeneratedApp app = page("Sure!\n```html\n" + k_page + "\n```\nBye");
    (void)validate::check_app(app);
    CHECK(app.files[0].content == k_page + "\n");
}

TEST_CASE("a byte order mark is taken off and is no fault") {
    GeneratedApp app = page("\xEF\xBB\xBF" + k_page);
    CHECK(validate::check_app(app, {.mend = false}).accepted());
    CHECK(validate::check_app(app).accepted());
    CHECK(app.files[0].content == k_page);
}

TEST_CASE("a forgotten package that is well known is added") {
    mends(server("const express = require('express');\nexpress().listen(process.env.PORT || 3000);\n",
                 R"({ "name": "x" })"),
          "dependency-missing", "package.json", "\"express\"");
    mends(server("const express = require('express');\nexpress().listen(process.env.PORT || 3000);\n",
                 R"({ "name": "x", "devDependencies": { "express": "4.18.1" } })"),
          "dependency-missing", "package.json", "\"dependencies\": {\n    \"express\": \"4.18.1\"");
}

TEST_CASE("a missing package.json is made") {
    mends(server("require('http').createServer((q, s) => s.end('x')).listen(process.env.PORT || 3000);\n", ""),
          "package-json", "package.json", "\"private\": true");
}

TEST_CASE("a wrong port is put right where it stands") {
    const std::string package = R"({ "name": "x" })";
    mends(server("require('http').createServer((q, s) => s.end('x')).listen(4567);\n", package), "listen-port",
          "server.js", ".listen((process.env.PORT || 3000))");
    mends(server("const http = require('http');\nconst port = 5000;\nhttp.createServer((q, s) => "
                 "s.end('x')).listen(port, () => console.log(port));\n",
                 package),
          "listen-port", "server.js", "const port = (process.env.PORT || 3000);");
}

TEST_CASE("a port that can be served is taken over") {
    GeneratedApp app =
        server("require('http').createServer((q, s) => s.end('x')).listen(8080);\n", R"({ "name": "x" })");
    CHECK(validate::check_app(app).accepted());
    CHECK(app.port == 8080);
}

TEST_CASE("a server that listens for itself alone is opened") {
    mends(server("require('http').createServer((q, s) => s.end('x')).listen(process.env.PORT || 3000, '127.0.0.1');\n",
                 R"({ "name": "x" })"),
          "listen-host", "server.js", "'0.0.0.0'");
    GeneratedApp app;
    app.type = AppType::api;
    app.entry = "server.py";
    app.files.push_back({"server.py", "from flask import Flask\napp = Flask(__name__)\napp.run(port=3000)\n", false});
    app.files.push_back({"requirements.txt", "flask\n", false});
    mends(app, "listen-host", "server.py", "app.run(port=3000, host=\"0.0.0.0\")");
}

TEST_CASE("the index of findings is in JSON with nulls where there is no place") {
    GeneratedApp app = page("<!DOCTYPE html><html><body></body></html>");
    const nlohmann::json json = validate::to_json(validate::check_app(app, {.mend = false}));
    CHECK(json.at("accepted") == false);
    const nlohmann::json& finding = json.at("findings").at(0);
    CHECK(finding.at("code") == "page-document");
    CHECK(finding.at("severity") == "block");
    CHECK(finding.at("file") == "index.html");
    CHECK(finding.at("line").is_null());
    CHECK(finding.at("hint").get<std::string>().size() > 5);
}
