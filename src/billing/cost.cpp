#include <spawnai/billing/cost.hpp>
#include <spawnai/core/error.hpp>

namespace spawnai::billing {
namespace {

std::int64_t multiply(std::int64_t left, std::int64_t right) {
    std::int64_t product = 0;
    if (__builtin_mul_overflow(left, right, &product))
        throw Error(ErrorKind::internal, "the use of a sandbox is out of range");
    return product;
}

// price of one unit-second times unit-milliseconds, rounded up.
Money price(Money per_second, std::int64_t unit_ms, std::int64_t units_per_priced) {
    const std::int64_t divisor = 1000 * units_per_priced;
    const std::int64_t whole = unit_ms / divisor;
    const std::int64_t rest = unit_ms % divisor;
    const std::int64_t rest_nano = (multiply(per_second.nano(), rest) + divisor - 1) / divisor;
    return per_second * whole + Money::nano(rest_nano);
}

}  // namespace

SandboxBill bill_sandbox(SandboxSize size, std::chrono::milliseconds running, const SandboxRates& rates) {
    const std::int64_t ms = running.count() > 0 ? running.count() : 0;
    SandboxBill bill;
    bill.vcpu_ms = multiply(size.vcpu, ms);
    bill.mib_ms = multiply(size.memory_mib, ms);
    bill.vcpu = price(rates.per_vcpu_second, bill.vcpu_ms, 1);
    bill.memory = price(rates.per_gib_second, bill.mib_ms, 1024);
    return bill;
}

}  // namespace spawnai::billing
