#include "cli/arguments.hpp"

#include <spawnai/core/error.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

struct Bound {
    bool json = false;
    std::optional<std::string> name;
    std::vector<std::string> tags;
    std::optional<std::chrono::seconds> ttl;
    std::optional<Money> cost;
    std::optional<int> count;
    std::optional<std::string> type;
    std::string id;
    std::vector<std::string> rest;
    Arguments arguments{"test"};

    Bound() {
        arguments.flag("-j,--json", json, "");
        arguments.option("--name", "NAME", name, "");
        arguments.option("-e,--tag", "TAG", tags, "");
        arguments.option("--ttl", ttl, "");
        arguments.option("--max-cost", cost, "");
        arguments.option("--count", "N", count, 0, 10, "");
        arguments.choice("-t,--type", {"webapp", "api"}, type, "");
        arguments.required("ID", id, "");
        arguments.rest("MORE", rest, false, "");
    }
    Bound& parse(const std::vector<std::string>& words) {
        arguments.parse(words);
        return *this;
    }
};

std::string message_of(const std::vector<std::string>& words) {
    Bound bound;
    try {
        bound.parse(words);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        CHECK_FALSE(error.hint().empty());
        return std::string(error.what()) + " / " + error.hint();
    }
    return "no error";
}

}  // namespace

TEST_CASE("arguments bind flags options and positionals in any order") {
    Bound bound;
    bound.parse(
        {"--ttl=90s", "id", "-j", "--max-cost", "0.25", "-e", "a", "second", "--tag=b", "-t", "api", "--count", "3"});
    CHECK(bound.json);
    CHECK(bound.ttl == std::chrono::seconds(90));
    CHECK(bound.cost == Money::parse("0.25"));
    CHECK(bound.tags == std::vector<std::string>{"a", "b"});
    CHECK(bound.type == "api");
    CHECK(bound.count == 3);
    CHECK(bound.id == "id");
    CHECK(bound.rest == std::vector<std::string>{"second"});
    CHECK_FALSE(bound.name);
}

TEST_CASE("the last of a repeated option wins") {
    CHECK(Bound().parse({"x", "--name", "a", "--name=b"}).name == "b");
}

TEST_CASE("positionals are taken as they are") {
    CHECK(Bound().parse({"[a,b]", "-", "--", "--json", "-x"}).rest == std::vector<std::string>{"-", "--json", "-x"});
    CHECK(Bound().parse({"[a,b]"}).id == "[a,b]");
    CHECK_FALSE(Bound().parse({"x", "--", "--json"}).json);
}

TEST_CASE("a repeatable option takes one value each time") {
    Bound bound;
    bound.parse({"-e", "a", "the id"});
    CHECK(bound.tags == std::vector<std::string>{"a"});
    CHECK(bound.id == "the id");
}

TEST_CASE("mistakes are named and the next step is said") {
    CHECK(message_of({"x", "--nmae", "y"}) == "unknown option '--nmae' for 'test' / did you mean '--name'?");
    CHECK(message_of({"x", "--nmae=y"}) == "unknown option '--nmae' for 'test' / did you mean '--name'?");
    CHECK(message_of({}) == "'test' needs ID / see 'spawnai test --help'");
    CHECK(message_of({"x", "--name"}) == "'--name' needs a value / see 'spawnai test --help'");
    CHECK(message_of({"x", "--name="}) == "'--name' needs a value / see 'spawnai test --help'");
    CHECK(message_of({"x", "-t", "apo"}) == "--type: 'apo' is not one of webapp, api / did you mean 'api'?");
}

TEST_CASE("values have types") {
    for (const std::vector<std::string>& words : std::vector<std::vector<std::string>>{{"x", "--ttl", "15"},
                                                                                       {"x", "--ttl", "0s"},
                                                                                       {"x", "--max-cost", "much"},
                                                                                       {"x", "--max-cost", "-1"},
                                                                                       {"x", "--count", "11"},
                                                                                       {"x", "--count", "1.5"},
                                                                                       {"x", "--count", ""}}) {
        CAPTURE(words[1]);
        CAPTURE(words[2]);
        Bound bound;
        CHECK_THROWS_AS(bound.parse(words), Error);
    }
}

TEST_CASE("one argument too many is refused unless the command wants to refuse it itself") {
    std::string id;
    Arguments strict("test");
    strict.required("ID", id, "");
    CHECK_THROWS_AS(strict.parse({"a", "b"}), Error);

    std::vector<std::string> surplus;
    Arguments own("test");
    own.required("ID", id, "");
    own.surplus(surplus);
    own.parse({"a", "b", "c"});
    CHECK(surplus == std::vector<std::string>{"b", "c"});
    CHECK(own.specs().size() == 1);
}

TEST_CASE("a command's own flag takes a name from the flag of every command") {
    bool ids = false;
    bool quiet = false;
    Arguments arguments("ls");
    arguments.flag("-q,--ids", ids, "");
    arguments.begin_globals();
    arguments.flag("-q,--quiet", quiet, "");
    arguments.parse({"-q"});
    CHECK(ids);
    CHECK_FALSE(quiet);
    CHECK(arguments.specs().back().names == "--quiet");
    CHECK(arguments.specs().back().global);
}

TEST_CASE("leading flags end at the first word") {
    bool version = false;
    Arguments arguments("");
    arguments.flag("-V,--version", version, "");
    CHECK(arguments.parse_leading_flags({"-V", "ls", "--json"}) == 1);
    CHECK(version);
    CHECK(arguments.parse_leading_flags({"ls"}) == 0);
    CHECK_THROWS_AS((void)arguments.parse_leading_flags({"--versoin"}), Error);
}
