#pragma once

#include <spawnai/validate/finding.hpp>

#include <span>
#include <string>
#include <string_view>

namespace spawnai::validate {

/// What the manual says about one rule.
struct RuleInfo {
    std::string_view id;     ///< stable, kebab-case: the `code` of its findings
    Severity severity;       ///< the strongest that it gives
    std::string_view group;  ///< "text", "page", "api" ...
    std::string_view what;   ///< one sentence: what it looks for
    std::string_view why;    ///< one sentence: why that is worth a finding
};

/// Every rule, in the order in which they run.
[[nodiscard]] std::span<const RuleInfo> all_rules();

/// docs/validation-rules.md, from all_rules().
[[nodiscard]] std::string rules_markdown();

}  // namespace spawnai::validate
