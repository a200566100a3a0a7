#include "capture.hpp"
#include "cli/table.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>

#include <doctest/doctest.h>
#include <unistd.h>

#include <csignal>

using namespace spawnai;
using namespace spawnai::cli;

namespace {

bool coloured(std::map<std::string, std::string> variables, bool no_color_flag = false) {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment(std::move(variables)));
    if (no_color_flag) terminal.set_no_color();
    return terminal.out_styled(Style::red, "x") != "x";
}

std::string rendered(std::map<std::string, std::string> variables, const Table& table, bool headers = true) {
    const Capture capture;
    const Terminal terminal(capture.streams(), Environment(std::move(variables)));
    return table.render(terminal, headers);
}

Table sample() {
    Table table({{"NAME", false, true}, {"COST", true}, {"URL"}});
    table.add({{"a-very-long-name-of-an-app"}, {"$0.50"}, {"http://a"}});
    table.add({{"b"}, {"$12.00"}, {"evil\x1b[31m\turl\n"}});
    return table;
}

}  // namespace

TEST_CASE("colours follow the terminal and the wishes of the user") {
    CHECK_FALSE(coloured({{"TERM", "xterm"}}));
    CHECK(coloured({{"SPAWNAI_FORCE_TTY", "80"}}));
    CHECK(coloured({{"CLICOLOR_FORCE", "1"}}));
    CHECK_FALSE(coloured({{"CLICOLOR_FORCE", "0"}}));
    CHECK_FALSE(coloured({{"SPAWNAI_FORCE_TTY", "80"}, {"TERM", "dumb"}}));
    for (const char* const variable : {"NO_COLOR", "SPAWNAI_NO_COLOR"}) {
        CHECK_FALSE(coloured({{"SPAWNAI_FORCE_TTY", "80"}, {"CLICOLOR_FORCE", "1"}, {variable, "1"}}));
        CHECK(coloured({{"SPAWNAI_FORCE_TTY", "80"}, {variable, ""}}));
    }
    CHECK_FALSE(coloured({{"CLICOLOR_FORCE", "1"}}, true));
}

TEST_CASE("a table is tab-separated when it is not for a terminal") {
    CHECK(rendered({}, sample()) ==
          "NAME\tCOST\tURL\na-very-long-name-of-an-app\t$0.50\thttp://a\nb\t$12.00\tevil url\n");
    CHECK(rendered({}, sample(), false).substr(0, 2) == "a-");
}

TEST_CASE("a table on a terminal is aligned and fits") {
    const std::string text = rendered({{"SPAWNAI_FORCE_TTY", "40"}, {"NO_COLOR", "1"}}, sample());
    CAPTURE(text);
    CHECK(text.find("  COST  URL") != std::string::npos);
    CHECK(text.find("a-very-long-name-of-an-app") == std::string::npos);
    CHECK(text.find(" $0.50  http://a\n") != std::string::npos);
    CHECK(text.find("$12.00  evil url\n") != std::string::npos);
    CHECK(text.find('\x1b') == std::string::npos);
    std::size_t start = 0;
    for (std::size_t end = text.find('\n'); end != std::string::npos; start = end + 1, end = text.find('\n', start))
        CHECK(end - start <= 42);  // the ellipsis is one column and three bytes
}

TEST_CASE("quiet keeps remarks back but not what must be said") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment());
    terminal.set_quiet();
    terminal.say("a remark");
    terminal.insist("an error");
    CHECK(capture.err() == "an error\n");
    CHECK(capture.out().empty());
}

TEST_CASE("a live line is removed before something else is written") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment(std::map<std::string, std::string>{{"SPAWNAI_FORCE_TTY", "80"}}));
    terminal.live("working");
    terminal.say("remark");
    terminal.live("");
    CHECK(capture.err() == "\r\x1b[2Kworking\r\x1b[2Kremark\nworking\r\x1b[2K");
}

TEST_CASE("without a terminal there is no live line") {
    const Capture capture;
    Terminal terminal(capture.streams(), Environment());
    terminal.live("working");
    CHECK(capture.err().empty());
}

TEST_CASE("a reader that has gone is not an error and a full disk is one") {
    std::signal(SIGPIPE, SIG_IGN);
    Pipe pipe = make_pipe();
    pipe.read.reset();
    Terminal broken({0, pipe.write.get(), 2}, Environment());
    CHECK_THROWS_AS(broken.result("x"), BrokenPipe);

    const Fd full(::open("/dev/full", O_WRONLY | O_CLOEXEC));
    REQUIRE(full);
    Terminal stuck({0, full.get(), 2}, Environment());
    CHECK_THROWS_AS(stuck.result("x"), Error);
}

TEST_CASE("input is read to its end and no further than the limit") {
    Pipe pipe = make_pipe();
    REQUIRE(::write(pipe.write.get(), "hello", 5) == 5);
    pipe.write.reset();
    Terminal terminal({pipe.read.get(), 1, 2}, Environment());
    CHECK(terminal.read_input(5) == "hello");

    Pipe more = make_pipe();
    REQUIRE(::write(more.write.get(), "hello!", 6) == 6);
    more.write.reset();
    Terminal limited({more.read.get(), 1, 2}, Environment());
    CHECK_THROWS_AS((void)limited.read_input(5), Error);
    CHECK_THROWS_AS((void)limited.ask("key: ", true), Error);
}
