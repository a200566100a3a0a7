#include "capture.hpp"
#include "cli/arguments.hpp"
#include "cli/command.hpp"
#include "cli/help.hpp"
#include "cli/manual.hpp"
#include "cli/suggest.hpp"

#include <spawnai/core/error.hpp>

#include <doctest/doctest.h>

#include <set>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

Found find(const std::vector<std::string>& words) {
    return find_command(words);
}

std::string complaint(const std::vector<std::string>& words) {
    try {
        (void)find_command(words);
    } catch (const Error& error) {
        CHECK(error.kind() == ErrorKind::usage);
        return std::string(error.what()) + " / " + error.hint();
    }
    return "no error";
}

}  // namespace

TEST_CASE("names and aliases of commands are unique") {
    std::set<std::string> names;
    for (const CommandSpec& spec : command_table()) {
        std::string all(spec.name);
        if (!spec.aliases.empty()) all += " " + std::string(spec.aliases);
        const bool compound = spec.aliases.empty();
        std::size_t start = 0;
        while (start <= all.size()) {
            const std::size_t end = compound ? all.size() : std::min(all.find(' ', start), all.size());
            CHECK_MESSAGE(names.insert(all.substr(start, end - start)).second, all);
            start = end + 1;
        }
    }
}

TEST_CASE("every command explains itself and its option names are unique") {
    const Capture capture;
    const Terminal terminal(capture.streams(), Environment());
    const std::string manual = manual_page();
    for (const CommandSpec& spec : command_table()) {
        CAPTURE(spec.name);
        CHECK_FALSE(spec.summary.empty());
        CHECK(spec.summary.back() != '.');
        const auto command = spec.make();
        const Arguments arguments = arguments_of(spec, *command);
        std::set<std::string> seen;
        for (const ArgumentSpec& argument : arguments.specs()) {
            CHECK_MESSAGE(!argument.help.empty(), argument.names);
            CHECK_MESSAGE(seen.insert(argument.main_name()).second, argument.names);
        }
        const std::string help = command_help(spec, arguments, terminal);
        CHECK(help.find(usage_line(spec, arguments)) != std::string::npos);
        const std::string section = ".SS \"spawnai " + std::string(spec.name) + "\"";
        CHECK((manual.find(section) != std::string::npos) == (spec.group != Group::hidden));
    }
}

TEST_CASE("commands are found by name alias and compound name") {
    CHECK(find({"ls"}).command->name == "ls");
    CHECK(find({"ps"}).command->name == "ls");
    CHECK(find({"rm", "x"}).command->name == "kill");
    CHECK(find({"config", "get", "ttl"}).command->name == "config get");
    CHECK(find({"config", "get", "ttl"}).words == 2);
    CHECK(find({"config"}).command == nullptr);
    CHECK(find({"config", "--help"}).name_space->name == "config");
}

TEST_CASE("unknown commands get a suggestion") {
    CHECK(complaint({"spwan", "x"}) == "unknown command 'spwan' / did you mean 'spawnai spawn'?");
    CHECK(complaint({"config", "gte"}) == "unknown command 'config gte' / did you mean 'spawnai config get'?");
    CHECK(complaint({"todo app"}).find("spawnai spawn \"todo app\"") != std::string::npos);
    CHECK(complaint({"todo", "app", "--json"}).find("spawnai spawn \"todo app\"") != std::string::npos);
}

TEST_CASE("the nearest word is suggested only when it is near") {
    const std::vector<std::string> words{"spawn", "kill", "respawn", "ls"};
    CHECK(closest("kil", words) == "kill");
    CHECK(closest("SPAWN", words) == "spawn");
    CHECK(closest("resp", words) == "respawn");
    CHECK_FALSE(closest("frobnicate", words));
    CHECK_FALSE(closest("x", {}));
}

TEST_CASE("text is wrapped at blanks") {
    CHECK(wrap("one two three", 7, 2) == "one two\n  three");
    CHECK(wrap("unbreakableword x", 5, 0) == "unbreakableword\nx");
    CHECK(wrap("", 10, 0).empty());
}

TEST_CASE("every topic has lines of at most 110 columns") {
    CHECK(help_topics().size() >= 5);
    for (const HelpTopic& topic : help_topics()) {
        const std::string text = topic.text();
        CAPTURE(topic.name);
        CHECK(text.size() > 100);
        CHECK(text.back() == '\n');
        std::size_t start = 0;
        for (std::size_t end = text.find('\n'); end != std::string::npos; start = end + 1, end = text.find('\n', start))
            CHECK_MESSAGE(end - start <= 130, text.substr(start, end - start));
    }
}
