#pragma once

#include "context.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/money.hpp>
#include <spawnai/core/price_table.hpp>
#include <spawnai/store/session.hpp>

namespace spawnai::cli {

/// Limits and prices of a plan by its name ("local" with the configured limits); an unknown name gets the configured plan.
[[nodiscard]] PlanLimits plan_limits(const std::string& name, Context& context);
/// What a session has cost until now, a running sandbox included.
[[nodiscard]] Money present_cost(const store::Session& session, Context& context, WallTime now);

}  // namespace spawnai::cli
