#include "claude/continuation.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spawnai::claude;

namespace {

struct Joined {
    std::string text;
    bool restarted = false;
    bool operator==(const Joined&) const = default;
};

Joined join(const Joint& joint, std::string_view continuation, std::size_t cut) {
    Joined joined;
    ContinuationJoiner joiner(
        joint, [&](std::string_view text) { joined.text += text; }, [&] { joined.restarted = true; });
    joiner.feed(continuation.substr(0, cut));
    joiner.feed(continuation.substr(cut));
    joiner.finish();
    return joined;
}

Joined join(const Joint& joint, std::string_view continuation) {
    const Joined whole = join(joint, continuation, continuation.size());
    for (std::size_t cut = 0; cut < continuation.size(); ++cut) CHECK(join(joint, continuation, cut) == whole);
    return whole;
}

const std::string k_before = "<file-k7q2 path=\"a.js\">\nconst one = 1;\nconst two = 2;\nconst three = 3;\n";

Joint in_file() {
    return Joint{k_before, false, "k7q2", "a.js", "const one = 1;\nconst two = 2;\nconst three = 3;\n"};
}

}  // namespace

TEST_CASE("a continuation that simply goes on is left alone") {
    CHECK(join(in_file(), "const four = 4;\n</file-k7q2>\n").text == "const four = 4;\n</file-k7q2>\n");
    CHECK(join(in_file(), "\nconst four = 4;\n").text == "\nconst four = 4;\n");
    CHECK(join(in_file(), "").text.empty());
}

TEST_CASE("repeated lines are dropped") {
    CHECK(join(in_file(), "const three = 3;\nconst four = 4;\n").text == "const four = 4;\n");
    CHECK(join(in_file(), "const two = 2;  \nconst three = 3;\nconst four = 4;\n").text == "const four = 4;\n");
    CHECK(join(in_file(), "const one = 1;\nconst two = 2;\nconst three = 3;\nconst four = 4;\n").text ==
          "const four = 4;\n");
    CHECK(join(in_file(), "const two = 2;\nconst four = 4;\n").text == "const two = 2;\nconst four = 4;\n");
}

TEST_CASE("braces and closing tags that follow each other are no repetition") {
    const std::string braces = "if (a) {\n  if (b) {\n    x();\n  }\n";
    CHECK(join(Joint{braces, false, "k7q2", "a.js", braces}, "  }\n}\n").text == "  }\n}\n");
    const std::string divs = "<div>\n<div>\n</div>\n";
    CHECK(join(Joint{divs, false, "k7q2", "a.html", divs}, "</div>\n").text == "</div>\n");
}

TEST_CASE("an introduction and a fence are dropped with the fence's twin") {
    CHECK(join(in_file(), "Continuing from there:\n\nconst four = 4;\n").text == "const four = 4;\n");
    CHECK(join(in_file(), "Sure, here is the rest.\n```js\nconst four = 4;\n```\n</file-k7q2>\n").text ==
          "const four = 4;\n</file-k7q2>\n");
    CHECK(join(in_file(), "```js\nconst three = 3;\nconst four = 4;\n</file-k7q2>\n```\n").text ==
          "const four = 4;\n</file-k7q2>\n");
    CHECK(join(in_file(), "```js\nconst four = `\n```\nx`;\n</file-k7q2>\n").text ==
          "const four = `\n```\nx`;\n</file-k7q2>\n");
    CHECK(join(in_file(), "Here.\nconst four = 4;\n").text == "Here.\nconst four = 4;\n");
}

TEST_CASE("a file that is opened again goes on or starts anew") {
    const Joined reopened = join(in_file(), "<file-k7q2 path=\"a.js\">\nconst three = 3;\nconst four = 4;\n");
    CHECK(reopened.text == "const four = 4;\n");
    CHECK_FALSE(reopened.restarted);
    const Joined restarted =
        join(in_file(), "<file-k7q2 path=\"a.js\">\nconst one = 1;\nconst other = 9;\n</file-k7q2>\n");
    CHECK(restarted.restarted);
    CHECK(restarted.text == "const one = 1;\nconst other = 9;\n</file-k7q2>\n");
    CHECK(join(in_file(), "<file-k7q2 path=\"b.js\">\nnew\n").text == "<file-k7q2 path=\"b.js\">\nnew\n");
}

TEST_CASE("a long line that was cut is joined by its characters") {
    const std::string before = "data = 'abcdefghijklmnopqrstuvwxyz";
    const Joint joint{before, true, "k7q2", "a.js", {}};
    CHECK(join(joint, "0123456789'\n").text == "0123456789'\n");
    CHECK(join(joint, "qrstuvwxyz0123456789'\n").text == "0123456789'\n");
    CHECK(join(joint, "xyz0123456789'\n").text == "xyz0123456789'\n");
}
