#include <spawnai/billing/limits.hpp>
#include <spawnai/core/duration.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::billing {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;

constexpr int k_alert_percent = 80;

Verdict refused(std::string message, std::string hint) {
    return {false, std::move(message), std::move(hint), std::chrono::milliseconds(0)};
}

Verdict check_cap(Money spent, Money estimate, const std::optional<Money>& cap, const char* period,
                  const char* setting) {
    if (!cap || spent + estimate <= *cap) return {};
    return refused(fmt::format("{} of the {} cap of {} is spent, and this may cost {}", spent.display(), period,
                               cap->display(), estimate.display()),
                   fmt::format("raise it with 'spawnai config set {} AMOUNT', or wait for the next {}", setting,
                               std::string_view(period) == "daily" ? "day (UTC)" : "month (UTC)"));
}

void add_alert(std::vector<std::string>& alerts, Money spent, const std::optional<Money>& cap, const char* period) {
    if (!cap || *cap <= Money{}) return;
    if (spent * 100 < *cap * k_alert_percent) return;
    alerts.push_back(fmt::format("{} of the {} cap of {} is spent", spent.display(), period, cap->display()));
}

}  // namespace

seconds longest_lifetime(AppType type, const PlanLimits& plan) {
    if (type == AppType::script && plan.longest_script.count() > 0)
        return plan.longest.count() > 0 ? std::min(plan.longest, plan.longest_script) : plan.longest_script;
    return plan.longest;
}

seconds default_lifetime(AppType type, const PlanLimits& plan) {
    const seconds usual = type == AppType::script ? minutes(10) : minutes(30);
    const seconds longest = longest_lifetime(type, plan);
    return longest.count() > 0 ? std::min(usual, longest) : usual;
}

Verdict check_lifetime(AppType type, seconds lifetime, const PlanLimits& plan) {
    if (lifetime.count() <= 0)
        return refused("the lifetime must be longer than zero", "give one, for example --ttl 30m");
    const seconds longest = longest_lifetime(type, plan);
    if (longest.count() == 0 || lifetime <= longest) return {};
    std::string hint = fmt::format("ask for at most {}", format_duration(longest));
    if (plan.name == "hobby" && type != AppType::script) hint += ", or set the plan: spawnai config set plan pro";
    return refused(
        fmt::format("{} is longer than the {} that {} {} may live on the plan '{}'", format_duration(lifetime),
                    format_duration(longest), type == AppType::api ? "an" : "a", to_string(type), plan.name),
        std::move(hint));
}

Verdict check_slots(const SlotCount& taken, const PlanLimits& plan, WallTime now) {
    if (plan.concurrent > 0 && taken.live >= plan.concurrent)
        return refused(fmt::format("all {} sandboxes of the plan '{}' are in use", plan.concurrent, plan.name),
                       plan.name == "local"
                           ? "end one with 'spawnai kill ID' ('spawnai ls' lists them), or raise local.max-sandboxes "
                             "with 'spawnai config set'"
                           : "end one with 'spawnai kill ID' ('spawnai ls' lists them), or see 'spawnai plan'");
    if (plan.rate_count > 0 && taken.recent >= plan.rate_count) {
        const WallTime free = taken.oldest_recent.value_or(now) + plan.rate_window;
        const auto wait = std::max(seconds(1), std::chrono::ceil<seconds>(free - now));
        return refused(fmt::format("{} spawns in the last {} are the most on the plan '{}'", taken.recent,
                                   format_duration(plan.rate_window), plan.name),
                       fmt::format("try again in {}", format_duration(wait)));
    }
    if (plan.created_per_second > 0 && taken.last_second >= plan.created_per_second) {
        Verdict verdict =
            refused(fmt::format("the plan '{}' lets {} {} be created in a second", plan.name, plan.created_per_second,
                                plan.created_per_second == 1 ? "sandbox" : "sandboxes"),
                    "try again in a moment");
        const WallTime free = taken.oldest_of_last_second.value_or(now) + seconds(1);
        verdict.free_in =
            std::max(std::chrono::milliseconds(1), std::chrono::ceil<std::chrono::milliseconds>(free - now));
        return verdict;
    }
    return {};
}

Verdict check_budget(Money estimate, Money most) {
    if (estimate <= most) return {};
    return refused(
        fmt::format("this may cost {}, more than the {} that --max-cost allows", estimate.display(), most.display()),
        "shorten the lifetime with --ttl, or allow more with --max-cost");
}

Verdict check_caps(const Spending& spent, Money estimate, const SpendingCaps& caps) {
    Verdict daily = check_cap(spent.today, estimate, caps.daily, "daily", "daily-cap");
    if (!daily.allowed) return daily;
    return check_cap(spent.this_month, estimate, caps.monthly, "monthly", "monthly-cap");
}

std::vector<std::string> cap_alerts(const Spending& spent, const SpendingCaps& caps) {
    std::vector<std::string> alerts;
    add_alert(alerts, spent.today, caps.daily, "daily");
    add_alert(alerts, spent.this_month, caps.monthly, "monthly");
    return alerts;
}

const PlanLimits* cheapest_fit(const PlanUse& use, const std::vector<PlanLimits>& candidates) {
    const PlanLimits* best = nullptr;
    for (const PlanLimits& plan : candidates) {
        if (plan.concurrent > 0 && use.most_at_once > plan.concurrent) continue;
        if (plan.longest.count() > 0 && use.longest_wanted > plan.longest) continue;
        if (best == nullptr || plan.monthly_fee < best->monthly_fee) best = &plan;
    }
    return best;
}

}  // namespace spawnai::billing
