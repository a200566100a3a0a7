#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/core/money.hpp>

#include <optional>
#include <string>

namespace spawnai::pipeline {

/// What a decision about another attempt depends on.
struct RepairState {
    int repairs_done = 0;
    int most_repairs = 0;
    bool simpler_done = false;
    std::optional<claude::NoAppReason> no_app{};  ///< set when the model gave no app at all
    std::string model;                            ///< of the first attempt
    bool can_escalate = false;                    ///< not pinned, and the stronger model is known to the same server
    Money left;                                   ///< of the budget, for the model
    Money likely;                                 ///< cost of another attempt with the same model
    Money likely_escalated;
};

struct NextAttempt {
    std::string model;
    bool simpler = false;
    bool escalated = false;
};

/// Repairs first, the last of them with the stronger model if the budget allows; then once the simpler prompt; then nothing.
/// A refusal is final, and a reply that was cut is not asked for at the same length again.
[[nodiscard]] std::optional<NextAttempt> decide_next(const RepairState& state);

}  // namespace spawnai::pipeline
