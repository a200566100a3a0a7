#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/money.hpp>
#include <spawnai/core/price_table.hpp>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace spawnai::billing {

/// Whether a limit lets something happen; if not, why and what to do instead.
struct Verdict {
    bool allowed = true;
    std::string message;
    std::string hint;
    std::chrono::milliseconds free_in{0};  ///< a refusal that is over so soon that it can be waited for
};

/// How long an app of that type lives when nobody says: 30 minutes, a script 10; never longer than the plan allows.
[[nodiscard]] std::chrono::seconds default_lifetime(AppType type, const PlanLimits& plan);
/// Zero when the plan has no limit.
[[nodiscard]] std::chrono::seconds longest_lifetime(AppType type, const PlanLimits& plan);
[[nodiscard]] Verdict check_lifetime(AppType type, std::chrono::seconds lifetime, const PlanLimits& plan);

/// What is taken of a plan's slots.
struct SlotCount {
    int live = 0;
    int recent = 0;                         ///< spawns in the rate window
    std::optional<WallTime> oldest_recent;  ///< when the first of them began
    int last_second = 0;                    ///< of them in the last second
    std::optional<WallTime> oldest_of_last_second{};
};
[[nodiscard]] Verdict check_slots(const SlotCount& taken, const PlanLimits& plan, WallTime now);

[[nodiscard]] Verdict check_budget(Money estimate, Money most);

/// What the user allows in a day or a month; empty: no cap.
struct SpendingCaps {
    std::optional<Money> daily;
    std::optional<Money> monthly;
};
struct Spending {
    Money today;
    Money this_month;
};
[[nodiscard]] Verdict check_caps(const Spending& spent, Money estimate, const SpendingCaps& caps);
/// One sentence for each cap of which 80 % or more is spent.
[[nodiscard]] std::vector<std::string> cap_alerts(const Spending& spent, const SpendingCaps& caps);

/// What was asked of a plan.
struct PlanUse {
    int most_at_once = 0;
    std::chrono::seconds longest_wanted{0};
};
/// The cheapest plan of `candidates` whose limits fit `use`; null when none does. By limits only: no plan discounts sandboxes.
[[nodiscard]] const PlanLimits* cheapest_fit(const PlanUse& use, const std::vector<PlanLimits>& candidates);

}  // namespace spawnai::billing
