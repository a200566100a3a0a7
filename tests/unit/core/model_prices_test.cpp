#include <spawnai/core/error.hpp>
#include <spawnai/core/model_prices.hpp>

#include <doctest/doctest.h>

using namespace spawnai;

namespace {

Money cost(std::string_view model, const TokenUsage& usage) {
    const std::optional<Money> sum = ModelPrices::built_in().cost(model, usage);
    REQUIRE(sum.has_value());
    return *sum;
}

TokenUsage used(std::int64_t input, std::int64_t output) {
    TokenUsage usage;
    usage.input = input;
    usage.output = output;
    return usage;
}

}  // namespace

TEST_CASE("every kind of token is billed at its own price") {
    TokenUsage usage = used(200, 6100);
    usage.cache_read = 1500;
    usage.cache_write = 1000;
    usage.cache_write_1h = 400;
    const auto charges = ModelPrices::built_in().charge("claude-haiku-5-5", usage);
    REQUIRE(charges);
    REQUIRE(charges->size() == 4);
    CHECK((*charges)[0].kind == "input");
    CHECK((*charges)[0].amount == Money::nano(200 * 100));
    CHECK((*charges)[1].amount == Money::nano(6100 * 500));
    CHECK((*charges)[2].amount == Money::nano(600 * 125 + 400 * 200));
    CHECK((*charges)[3].amount == Money::nano(1500 * 10));
    // The worked example of the price pages: a 6100-token page.
    CHECK(cost("claude-sonnet-5-5", used(1700, 6100)) == Money::parse("0.0644"));
    CHECK(cost("claude-opus-5-5", used(1700, 6100)) == Money::parse("0.1288"));
}

TEST_CASE("a long prompt moves every token of the request to the higher level") {
    CHECK(cost("claude-haiku-5-5", used(100000, 1000)) == Money::nano(100000 * 100 + 1000 * 500));
    CHECK(cost("claude-haiku-5-5", used(100001, 1000)) == Money::nano(100001 * 500 + 1000 * 2500));
    TokenUsage cached = used(1, 1000);
    cached.cache_read = 60000;
    cached.cache_write = 40000;
    CHECK(cost("claude-haiku-5-5", cached) == Money::nano(500 + 1000 * 2500 + 60000 * 50 + 40000 * 625));
}

TEST_CASE("a model outside the table has no price rather than a wrong one") {
    CHECK_FALSE(ModelPrices::built_in().cost("llama3.3", used(1, 1)));
    CHECK_FALSE(ModelPrices::built_in().cost("claude-haiku-9", used(1, 1)));
    CHECK(ModelPrices::built_in().cost("anthropic/claude-haiku-5-5", used(1, 1)));
    CHECK(ModelPrices::built_in().find("claude-opus-4-5-20251101")->id == "claude-opus-4-5");
}

TEST_CASE("retired models are known with what follows them") {
    const ModelPrices& table = ModelPrices::built_in();
    REQUIRE(table.find_retired("claude-3-sonnet-20240229"));
    CHECK(table.find_retired("claude-3-sonnet-20240229")->retired_on == "2025-07-21");
    CHECK(table.find_retired("claude-instant-1.2")->instead == "claude-haiku-5-5");
    CHECK(table.find_retired("claude-haiku-5-5") == nullptr);
    for (const RetiredModel& each : table.retired()) CHECK(table.find(each.instead) != nullptr);
    for (const ModelInfo& each : table.models()) CHECK(table.find_retired(each.id) == nullptr);
}

TEST_CASE("a price table with a fault is refused with its place") {
    const auto refused = [](const char* text) {
        try {
            (void)ModelPrices::parse(text, "mine.json");
        } catch (const Error& error) {
            return std::string(error.what());
        }
        return std::string();
    };
    CHECK(refused("{").find("mine.json") != std::string::npos);
    CHECK(refused(R"({"models":{"as_of":"x","list":[{"id":"a","context":1,"max_output":1,"prices":[
        {"input":"0.0000001","output":"1","cache_write_5m":"1","cache_write_1h":"1","cache_read":"1"}]}]}})")
              .find("nano") != std::string::npos);
    CHECK(refused(R"({"models":{"as_of":"x","list":[{"id":"a","context":1,"max_output":1,"prices":[
        {"up_to_input":5,"input":"1","output":"1","cache_write_5m":"1","cache_write_1h":"1","cache_read":"1"}]}]}})")
              .find("open level") != std::string::npos);
    CHECK(refused(R"({"models":{"as_of":"x","list":[{"id":7}]}})").find("id") != std::string::npos);
    CHECK(refused(R"({"models":{"as_of":"x","list":[{"id":"a","context":1,"max_output":1}]}})").empty());
}
