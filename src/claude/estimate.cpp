#include "prompt_texts.hpp"
#include "request_body.hpp"

#include <spawnai/claude/estimate.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace spawnai::claude {
namespace {

// Tokens of a typical reply, measured on collections of small generated apps; hidden thoughts included.
std::int64_t typical_output(AppType type) {
    switch (type) {
        case AppType::webapp:
            return 6500;
        case AppType::api:
            return 4000;
        case AppType::script:
            return 2500;
    }
    return 6500;
}

}  // namespace

Usage estimate_usage(const GenerationRequest& request, const ModelPrices& prices,
                     std::optional<std::int64_t> expected_output) {
    const ModelInfo* info = prices.find(request.model);
    const double ratio = info == nullptr ? 2.5 : info->characters_per_token;
    const bool blocks = wants_edit_blocks(request, request.model);
    const std::size_t characters = system_prompt(request.type).size() + first_message(request, "nonce0", blocks).size();
    Usage usage;
    usage.input = static_cast<std::int64_t>(std::ceil(static_cast<double>(characters) / ratio));
    usage.output = expected_output.value_or(blocks ? 1500 : typical_output(request.type));
    usage.certainty = Usage::Certainty::estimated;
    return usage;
}

ModelVerdict judge_model(std::string_view model, std::string_view today, const ModelPrices& prices) {
    ModelVerdict verdict;
    if (const RetiredModel* retired = prices.find_retired(model)) {
        verdict.retired = true;
        verdict.priced = false;
        verdict.instead = retired->instead;
        verdict.message = fmt::format("{} was retired on {}; use {}", model, retired->retired_on, retired->instead);
        return verdict;
    }
    const ModelInfo* info = prices.find(model);
    verdict.priced = info != nullptr && !info->levels.empty();
    if (!verdict.priced) {
        verdict.message = fmt::format("the price of {} is not known: its costs cannot be shown or capped", model);
    } else if (!info->ends_on.empty()) {
        verdict.message =
            fmt::format("{} {} on {}", model, info->ends_on <= today ? "was announced to end" : "ends", info->ends_on);
    }
    return verdict;
}

}  // namespace spawnai::claude
