#include "support/temp_dir.hpp"

#include <spawnai/store/store.hpp>

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <thread>
#include <vector>

using namespace spawnai;
using namespace spawnai::store;

namespace {

Session make_session(const std::string& name) {
    Session session{.id = new_session_id(), .name = name, .user_tag = "ada", .prompt = "todo"};
    session.created_at = system_clock().now();
    session.provider = "local";
    return session;
}

// Inserts sessions while fewer than `slots` are live. @return how many were refused.
int take_slots(Store& store, int count, int slots) {
    int refused = 0;
    for (int i = 0; i < count; ++i) {
        const Session session = make_session("s" + std::to_string(i));
        try {
            store.insert(session, std::chrono::minutes(15), [&](const SlotUse& use) {
                if (use.live >= slots) throw Error(ErrorKind::limit, "full");
            });
            store.add_event(session.id, {.kind = "step", .message = "x"});
            store.change(session.id, {.status = Status::generating}, {Status::creating});
            (void)store.list({.limit = 10});
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::limit) throw;
            ++refused;
        }
    }
    return refused;
}

}  // namespace

TEST_CASE("processes that start on no store at once lose no row and take no slot twice") {
    test::TempDir directory;
    const auto file = directory.path() / "spawnai.db";
    constexpr int k_processes = 20;
    constexpr int k_each = 4;
    constexpr int k_slots = 50;
    std::vector<pid_t> children;
    for (int i = 0; i < k_processes; ++i) {
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            int refused = 0;
            try {
                Store store(file);
                refused = take_slots(store, k_each, k_slots);
            } catch (const std::exception& failure) {
                std::fprintf(stderr, "%s\n", failure.what());
                ::_exit(100);
            }
            ::_exit(refused);
        }
        children.push_back(child);
    }
    int refused = 0;
    for (const pid_t child : children) {
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        REQUIRE(WIFEXITED(status));
        REQUIRE(WEXITSTATUS(status) <= k_each);
        refused += WEXITSTATUS(status);
    }
    CHECK(refused == k_processes * k_each - k_slots);
    Store store(file);
    CHECK(store.count({}) == k_slots);
    CHECK(store.count({.statuses = {Status::generating}}) == k_slots);
    CHECK(store.check().empty());
}

TEST_CASE("threads share one store") {
    test::TempDir directory;
    Store store(directory.path() / "spawnai.db");
    {
        std::vector<std::jthread> threads;
        for (int i = 0; i < 8; ++i) threads.emplace_back([&] { take_slots(store, 5, 1000); });
    }
    CHECK(store.count({}) == 40);
}
