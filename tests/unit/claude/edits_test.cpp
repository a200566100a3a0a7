#include "claude/edits.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

struct Applied {
    std::string content;
    std::string problem;
};

Applied apply(const std::string& content, const std::string& before, const std::string& after) {
    std::vector<GeneratedFile> files{{"a.js", content, false}};
    const std::vector<EditFailure> failures = apply_edits(files, {FileEdit{"a.js", {EditPair{before, after}}}});
    return {files.front().content, failures.empty() ? std::string() : failures.front().reason};
}

}  // namespace

TEST_CASE("an edit replaces the lines that it names") {
    CHECK(apply("1\n2\n3\n", "2\n", "two\nzwei\n").content == "1\ntwo\nzwei\n3\n");
    CHECK(apply("1\n2\n3\n", "2\n3\n", "").content == "1\n");
    CHECK(apply("1\n2\n3", "3\n", "drei\n").content == "1\n2\ndrei");
    CHECK(apply("1\r\n2\r\n", "2\n", "two\n").content == "1\r\ntwo\r\n");
    CHECK(apply("1  \n2\n", "1\n", "one\n").content == "one\n2\n");
    CHECK(apply("", "", "new\n").content == "new\n");
    CHECK(apply("1\n2\n", "\n2\n\n", "two\n").content == "1\ntwo\n");
    CHECK(apply("1\n", "1\n", "1\n").problem.empty());
}

TEST_CASE("another indentation is taken over by the new lines") {
    CHECK(apply("f() {\n    if (x)\n        y();\n}\n", "if (x)\n    y();\n", "if (z)\n    y();\n").content ==
          "f() {\n    if (z)\n        y();\n}\n");
    CHECK(apply("if (x)\n  y();\n", "    if (x)\n      y();\n", "    if (z)\n      y();\n").content ==
          "if (z)\n  y();\n");
    CHECK(apply("if (x)\n      y();\n", "if (x)\n  y();\n", "z\n").problem == "the old lines are not in the file");
}

TEST_CASE("an edit that does not fit exactly one place is not applied") {
    CHECK(apply("1\n1\n", "1\n", "2\n").problem == "the old lines occur 2 times");
    CHECK(apply("1\n1\n", "1\n", "2\n").content == "1\n1\n");
    CHECK(apply("1\n", "", "2\n").problem == "the old lines are empty, but the file is not");
    std::vector<GeneratedFile> files{{"a.js", "alpha\nbeta\ngamma\ndelta\n", false}};
    const auto failures = apply_edits(
        files, {FileEdit{"b.js", {EditPair{"1\n", "2\n"}}}, FileEdit{"a.js", {EditPair{"beta\ngamme\n", "x\n"}}}});
    REQUIRE(failures.size() == 2);
    CHECK(failures[0].reason == "there is no such file");
    CHECK(failures[1].nearest.find("gamma") != std::string::npos);
    CHECK(describe_failures(failures).find("beta\ngamme") != std::string::npos);
}

TEST_CASE("code that was left out is noticed where it is new") {
    CHECK(elision("a\n// ... rest of the code\n", "") == "// ... rest of the code");
    CHECK(elision("<!-- ... existing code ... -->\n", "").size() > 0);
    CHECK(elision("  // ...\n", "").size() > 0);
    CHECK(elision("// ... rest of the code\n", "// ... rest of the code\n").empty());
    CHECK(elision("// remove existing code from the list\nconst [a, ...rest] = b;\n", "").empty());
}
