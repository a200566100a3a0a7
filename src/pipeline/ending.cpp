#include "ending.hpp"

#include <spawnai/billing/cost.hpp>
#include <spawnai/core/json.hpp>

#include <algorithm>

namespace spawnai::pipeline {

WallTime used_until(const store::Session& session, bool ended, WallTime now) noexcept {
    // It ended by itself, or slept from its time-out on.
    const bool over_before = !ended || session.on_timeout == "pause";
    return over_before && session.expires_at ? std::min(now, *session.expires_at) : now;
}

const PlanLimits& plan_of(const Surroundings& with, const store::Session& session) {
    const auto& plans = with.prices.plans();
    const auto own =
        std::find_if(plans.begin(), plans.end(), [&](const PlanLimits& plan) { return plan.name == session.plan; });
    return own == plans.end() ? with.place.plan : *own;
}

bool book_sandbox(const Surroundings& with, const store::Session& session, WallTime end) {
    if (!session.sandbox_started_at) return false;
    const WallTime start = *session.sandbox_started_at;
    const PlanLimits& plan = plan_of(with, session);
    const auto bill = billing::bill_sandbox({session.cpu_count, session.memory_mib}, end - start, plan.rates);
    const auto line = [&](const char* item, const char* unit, std::int64_t quantity, Money amount) {
        store::CostLine made;
        made.category = "sandbox";
        made.item = item;
        made.unit = unit;
        made.quantity = quantity;
        made.amount = amount;
        return made;
    };
    store::UsageMetric metric;
    metric.start = start;
    metric.end = std::max(start, end);
    metric.cpu_seconds = bill.vcpu_seconds();
    metric.memory_gb_seconds = bill.gib_seconds();
    metric.storage_gb = plan.storage_gib;
    metric.actual_cost = bill.total();
    metric.plan = session.plan;
    return with.store.book_usage(
        session.id, metric,
        {line("vcpu", "vcpu_ms", bill.vcpu_ms, bill.vcpu), line("memory", "mib_ms", bill.mib_ms, bill.memory)});
}

bool end_sandbox(const Surroundings& with, const store::Session& session, const std::stop_token& stop) {
    bool ended = false;
    if (session.sandbox_id) {
        ended = with.provider.kill(*session.sandbox_id, stop);
    } else {
        // The create call was cut off: whether it made a sandbox only the provider knows.
        for (const auto& found : with.provider.list({{k_session_key, session.id.str()}}, stop))
            ended = with.provider.kill(found.id, stop) || ended;
        if (!ended) return false;  // it may still come: reconcile() looks again until that is over
    }
    book_sandbox(with, session, used_until(session, ended, with.clock.now()));
    return ended;
}

void collect_log(const Surroundings& with, const store::Session& session, const std::stop_token& stop) {
    if (!session.sandbox_id || with.store.kept_log(session.id)) return;
    try {
        const std::string text = with.provider.retained_log(*session.sandbox_id, stop);
        if (!text.empty()) with.store.keep_log(session.id, text);
    } catch (const Error& error) {
        with.log.write(LogLevel::info, "log_not_collected", {{"session", session.id.str()}, {"error", error.what()}});
    }
}

}  // namespace spawnai::pipeline
