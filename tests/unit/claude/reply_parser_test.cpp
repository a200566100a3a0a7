#include "claude/reply_parser.hpp"

#include "claude/model_path.hpp"

#include <doctest/doctest.h>

#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

struct Parsed {
    std::vector<std::pair<std::string, std::string>> files;    // as they closed
    std::vector<std::pair<std::string, std::string>> current;  // as they stand at the end
    std::vector<std::string> edits;
    std::string open;
    std::string commentary;
    std::string fatal;
    std::size_t flaws = 0;
    bool operator==(const Parsed&) const = default;
};

Parsed parse(const std::vector<std::string_view>& pieces, std::string_view nonce = "k7q2", ReplyLimits limits = {}) {
    Parsed parsed;
    ReplyParser parser(
        nonce, [&](const GeneratedFile& file) { parsed.files.emplace_back(file.path, file.content); }, limits);
    for (const std::string_view piece : pieces) parser.feed(piece);
    parser.finish();
    for (const GeneratedFile& file : parser.reply().files) parsed.current.emplace_back(file.path, file.content);
    for (const FileEdit& edit : parser.reply().edits) {
        std::string text = edit.path;
        for (const EditPair& pair : edit.pairs) text += "|" + pair.before + ">" + pair.after;
        parsed.edits.push_back(text);
    }
    parsed.open = parser.open_path();
    parsed.commentary = parser.reply().commentary;
    parsed.fatal = parser.reply().fatal;
    parsed.flaws = parser.reply().flaws.size();
    return parsed;
}

Parsed parse(std::string_view text) {
    return parse(std::vector<std::string_view>{text});
}

using Files = std::vector<std::pair<std::string, std::string>>;

struct Row {
    const char* name;
    std::string text;
    Files files;
};

const std::vector<Row>& rows() {
    static const std::vector<Row> table{
        {"plain", "<file-k7q2 path=\"a.txt\">\none\ntwo\n</file-k7q2>\n", {{"a.txt", "one\ntwo\n"}}},
        {"manifest and two files",
         "<app-k7q2 type=\"api\" files=\"a b\"/>\n<file-k7q2 path=\"a\">\n1\n</file-k7q2>\n\n<file-k7q2 "
         "path=\"b\">\n2\n</file-k7q2>",
         {{"a", "1\n"}, {"b", "2\n"}}},
        {"words around", "Sure.\n<file-k7q2 path=\"a\">\n1\n</file-k7q2>\nDone!\n", {{"a", "1\n"}}},
        {"indented tags and CR", "  <file-k7q2 path=\"a\">\r\n1\r\n  </file-k7q2> \r\n", {{"a", "1\r\n"}}},
        {"close at the end of a line", "<file-k7q2 path=\"a\">\n1</file-k7q2>\n", {{"a", "1\n"}}},
        {"everything on one line", "<file-k7q2 path=\"a\">1</file-k7q2>\n", {{"a", "1\n"}}},
        {"content behind the opening tag", "<file-k7q2 path=\"a\">1\n2\n</file-k7q2>\n", {{"a", "1\n2\n"}}},
        {"missing close",
         "<file-k7q2 path=\"a\">\n1\n<file-k7q2 path=\"b\">\n2\n</file-k7q2>\n",
         {{"a", "1\n"}, {"b", "2\n"}}},
        {"wrong close", "<file-k7q2 path=\"a\">\n1\n</files-k7q2>\nafterwards\n", {{"a", "1\n"}}},
        {"tags without the nonce are content",
         "<file-k7q2 path=\"a\">\n<file path=\"evil\">\n</file>\n<file-zzzz "
         "path=\"../x\">\n</file-zzzz>\n</file-k7q2>\n",
         {{"a", "<file path=\"evil\">\n</file>\n<file-zzzz path=\"../x\">\n</file-zzzz>\n"}}},
        {"entities stay", "<file-k7q2 path=\"a\">\n&lt;b&gt; &amp;\n</file-k7q2>\n", {{"a", "&lt;b&gt; &amp;\n"}}},
        {"blank lines stay", "<file-k7q2 path=\"a\">\n\n1\n\n</file-k7q2>\n", {{"a", "\n1\n\n"}}},
        {"fence round the file", "<file-k7q2 path=\"a.js\">\n```js\n1\n```\n</file-k7q2>\n", {{"a.js", "1\n"}}},
        {"fence inside the file",
         "<file-k7q2 path=\"a.js\">\nx\n```js\n1\n```\n</file-k7q2>\n",
         {{"a.js", "x\n```js\n1\n```\n"}}},
        {"fence in markdown",
         "<file-k7q2 path=\"a.md\">\n```js\n1\n```\n</file-k7q2>\n",
         {{"a.md", "```js\n1\n```\n"}}},
        {"fence of another sign",
         "<file-k7q2 path=\"a.js\">\n```\n1\n~~~\n</file-k7q2>\n",
         {{"a.js", "```\n1\n~~~\n"}}},
        {"same path twice",
         "<file-k7q2 path=\"a\">\n1\n</file-k7q2>\n<file-k7q2 path=\"./a\">\n2\n</file-k7q2>\n",
         {{"a", "2\n"}}},
        {"empty file", "<file-k7q2 path=\"a\">\n</file-k7q2>\n", {{"a", ""}}},
        {"a tag over several lines", "<file-k7q2\n  path=\"a\"\n>\n1\n</file-k7q2>\n", {{"a", "1\n"}}},
        {"whole reply in a fence", "```xml\n<file-k7q2 path=\"a\">\n1\n</file-k7q2>\n```\n", {{"a", "1\n"}}},
        {"characters of several bytes",
         "<file-k7q2 path=\"a\">\nh\xC3\xA9 \xF0\x9F\x98\x80\n</file-k7q2>\n",
         {{"a", "h\xC3\xA9 \xF0\x9F\x98\x80\n"}}},
        {"no line end at the very end", "<file-k7q2 path=\"a\">\n1\n</file-k7q2>", {{"a", "1\n"}}},
    };
    return table;
}

}  // namespace

TEST_CASE("files are found in a reply with all the slips that models make") {
    for (const Row& row : rows()) {
        CAPTURE(row.name);
        const Parsed whole = parse(row.text);
        CHECK(whole.current == row.files);
        CHECK(whole.open.empty());
        CHECK(whole.fatal.empty());
    }
}

TEST_CASE("any split of a reply gives the same result") {
    for (const Row& row : rows()) {
        CAPTURE(row.name);
        const std::string_view text = row.text;
        const Parsed whole = parse(row.text);
        std::vector<std::string_view> bytes;
        for (std::size_t i = 0; i < text.size(); ++i) bytes.push_back(text.substr(i, 1));
        CHECK(parse(bytes) == whole);
        for (std::size_t cut = 0; cut <= text.size(); ++cut)
            CHECK(parse({text.substr(0, cut), text.substr(cut)}) == whole);
    }
}

TEST_CASE("the manifest is read with its defaults left open") {
    ReplyParser parser("k7q2", [](const GeneratedFile&) {});
    parser.feed(
        "<app-k7q2 type=\"api\" entry='server.js' start=\"node server.js\" port=8080 title=\"A &quot;B&quot;\" "
        "files=\"package.json, ./server.js\" novelty/>\n");
    REQUIRE(parser.reply().manifest);
    const Manifest& manifest = *parser.reply().manifest;
    CHECK(manifest.type == "api");
    CHECK(manifest.entry == "server.js");
    CHECK(manifest.start == "node server.js");
    CHECK(manifest.port == "8080");
    CHECK(manifest.title == "A \"B\"");
    CHECK(manifest.files == std::vector<std::string>{"package.json", "server.js"});
    CHECK(parser.missing() == std::vector<std::string>{"package.json", "server.js"});
    parser.feed("<file-k7q2 path=\"server.js\" mode=\"0755\">\n1\n</file-k7q2>\n");
    CHECK(parser.missing() == std::vector<std::string>{"package.json"});
    CHECK(parser.reply().files.at(0).executable);
}

TEST_CASE("a path that leaves the app makes the reply unusable at once") {
    for (const char* const path : {"../x",
                                   "/etc/passwd",
                                   "a/../../x",
                                   "./../x",
                                   "~/x",
                                   "C:/x",
                                   "a\\b",
                                   "",
                                   ".",
                                   "..",
                                   "a//b",
                                   "a/",
                                   "a/./b",
                                   ".git/config",
                                   "x/.git/hooks/a",
                                   "node_modules/x/index.js",
                                   ".npmrc",
                                   ".env",
                                   ".ssh/id",
                                   "a\x1b[2J",
                                   "trailing ",
                                   "dot.",
                                   "a/ b",
                                   "\xE2\x80\xAE"
                                   "gpj.exe",
                                   "a/b/c/d/e/f/g/h/i",
                                   "NODE_MODULES/x"}) {
        CAPTURE(path);
        CHECK_FALSE(check_model_path(path).empty());
        const std::string text = "<file-k7q2 path=\"" + std::string(path) +
                                 "\">\nx\n</file-k7q2>\n<file-k7q2 path=\"ok\">\ny\n</file-k7q2>\n";
        const Parsed parsed = parse(text);
        CHECK(parsed.files.empty());
        CHECK_FALSE(parsed.fatal.empty());
        CHECK(parsed.fatal.find('\x1b') == std::string::npos);
    }
    CHECK(check_model_path(std::string(201, 'a')) != "");
    for (const char* const path : {"index.html", "src/app.js", "a b/c+d@2x.png", ".gitignore", "a.b.c", "Dockerfile"})
        CHECK(check_model_path(path) == "");
}

TEST_CASE("replies beyond all measure are refused while they come") {
    ReplyLimits limits;
    limits.files = 3;
    limits.file_bytes = 1000;
    limits.total_bytes = 2500;
    limits.edit_pairs = 2;
    const auto file = [](const std::string& path, std::size_t lines) {
        std::string text = "<file-k7q2 path=\"" + path + "\">\n";
        for (std::size_t i = 0; i < lines; ++i) text += "123456789\n";
        return text + "</file-k7q2>\n";
    };
    CHECK(parse({file("a", 100)}, "k7q2", limits).fatal.empty());
    CHECK(parse({file("a", 101)}, "k7q2", limits).fatal.find("larger than a file") != std::string::npos);
    const std::string app = file("a", 90) + file("b", 90) + file("c", 90);
    CHECK(parse({app}, "k7q2", limits).fatal.find("app is larger") != std::string::npos);
    const std::string many = file("a", 1) + file("b", 1) + file("c", 1) + file("d", 1);
    const Parsed refused = parse({many}, "k7q2", limits);
    CHECK(refused.fatal == "more than 3 files");
    CHECK(refused.files.size() == 3);
    CHECK(parse({file("a", 90), file("a", 90), file("a", 90), file("a", 90)}, "k7q2", limits).fatal.empty());
    CHECK(parse({"<file-k7q2 path=\"a\">\n", std::string(20000, 'x')}, "k7q2", limits).fatal.find("line is longer") !=
          std::string::npos);
    std::string edits = "<edit-k7q2 path=\"a\">\n";
    for (int i = 0; i < 3; ++i) edits += "<old-k7q2>\n1\n</old-k7q2>\n<new-k7q2>\n2\n</new-k7q2>\n";
    CHECK(parse({edits}, "k7q2", limits).fatal == "more than 2 edits");
}

TEST_CASE("commentary is kept within bounds") {
    std::string text;
    for (int i = 0; i < 1000; ++i) text += "word h\xC3\xA9 word\n";
    CHECK(parse(text).commentary.size() <= 2100);
}

TEST_CASE("edit blocks are read in both forms") {
    const Parsed parsed = parse(
        "<edit-k7q2 path=\"a.js\">\n<old-k7q2>\nx\n  y\n</old-k7q2>\n<new-k7q2>\nz\n</new-k7q2>\n"
        "<old-k7q2>\nq\n</old-k7q2>\n<new-k7q2>\n</new-k7q2>\n</edit-k7q2>\n"
        "<edit-k7q2 path=\"b.js\">\n<<<<<<< SEARCH\n1\n=======\n2\n>>>>>>> REPLACE\n</edit-k7q2>\n"
        "<delete-k7q2 path=\"c.js\"/>\n");
    CHECK(parsed.edits == std::vector<std::string>{"a.js|x\n  y\n>z\n|q\n>", "b.js|1\n>2\n"});
    CHECK(parsed.fatal.empty());
    CHECK(parsed.open.empty());
    const Parsed unclosed = parse(
        "<edit-k7q2 path=\"a\">\n<old-k7q2>\n1\n</old-k7q2>\n<new-k7q2>\n2\n</edit-k7q2>\n<file-k7q2 "
        "path=\"n\">\n3\n</file-k7q2>\n");
    CHECK(unclosed.edits == std::vector<std::string>{"a|1\n>2\n"});
    CHECK(unclosed.current == Files{{"n", "3\n"}});
}

TEST_CASE("a nonce that was left out or mistaken is found") {
    CHECK(find_any_tag_suffix("hello\n<file-abcd path=\"a\">\n") == "abcd");
    CHECK(find_any_tag_suffix("<file path=\"a\">\n") == "");
    CHECK(find_any_tag_suffix("<app-NONCE entry=\"a\"/>\n") == "NONCE");
    CHECK_FALSE(find_any_tag_suffix("<filexyz path=\"a\">\n<files>\n<file>\ntext <file path=\"a\">\n"));
    const Parsed loose = parse({"<file path=\"a.html\">\n<div>\n</div>\n<app x>\n</file>\n"}, "");
    CHECK(loose.current == Files{{"a.html", "<div>\n</div>\n<app x>\n"}});
}

TEST_CASE("a reply without tags may still hold one file") {
    const auto page = file_from_untagged("\n <!DOCTYPE html>\n<html>x</html>\nHope you like it!", AppType::webapp);
    REQUIRE(page);
    CHECK(page->path == "index.html");
    CHECK(page->content == "<!DOCTYPE html>\n<html>x</html>\n");
    const auto fenced = file_from_untagged("Here:\n```js\nconsole.log(1)\n```\nRun it.\n", AppType::script);
    REQUIRE(fenced);
    CHECK(fenced->path == "index.js");
    CHECK(fenced->content == "console.log(1)\n");
    CHECK(file_from_untagged("```python\nprint(1)\n```\n", AppType::api)->path == "server.py");
    const std::string large(200, 'x');
    const auto dominant = file_from_untagged("```sh\nnpm i\n```\n```html\n" + large + "\n```\n", AppType::webapp);
    REQUIRE(dominant);
    CHECK(dominant->content == large + "\n");
    CHECK_FALSE(file_from_untagged("```js\naaaa\n```\n```js\nbbbb\n```\n", AppType::script));
    CHECK_FALSE(file_from_untagged("just words", AppType::webapp));
    CHECK_FALSE(file_from_untagged("```rust\nfn main() {}\n```\n", AppType::script));
    CHECK_FALSE(file_from_untagged("", AppType::webapp));
}
