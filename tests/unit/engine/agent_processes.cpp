#include "engine/agent/process_tree.hpp"

#include <doctest/doctest.h>

#include <string>

using namespace spawnai::engine::agent;

namespace {

std::vector<pid_t> pids(const std::vector<ProcessState>& processes) {
    std::vector<pid_t> found;
    for (const ProcessState& process : processes) found.push_back(process.pid);
    return found;
}

}  // namespace

TEST_CASE("a stat line is read behind a name of any kind") {
    const char* rest = " S 7 9 9 0 -1 4194560 1 2 3 4 5 6 7 8 20 0 3 0 123456 99 1";
    for (const char* name : {"(sh)", "(a b)", "(:) R 1 (x)", "()"}) {
        CAPTURE(name);
        const auto line = parse_stat(std::string("42 ") + name + rest);
        REQUIRE(line);
        CHECK(line->state == 'S');
        CHECK(line->parent == 7);
        CHECK(line->started == 123456);
    }
    for (const char* text : {"", "42", "42 (sh", "42 (sh)", "42 (sh) "}) CHECK_FALSE(parse_stat(text));
}

TEST_CASE("parents are stopped before their children and woken after them") {
    std::vector<ProcessState> tree{{30, 20, 3, true}, {10, 1, 1, true}, {20, 10, 2, true}, {11, 1, 1, true}};
    std::set<ProcessName> told;
    const auto stop = [&](const std::vector<pid_t>& expected) {
        const auto next = next_to_stop(tree, told);
        CHECK(pids(next) == expected);
        CHECK_FALSE(all_stopped(tree, told));
        for (const ProcessState& each : next) {
            told.insert(each.name());
            for (ProcessState& process : tree)
                if (process.pid == each.pid) process.running = false;
        }
    };
    stop({10, 11});
    stop({20});
    stop({30});
    CHECK(all_stopped(tree, told));
    CHECK(next_to_stop(tree, told).empty());
    CHECK(pids(in_order_of_waking(tree)) == std::vector<pid_t>{30, 20, 11, 10});
}

TEST_CASE("nobody is taken for stopped who was not told or who runs in spite of it") {
    // Uninterruptible, as the parent of a vfork is: it does not run, but it would.
    std::vector<ProcessState> tree{{10, 1, 1, false}};
    std::set<ProcessName> told;
    CHECK_FALSE(all_stopped(tree, told));
    CHECK(pids(next_to_stop(tree, told)) == std::vector<pid_t>{10});
    told.insert(tree[0].name());
    CHECK(all_stopped(tree, told));
    // Woken by another.
    tree[0].running = true;
    CHECK_FALSE(all_stopped(tree, told));
    CHECK(pids(next_to_stop(tree, told)) == std::vector<pid_t>{10});
    // Another process under the same number.
    tree[0] = {10, 1, 2, false};
    CHECK_FALSE(all_stopped(tree, told));
    // A parent that is outside, or gone, holds nobody up.
    tree = {{10, 0, 1, true}, {11, 99, 1, true}};
    CHECK(pids(next_to_stop(tree, {})) == std::vector<pid_t>{10, 11});
    CHECK(all_stopped({}, {}));
}
