#include "pipeline/in_flight.hpp"

#include "support/temp_dir.hpp"

#include <doctest/doctest.h>

#include <atomic>
#include <filesystem>
#include <thread>
#include <vector>

using namespace spawnai;
using pipeline::InFlight;

TEST_CASE("one at a time has the right to write an app") {
    const test::TempDir dir;
    auto first = InFlight::try_acquire(dir.path(), "k1");
    REQUIRE(first);
    CHECK_FALSE(InFlight::try_acquire(dir.path(), "k1"));
    CHECK(InFlight::try_acquire(dir.path(), "k2"));
    auto moved = std::move(first);
    CHECK_FALSE(InFlight::try_acquire(dir.path(), "k1"));
    moved.reset();
    first.reset();
    CHECK(InFlight::try_acquire(dir.path(), "k1"));
    CHECK(std::filesystem::is_empty(dir.path()));
}

TEST_CASE("many that claim and give back never hold the same right together") {
    const test::TempDir dir;
    std::atomic<int> inside{0};
    std::atomic<int> most{0};
    std::atomic<int> turns{0};
    std::vector<std::jthread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&] {
            while (turns < 300) {
                const auto claimed = InFlight::try_acquire(dir.path(), "k");
                if (!claimed) continue;
                const int now = ++inside;
                if (now > most) most = now;
                ++turns;
                --inside;
            }
        });
    threads.clear();
    CHECK(most == 1);
    CHECK(std::filesystem::is_empty(dir.path()));
}
