#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
#include "factories.hpp"

#include <spawnai/billing/limits.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/spawn.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::optional<std::string> plan;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.choice("--plan", {"local", "hobby", "pro", "self-hosted"}, options.plan,
                     "look at this plan instead of the one in force");
    arguments.flag("--json", options.json, "as an object");
}

std::string limit_text(std::chrono::seconds limit) {
    return limit.count() > 0 ? format_duration(limit) : "no limit";
}
std::string limit_text(int limit) {
    return limit > 0 ? std::to_string(limit) : "no limit";
}

// What the sessions of the last 30 days asked for.
billing::PlanUse recent_use(Context& context, const store::SlotUse& now) {
    store::SessionQuery query;
    query.created_since = context.clock().now() - std::chrono::days(30);
    billing::PlanUse use;
    use.most_at_once = now.live;
    for (const store::Session& session : context.store().list(query))
        use.longest_wanted = std::max(use.longest_wanted, session.ttl);
    return use;
}

int run(const Options& options, Context& context) {
    const std::string provider =
        options.plan ? (*options.plan == "local" ? "local" : "e2b") : context.choose_provider({});
    const PlanLimits plan =
        plan_limits(options.plan.value_or(provider == "local" ? "local" : context.config().text("plan")), context);
    store::SlotUse use = context.store().slot_use(provider, plan.rate_window);
    use.live = pipeline::slots_taken(use, provider == "local");
    const billing::PlanUse wanted = recent_use(context, use);
    const std::vector<PlanLimits> candidates{plan_limits("local", context), plan_limits("hobby", context),
                                             plan_limits("pro", context)};
    const bool charged = plan.rates.per_vcpu_second > Money() || plan.rates.per_gib_second > Money();
    // Nothing is cheaper than a cluster of one's own.
    const bool own_cluster = provider != "local" && !charged;
    const PlanLimits* const fit = own_cluster ? &plan : billing::cheapest_fit(wanted, candidates);
    if (options.json) {
        context.terminal().result(
            dump_json(Json{
                {"schemaVersion", k_schema_version},
                {"plan", plan.name},
                {"provider", provider},
                {"asOf", context.prices().sandboxes.as_of()},
                {"live", use.live},
                {"concurrent", plan.concurrent > 0 ? Json(plan.concurrent) : Json()},
                {"recent", use.recent},
                {"rateCount", plan.rate_count > 0 ? Json(plan.rate_count) : Json()},
                {"createdPerSecond", plan.created_per_second > 0 ? Json(plan.created_per_second) : Json()},
                {"rateWindowSeconds", plan.rate_window.count() > 0 ? Json(plan.rate_window.count()) : Json()},
                {"longestSeconds", plan.longest.count() > 0 ? Json(plan.longest.count()) : Json()},
                {"longestScriptSeconds", plan.longest_script.count() > 0 ? Json(plan.longest_script.count()) : Json()},
                {"monthlyFee", json_money(plan.monthly_fee)},
                {"perVcpuSecond", json_money(plan.rates.per_vcpu_second)},
                {"perGibSecond", json_money(plan.rates.per_gib_second)},
                {"spentToday", json_money(use.spent_today)},
                {"spentThisMonth", json_money(use.spent_this_month)},
                {"cheapestFit", fit != nullptr ? Json(fit->name) : Json()}}) +
            "\n");
        return 0;
    }
    std::string text;
    const auto line = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{:<16}{}\n", name, value);
    };
    line("plan", plan.name + (plan.monthly_fee > Money() ? ", " + plan.monthly_fee.display() + " a month" : ""));
    line("sandboxes", fmt::format("{} of {}", use.live, limit_text(plan.concurrent)));
    if (plan.rate_count > 0)
        line("spawns",
             fmt::format("{} of {} in the last {}", use.recent, plan.rate_count, format_duration(plan.rate_window)));
    if (plan.created_per_second > 0) line("creations", fmt::format("at most {} in a second", plan.created_per_second));
    line("longest life", limit_text(plan.longest) + ", a script " + limit_text(plan.longest_script));
    line("price", charged ? fmt::format("${} per vCPU-second, ${} per GiB-second", plan.rates.per_vcpu_second.str(),
                                        plan.rates.per_gib_second.str())
                  : own_cluster ? "none, the cluster is your own"
                                : "none, it runs on this machine");
    line("spent",
         fmt::format("{} today, {} this month (UTC)", use.spent_today.display(), use.spent_this_month.display()));
    line("prices as of", context.prices().sandboxes.as_of());
    context.terminal().result(text);
    if (provider == "e2b" && fit != nullptr && fit->name != plan.name)
        context.terminal().say(fmt::format("by its limits, plan {} would do for what you use", fit->name));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_plan() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
