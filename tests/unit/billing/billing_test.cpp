#include <spawnai/billing/cost.hpp>
#include <spawnai/billing/limits.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/price_table.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using namespace spawnai::billing;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

namespace {
const PlanLimits& plan(const char* name) {
    return PriceTable::built_in().plan(name);
}
const WallTime k_now{milliseconds(1'800'000'000'000)};
}  // namespace

TEST_CASE("a sandbox costs what the price list says") {
    const SandboxRates& rates = plan("hobby").rates;
    CHECK(bill_sandbox({2, 512}, seconds(1), rates).total().nano() == 30'250);
    CHECK(bill_sandbox({2, 512}, hours(1), rates).total().nano() == 108'900'000);
    CHECK(bill_sandbox({8, 8192}, hours(1), rates).total().nano() == 532'800'000);
    CHECK(bill_sandbox({8, 8192}, hours(24) * 30, rates).total().str() == "383.616");
    const SandboxBill bill = bill_sandbox({4, 4096}, milliseconds(1500), rates);
    CHECK(bill.vcpu_seconds() == doctest::Approx(6));
    CHECK(bill.gib_seconds() == doctest::Approx(6));
    CHECK(bill.vcpu.nano() == 84'000);
    CHECK(bill.memory.nano() == 27'000);
}

TEST_CASE("a running cloud sandbox never costs nothing and a local one always does") {
    CHECK(bill_sandbox({1, 128}, milliseconds(1), plan("hobby").rates).total().nano() == 15);
    CHECK(bill_sandbox({2, 512}, milliseconds(0), plan("hobby").rates).total().nano() == 0);
    CHECK(bill_sandbox({2, 512}, milliseconds(-5), plan("hobby").rates).total().nano() == 0);
    CHECK(bill_sandbox({8, 8192}, hours(24), plan("local").rates).total().nano() == 0);
    CHECK_THROWS_AS((void)bill_sandbox({1 << 30, 1}, hours(24 * 365 * 1000), plan("hobby").rates), Error);
}

TEST_CASE("lifetimes are held against the plan") {
    CHECK(default_lifetime(AppType::webapp, plan("hobby")) == minutes(30));
    CHECK(default_lifetime(AppType::script, plan("pro")) == minutes(10));
    PlanLimits narrow = plan("local");
    narrow.longest = minutes(5);
    CHECK(default_lifetime(AppType::api, narrow) == minutes(5));
    CHECK(default_lifetime(AppType::script, narrow) == minutes(5));
    CHECK(check_lifetime(AppType::webapp, hours(1), plan("hobby")).allowed);
    const Verdict over = check_lifetime(AppType::webapp, hours(1) + seconds(1), plan("hobby"));
    CHECK_FALSE(over.allowed);
    CHECK(over.message.find("1h") != std::string::npos);
    CHECK(over.hint.find("plan pro") != std::string::npos);
    CHECK(check_lifetime(AppType::webapp, hours(24), plan("pro")).allowed);
    CHECK_FALSE(check_lifetime(AppType::webapp, hours(25), plan("pro")).allowed);
    CHECK_FALSE(check_lifetime(AppType::script, minutes(11), plan("pro")).allowed);
    CHECK_FALSE(check_lifetime(AppType::webapp, seconds(0), plan("pro")).allowed);
}

TEST_CASE("slots and rate are counted and the wait is told") {
    CHECK(check_slots({19, 9, k_now}, plan("hobby"), k_now).allowed);
    CHECK_FALSE(check_slots({20, 0, {}}, plan("hobby"), k_now).allowed);
    CHECK(check_slots({99, 0, {}}, plan("pro"), k_now).allowed);
    const Verdict fast = check_slots({0, 10, k_now - minutes(14)}, plan("hobby"), k_now);
    CHECK_FALSE(fast.allowed);
    CHECK(fast.hint == "try again in 1m");
    CHECK(check_slots({19, 5000, k_now}, plan("local"), k_now).allowed);
    CHECK_FALSE(check_slots({20, 0, {}}, plan("local"), k_now).allowed);
    CHECK(check_slots({500, 500, k_now, 500, k_now}, plan("self-hosted"), k_now).allowed);
}

TEST_CASE("a creation that comes too soon is told how long to wait") {
    const WallTime before = k_now - std::chrono::milliseconds(400);
    const Verdict soon = check_slots({1, 1, before, 1, before}, plan("hobby"), k_now);
    CHECK_FALSE(soon.allowed);
    CHECK(soon.free_in == std::chrono::milliseconds(600));
    CHECK(check_slots({4, 4, before, 4, before}, plan("pro"), k_now).allowed);
    CHECK_FALSE(check_slots({5, 5, before, 5, before}, plan("pro"), k_now).allowed);
    CHECK(check_slots({20, 20, before, 19, before}, plan("hobby"), k_now).free_in.count() == 0);
}

TEST_CASE("budgets and caps refuse what would pass them and warn from 80 percent") {
    CHECK(check_budget(Money::parse("0.50"), Money::parse("0.50")).allowed);
    CHECK_FALSE(check_budget(Money::parse("0.500000001"), Money::parse("0.50")).allowed);
    const SpendingCaps caps{Money::parse("1.00"), Money::parse("10")};
    CHECK(check_caps({Money::parse("0.50"), Money::parse("0.50")}, Money::parse("0.50"), caps).allowed);
    CHECK(check_caps({Money::parse("0.60"), Money::parse("0.60")}, Money::parse("0.50"), caps).message.find("daily") !=
          std::string::npos);
    CHECK(check_caps({Money{}, Money::parse("9.80")}, Money::parse("0.50"), caps).message.find("monthly") !=
          std::string::npos);
    CHECK(check_caps({Money::parse("99"), Money::parse("99")}, Money::parse("1"), {}).allowed);
    CHECK(cap_alerts({Money::parse("0.79"), Money::parse("7.99")}, caps).empty());
    CHECK(cap_alerts({Money::parse("0.80"), Money::parse("8")}, caps).size() == 2);
}

TEST_CASE("advice goes by limits only") {
    const std::vector<PlanLimits> clouds{plan("hobby"), plan("pro")};
    CHECK(cheapest_fit({20, hours(1)}, clouds)->name == "hobby");
    CHECK(cheapest_fit({21, minutes(1)}, clouds)->name == "pro");
    CHECK(cheapest_fit({1, hours(2)}, clouds)->name == "pro");
    CHECK(cheapest_fit({101, minutes(1)}, clouds) == nullptr);
}

TEST_CASE("a price file that is wrong is refused with the field") {
    const auto message = [](const std::string& text) -> std::string {
        try {
            (void)PriceTable::parse(text, "prices");
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            return error.what();
        }
        return "accepted";
    };
    const std::string sandbox =
        R"("sandbox": {"as_of": "x", "usual_size": {"vcpu": 2, "memory_mib": 512}, "rates": {"r": {"vcpu": "1", "gib": "0"}}})";
    CHECK(message("{" + sandbox + R"(, "plans": [{"name": "p", "rates": "r"}]})") == "accepted");
    CHECK(message("{").find("prices") != std::string::npos);
    CHECK(message("{" + sandbox + R"(, "plans": [{"name": "p", "rates": "q"}]})").find("rates") != std::string::npos);
    CHECK(
        message("{" + sandbox + R"(, "plans": [{"name": "p", "rates": "r", "concurrent": -1}]})").find("concurrent") !=
        std::string::npos);
    CHECK(message("{" + sandbox + R"(, "plans": [{"name": "p", "rates": "r"}, {"name": "p", "rates": "r"}]})")
              .find("two plans") != std::string::npos);
    CHECK_THROWS_AS((void)PriceTable::built_in().plan("gold"), Error);
}
