#include <spawnai/core/duration.hpp>
#include <spawnai/core/embedded.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/price_table.hpp>

#include <algorithm>
#include <map>

namespace spawnai {
namespace {

Money amount(const JsonReader& holder, const char* key) {
    const Money money = Money::parse(holder.string(key));
    if (money < Money{}) throw Error(ErrorKind::usage, holder.path() + "." + key + " must not be negative");
    return money;
}

std::chrono::seconds duration(const JsonReader& holder, const char* key) {
    return holder.has(key) ? parse_duration(holder.string(key)) : std::chrono::seconds(0);
}

int count(const JsonReader& holder, const char* key) {
    const std::int64_t value = holder.integer_or(key, 0);
    if (value < 0 || value > 1'000'000) throw Error(ErrorKind::usage, holder.path() + "." + key + " is out of range");
    return static_cast<int>(value);
}

PlanLimits read_plan(const JsonReader& entry, const std::map<std::string, SandboxRates>& rates) {
    PlanLimits plan;
    plan.name = entry.string("name");
    plan.concurrent = count(entry, "concurrent");
    plan.longest = duration(entry, "longest");
    plan.longest_script = duration(entry, "longest_script");
    plan.rate_count = count(entry, "rate_count");
    plan.rate_window = duration(entry, "rate_window");
    plan.created_per_second = count(entry, "created_per_second");
    plan.largest_vcpu = count(entry, "largest_vcpu");
    plan.largest_memory_mib = count(entry, "largest_memory_mib");
    plan.storage_gib = count(entry, "storage_gib");
    if (entry.has("monthly_fee")) plan.monthly_fee = amount(entry, "monthly_fee");
    const std::string name = entry.string("rates");
    const auto found = rates.find(name);
    if (found == rates.end()) throw Error(ErrorKind::usage, entry.path() + ".rates names no rates: '" + name + "'");
    plan.rates = found->second;
    return plan;
}

}  // namespace

const PriceTable& PriceTable::built_in() {
    static const PriceTable table = [] {
        for (std::size_t i = 0; i < embedded_tables::data_size; ++i)
            if (std::string_view(embedded_tables::data[i].path) == "data/prices.json")
                return parse(embedded_tables::data[i].content(), "the built-in prices");
        throw Error(ErrorKind::internal, "the built-in prices are missing");
    }();
    return table;
}

PriceTable PriceTable::parse(std::string_view json_text, const std::string& source) {
    const Json json = parse_json(json_text, source, ErrorKind::usage);
    const JsonReader whole(json, source, ErrorKind::usage);
    const JsonReader sandbox = whole.at("sandbox");
    PriceTable table;
    table.as_of_ = sandbox.string("as_of");
    const JsonReader size = sandbox.at("usual_size");
    table.usual_vcpu_ = count(size, "vcpu");
    table.usual_memory_mib_ = count(size, "memory_mib");

    std::map<std::string, SandboxRates> rates;
    const JsonReader by_name = sandbox.at("rates");
    if (!by_name.raw().is_object()) throw Error(ErrorKind::usage, by_name.path() + " must be an object");
    for (const auto& [name, value] : by_name.raw().items()) {
        const JsonReader entry(value, by_name.path() + "." + name, ErrorKind::usage);
        rates[name] = {amount(entry, "vcpu"), amount(entry, "gib")};
    }

    const JsonReader plans = whole.at("plans");
    if (!plans.raw().is_array()) throw Error(ErrorKind::usage, plans.path() + " must be an array");
    for (const Json& each : plans.raw()) {
        PlanLimits plan = read_plan(JsonReader(each, plans.path(), ErrorKind::usage), rates);
        if (std::any_of(table.plans_.begin(), table.plans_.end(),
                        [&](const auto& other) { return other.name == plan.name; }))
            throw Error(ErrorKind::usage, plans.path() + " has two plans named '" + plan.name + "'");
        table.plans_.push_back(std::move(plan));
    }
    return table;
}

const PlanLimits& PriceTable::plan(std::string_view name) const {
    std::string known;
    for (const PlanLimits& plan : plans_) {
        if (plan.name == name) return plan;
        known += (known.empty() ? "" : ", ") + plan.name;
    }
    throw Error(ErrorKind::usage, "there is no plan '" + std::string(name) + "'", "the plans are: " + known);
}

}  // namespace spawnai
