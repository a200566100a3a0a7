#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/core/model_prices.hpp>

#include <optional>

namespace spawnai::claude {

/// What a request will probably use: the input is what would be sent, the output a typical app of that type,
/// or `expected_output` tokens when the caller knows better from its own history.
[[nodiscard]] Usage estimate_usage(const GenerationRequest& request, const ModelPrices& prices,
                                   std::optional<std::int64_t> expected_output = {});

/// Why `model` cannot be asked at Anthropic, with the model to use instead; empty when nothing is known
/// against it.
/// @return a sentence such as "claude-3-sonnet-20240229 was retired on 2025-07-21".
struct ModelVerdict {
    bool retired = false;
    bool priced = true;   ///< false: costs of this model are unknown
    std::string message;  ///< what to tell the user; empty when all is well
    std::string instead;  ///< the model to suggest when retired
};
[[nodiscard]] ModelVerdict judge_model(std::string_view model, bool official, const ModelPrices& prices);

}  // namespace spawnai::claude
