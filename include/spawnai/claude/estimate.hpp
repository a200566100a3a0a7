#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/core/model_prices.hpp>

#include <optional>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// What a request will probably use: the input is what would be sent, the output a typical app of that type,
/// or `expected_output` tokens when the caller knows better from its own history.
[[nodiscard]] Usage estimate_usage(const GenerationRequest& request, const ModelPrices& prices,
                                   std::optional<std::int64_t> expected_output = {});

/// What is known about a model before it is asked.
struct ModelVerdict {
    bool retired = false;
    bool priced = true;   ///< false: what it costs is unknown
    std::string message;  ///< what to tell the user; empty when all is well
    std::string instead;  ///< the model to suggest when retired
};
/// `today` as "2026-11-30" decides whether an announced end lies close ahead or behind.
[[nodiscard]] ModelVerdict judge_model(std::string_view model, std::string_view today, const ModelPrices& prices);

}  // namespace spawnai::claude
