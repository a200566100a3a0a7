#include "repair.hpp"

#include <spawnai/claude/settings.hpp>

namespace spawnai::pipeline {

std::optional<NextAttempt> decide_next(const RepairState& state) {
    using Reason = claude::NoAppReason;
    if (state.most_repairs <= 0 || state.simpler_done) return std::nullopt;
    if (state.no_app == Reason::refusal || state.no_app == Reason::over_budget) return std::nullopt;
    if (state.left < state.likely || state.left <= Money{}) return std::nullopt;
    if (state.repairs_done < state.most_repairs && state.no_app != Reason::truncated) {
        const bool last = state.repairs_done + 1 == state.most_repairs;
        if (last && state.can_escalate && state.likely_escalated <= state.left)
            return NextAttempt{std::string(claude::k_escalation_model), false, true};
        return NextAttempt{state.model, false, false};
    }
    return NextAttempt{state.model, true, false};
}

}  // namespace spawnai::pipeline
