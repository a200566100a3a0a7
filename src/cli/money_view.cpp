#include "money_view.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <algorithm>

namespace spawnai::cli {

PlanLimits plan_limits(const std::string& name, const Config& config) {
    const auto& plans = PriceTable::built_in().plans();
    const bool known =
        std::any_of(plans.begin(), plans.end(), [&](const PlanLimits& plan) { return plan.name == name; });
    PlanLimits plan = PriceTable::built_in().plan(known ? name : config.text("plan"));
    if (plan.name == "local") {
        plan.concurrent = static_cast<int>(config.integer("local.max-sandboxes"));
        plan.longest = parse_duration(config.text("local.max-lifetime"));
        plan.longest_script = std::min(plan.longest_script, plan.longest);
    }
    return plan;
}

Money present_cost(const store::Session& session, const Config& config, WallTime now) {
    if (!session.sandbox_started_at) return session.actual_cost;
    return pipeline::cost_so_far(session, plan_limits(session.plan, config), now);
}

}  // namespace spawnai::cli
