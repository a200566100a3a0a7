#pragma once

#include <spawnai/core/money.hpp>

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

/// What a running sandbox costs, by its allocated size. A paused one costs nothing.
struct SandboxRates {
    Money per_vcpu_second;
    Money per_gib_second;
};

/// What one plan allows. Zero means no limit.
struct PlanLimits {
    std::string name;  ///< "hobby", "pro", "local"
    int concurrent = 0;
    std::chrono::seconds longest{0};         ///< of one continuous run
    std::chrono::seconds longest_script{0};  ///< of a script
    int rate_count = 0;                      ///< spawns that we allow ourselves in rate_window
    std::chrono::seconds rate_window{0};
    int created_per_second = 0;  ///< sandboxes that the provider lets be created in a second
    int largest_vcpu = 0;
    std::int64_t largest_memory_mib = 0;
    double storage_gib = 0;  ///< disk that comes with a sandbox
    Money monthly_fee;
    SandboxRates rates;
};

/// Prices of sandboxes and limits of plans: the sections "sandbox" and "plans" of the dated data file. Immutable.
class PriceTable {
 public:
    /// The table that is part of the binary.
    [[nodiscard]] static const PriceTable& built_in();
    /// Reads a price file. `source` names it in errors. @throws Error{usage}
    [[nodiscard]] static PriceTable parse(std::string_view json_text, const std::string& source);

    [[nodiscard]] const std::string& as_of() const noexcept { return as_of_; }
    [[nodiscard]] const std::vector<PlanLimits>& plans() const noexcept { return plans_; }
    /// @throws Error{usage} naming the plans that there are.
    [[nodiscard]] const PlanLimits& plan(std::string_view name) const;
    /// Size that is assumed for estimates until the provider has said the real one.
    [[nodiscard]] int usual_vcpu() const noexcept { return usual_vcpu_; }
    [[nodiscard]] std::int64_t usual_memory_mib() const noexcept { return usual_memory_mib_; }

 private:
    std::string as_of_;
    std::vector<PlanLimits> plans_;
    int usual_vcpu_ = 0;
    std::int64_t usual_memory_mib_ = 0;
};

}  // namespace spawnai
