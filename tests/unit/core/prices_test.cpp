#include "support/temp_dir.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/prices.hpp>

#include <doctest/doctest.h>

using namespace spawnai;
using spawnai::test::TempDir;

namespace {

TokenUsage million_in() {
    TokenUsage usage;
    usage.input = 1'000'000;
    return usage;
}

}  // namespace

TEST_CASE("a price file changes what it names and leaves the rest") {
    const TempDir dir;
    const auto file = dir.path() / "prices.json";
    write_file_atomic(file, R"({
        "plans": [{"name": "hobby", "concurrent": 3}],
        "models": {"as_of": "2027-01-01", "list": [
            {"id": "claude-sonnet-5-5", "prices": [{"input": "3", "output": "15", "cache_write_5m": "1", "cache_write_1h": "1", "cache_read": "1"}]},
            {"id": "llama3.3", "context": 128000, "max_output": 8192,
             "prices": [{"input": "0", "output": "0", "cache_write_5m": "0", "cache_write_1h": "0", "cache_read": "0"}]}]}})");
    const Prices prices = Prices::load(file);
    CHECK(prices.sandboxes.plan("hobby").concurrent == 3);
    CHECK(prices.sandboxes.plan("hobby").longest == PriceTable::built_in().plan("hobby").longest);
    CHECK(prices.sandboxes.plans().size() == PriceTable::built_in().plans().size());
    CHECK(prices.models.as_of() == "2027-01-01");
    CHECK(prices.models.cost("claude-sonnet-5-5", million_in()) == Money::parse("3"));
    CHECK(prices.models.cost("claude-opus-5-5", million_in()) ==
          ModelPrices::built_in().cost("claude-opus-5-5", million_in()));
    CHECK(prices.models.cost("llama3.3", million_in()) == Money());
    CHECK(prices.models.find_retired("claude-2.0") != nullptr);
}

TEST_CASE("without a file the built-in prices hold and a bad file is refused with its name") {
    CHECK(Prices::load({}).models.as_of() == ModelPrices::built_in().as_of());
    const TempDir dir;
    const auto file = dir.path() / "prices.json";
    for (const char* const bad :
         {"{", "[]", R"({"plans": 7})", R"({"models": {"list": [{"id": "x"}]}})", R"({"models": {"as_of": 7}})"}) {
        write_file_atomic(file, bad);
        try {
            (void)Prices::load(file);
            FAIL(bad);
        } catch (const Error& error) {
            CHECK(error.kind() == ErrorKind::usage);
            CHECK(std::string(error.what()).find("prices.json") != std::string::npos);
        }
    }
    CHECK_THROWS_AS((void)Prices::load(dir.path() / "absent.json"), Error);
}
