#include "money_view.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <algorithm>

namespace spawnai::cli {

PlanLimits plan_limits(const std::string& name, Context& context) {
    const Config& config = context.config();
    const PriceTable& table = context.prices().sandboxes;
    const auto& plans = table.plans();
    const bool known =
        std::any_of(plans.begin(), plans.end(), [&](const PlanLimits& plan) { return plan.name == name; });
    PlanLimits plan = table.plan(known ? name : config.text("plan"));
    if (plan.name == "local") {
        plan.concurrent = static_cast<int>(config.integer("local.max-sandboxes"));
        plan.longest = parse_duration(config.text("local.max-lifetime"));
        plan.longest_script = std::min(plan.longest_script, plan.longest);
    }
    return plan;
}

Money present_cost(const store::Session& session, Context& context, WallTime now) {
    if (!session.sandbox_started_at || !session.sandbox_id)
        return session.actual_cost;  // asked for, perhaps never made
    return pipeline::cost_so_far(session, plan_limits(session.plan, context), now);
}

}  // namespace spawnai::cli
