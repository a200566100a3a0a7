#pragma once

#include "context.hpp"

#include <spawnai/claude/model.hpp>

#include <memory>
#include <optional>
#include <string>

namespace spawnai::cli {

/// The model that will be asked, or why none can be.
struct ModelChoice {
    std::unique_ptr<claude::Model> model;
    std::string name;     ///< also without a model: the one that would be asked
    std::string why_not;  ///< set when there is no model
};

/// Decides by flags, environment, keys and configuration; touches no network.
/// @param pinned the model that -m names
/// @throws Error{usage} for an unusable address or a model that is retired.
[[nodiscard]] ModelChoice choose_model(Context& context, const std::optional<std::string>& pinned, bool offline);

}  // namespace spawnai::cli
