#include "claude/prompt_texts.hpp"

#include <spawnai/claude/estimate.hpp>
#include <spawnai/claude/prompts.hpp>
#include <spawnai/core/text.hpp>

#include <doctest/doctest.h>

#include <set>
#include <string>

using namespace spawnai;
using namespace spawnai::claude;

TEST_CASE("the system prompt is long enough to be cached and the same for every request") {
    for (const AppType type : {AppType::webapp, AppType::api, AppType::script}) {
        const std::string text = system_prompt(type);
        // 512 tokens at the dense end of what a tokenizer makes of prose.
        CHECK(text.size() > 512 * 5);
        CHECK(text.find("{{") == std::string::npos);
        CHECK(text == system_prompt(type));
        CHECK(text.find("NONCE") != std::string::npos);
    }
    CHECK(system_prompt(AppType::webapp) != system_prompt(AppType::api));
}

TEST_CASE("the version of the prompts names their content") {
    const std::set<std::string> versions{prompt_version(AppType::webapp), prompt_version(AppType::api),
                                         prompt_version(AppType::script)};
    CHECK(versions.size() == 3);
    CHECK(prompt_version(AppType::webapp) == prompt_version(AppType::webapp));
    const std::string shown = describe_prompts(AppType::api);
    CHECK(shown.find(prompt_version(AppType::api)) != std::string::npos);
    CHECK(shown.find(system_prompt(AppType::api)) != std::string::npos);
    CHECK(shown.find("## repair.md") != std::string::npos);
}

TEST_CASE("every template renders for every kind of request") {
    GenerationRequest request;
    request.prompt = "a {{nonce}} list";
    const std::string first = first_message(request, "abc123", false);
    CHECK(first.find("<file-abc123 path=") != std::string::npos);
    CHECK(first.find("<request>\na {{nonce}} list\n</request>") != std::string::npos);
    CHECK(first.find("{{#") == std::string::npos);
    CHECK(first.find("port") == std::string::npos);
    request.port = 8080;
    request.internet = true;
    request.environment_names = {"API_URL", "TOKEN"};
    request.data_files = {{"data.csv", 12345, "a,b\n1,2\n"}, {"env.txt", 60, "KEY=sk-ant-api03-abcdefghijklmnop\n"}};
    const std::string full = first_message(request, "abc123", false);
    CHECK(full.find("port 8080") != std::string::npos);
    CHECK(full.find("API_URL, TOKEN") != std::string::npos);
    CHECK(full.find("<data-abc123 path=\"data.csv\" bytes=\"12345\">\na,b\n1,2\n</data-abc123>") != std::string::npos);
    CHECK(full.find("abcdefghijklmnop") == std::string::npos);
    request.simpler = true;
    CHECK(first_message(request, "abc123", false).find("smallest version") != std::string::npos);
    request.simpler = false;
    request.previous = {{"index.html", "old", false}};
    request.evidence = "line 3: boom";
    CHECK(first_message(request, "abc123", false).find("boom") != std::string::npos);
    request.evidence.clear();
    request.change = "make it dark";
    const std::string edit = first_message(request, "abc123", true);
    CHECK(edit.find("make it dark") != std::string::npos);
    CHECK(edit.find("<old-abc123>") != std::string::npos);
    CHECK(edit.find("<evidence-") == std::string::npos);
    CHECK_THROWS((void)render_prompt("request.md", {}));
    CHECK_THROWS((void)prompt_file("absent.md"));
}

TEST_CASE("a long log is cut at its beginning and at a line") {
    GenerationRequest request;
    request.prompt = "x";
    for (int i = 0; i < 5000; ++i) request.evidence += "log line " + std::to_string(i) + "\n";
    const std::string message = first_message(request, "abc123", false);
    CHECK(message.size() < 25000);
    CHECK(message.find("log line 4999") != std::string::npos);
    CHECK(message.find("log line 0\n") == std::string::npos);
}

TEST_CASE("a nonce occurs in nothing that is sent along") {
    GenerationRequest request;
    request.prompt = "aaaaaa and bbbbbb";
    request.previous = {{"cccccc", "x", false}};
    request.data_files = {{"d", 1, "dddddd"}};
    int proposal = -1;
    const std::string nonce =
        choose_nonce(request, [&] { return std::string(6, static_cast<char>('a' + ++proposal)); });
    CHECK(nonce == "eeeeee");
}

TEST_CASE("a prompt is freed of noise and keeps its meaning") {
    CHECK(optimise_prompt("  todo app \r\n") == "todo app");
    CHECK(optimise_prompt("a\n\n\n\n  b  c\t\n") == "a\n\n  b  c");
    CHECK(optimise_prompt("caf\xC3\xA9 \xFF\x07 x") == "caf\xC3\xA9 \xEF\xBF\xBD x");
    CHECK(optimise_prompt(" \n\t ").empty());
    CHECK(optimise_prompt("") == "");
    const std::string once = optimise_prompt(" x \n\n\n y ");
    CHECK(optimise_prompt(once) == once);
}

TEST_CASE("a terse prompt is given what people usually expect") {
    CHECK(usual_features("todo app", AppType::webapp).find("tick off") != std::string::npos);
    CHECK(usual_features("a Pomodoro timer!", AppType::webapp).find("pause") != std::string::npos);
    CHECK(usual_features("todo app", AppType::script).empty());
    CHECK(usual_features("an autodoc viewer", AppType::webapp).empty());
    CHECK(usual_features("a page about cats", AppType::webapp).empty());
    CHECK(usual_features(std::string(200, 'x') + " todo", AppType::webapp).empty());
}

TEST_CASE("large apps of capable models are edited in blocks") {
    GenerationRequest request;
    request.change = "make the button blue";
    request.previous = {{"index.html", std::string(9000, 'x'), false}};
    CHECK(wants_edit_blocks(request, "claude-haiku-5-5"));
    CHECK(wants_edit_blocks(request, "anthropic/claude-sonnet-5-5"));
    CHECK_FALSE(wants_edit_blocks(request, "claude-haiku-4-5"));
    CHECK_FALSE(wants_edit_blocks(request, "llama3.3"));
    request.change = "Rewrite it";
    CHECK_FALSE(wants_edit_blocks(request, "claude-haiku-5-5"));
    request.change = "bigger font";
    request.previous = {{"index.html", std::string(500, 'x'), false}};
    CHECK_FALSE(wants_edit_blocks(request, "claude-haiku-5-5"));
}

TEST_CASE("an estimate is of the right size and verdicts name what matters") {
    GenerationRequest request;
    request.prompt = "todo app";
    request.model = "claude-haiku-5-5";
    const Usage usage = estimate_usage(request, ModelPrices::built_in());
    const Money cost = *ModelPrices::built_in().cost(request.model, usage);
    CHECK(cost > Money::parse("0.001"));
    CHECK(cost < Money::parse("0.01"));
    CHECK(estimate_usage(request, ModelPrices::built_in(), 100).output == 100);
    const ModelPrices& prices = ModelPrices::built_in();
    CHECK(judge_model("claude-haiku-5-5", "2026-11-21", prices).message.empty());
    CHECK(judge_model("claude-3-opus-20240229", "2026-11-21", prices).instead == "claude-opus-5-5");
    CHECK_FALSE(judge_model("llama3.3", "2026-11-21", prices).priced);
    CHECK(judge_model("claude-sonnet-4-5", "2026-11-21", prices).message.find("ends on 2026-11-30") !=
          std::string::npos);
    CHECK(judge_model("claude-sonnet-4-5", "2026-12-01", prices).message.find("was announced") != std::string::npos);
}
