#include "support/fake_provider.hpp"

#include "support/manual_clock.hpp"
#include "support/provider_contract.hpp"

#include <doctest/doctest.h>

using namespace spawnai;
using namespace std::chrono_literals;

TEST_SUITE("fake provider") {
    TEST_CASE("the fake keeps the contract of a provider") {
        testing::ManualClock clock;
        testing::FakeProvider fake(clock);
        for (const auto& command : testing::contract_script())
            fake.on_command(command.shell, {command.code, command.output, command.error_output, command.keeps_running});
        testing::check_provider_contract(
            {fake, false, true, false, [&](std::chrono::seconds time) { clock.advance(time); }});
    }

    TEST_CASE("the fake fails where it is told to") {
        testing::ManualClock clock;
        testing::FakeProvider fake(clock);
        fake.fail("create", Error(ErrorKind::limit, "full"), 2);
        const auto box = fake.create({}, {});
        CHECK_THROWS_AS((void)fake.create({}, {}), Error);
        CHECK_NOTHROW((void)fake.create({}, {}));
        fake.before("read_file", [&] { fake.lose(box->id()); });
        CHECK(testing::kind_thrown([&] { (void)box->read_file("/x", 1, {}); }) == ErrorKind::not_found);
        CHECK(fake.live().size() == 1);
        CHECK(fake.count("create") == 3);
    }
}
