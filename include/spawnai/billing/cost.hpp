#pragma once

#include <spawnai/core/money.hpp>
#include <spawnai/core/price_table.hpp>

#include <chrono>
#include <cstdint>

namespace spawnai::billing {

/// Allocated size of a sandbox.
struct SandboxSize {
    int vcpu = 0;
    std::int64_t memory_mib = 0;
};

/// The bill for one stretch of running.
struct SandboxBill {
    std::int64_t vcpu_ms = 0;  ///< vCPU times milliseconds
    std::int64_t mib_ms = 0;   ///< MiB times milliseconds
    Money vcpu;
    Money memory;
    [[nodiscard]] Money total() const { return vcpu + memory; }
    [[nodiscard]] double vcpu_seconds() const noexcept { return static_cast<double>(vcpu_ms) / 1000; }
    [[nodiscard]] double gib_seconds() const noexcept { return static_cast<double>(mib_ms) / (1000.0 * 1024); }
};

/// Exact in milliseconds; amounts are rounded up to the nano-dollar, so a running cloud sandbox never costs nothing.
/// A negative duration counts as zero.
[[nodiscard]] SandboxBill bill_sandbox(SandboxSize size, std::chrono::milliseconds running, const SandboxRates& rates);

}  // namespace spawnai::billing
