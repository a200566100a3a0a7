#include <spawnai/core/embedded.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/model_prices.hpp>

#include <algorithm>

namespace spawnai {

namespace {

constexpr std::int64_t k_million = 1'000'000;

Money per_token(const JsonReader& prices, const char* key) {
    const Money per_million = Money::parse(prices.string(key));
    if (per_million.nano() % k_million != 0)
        throw Error(ErrorKind::usage, prices.path() + "." + key + " is not a whole number of nano-dollars a token");
    return Money::nano(per_million.nano() / k_million);
}

const Json& array_at(const JsonReader& holder, const char* key) {
    const JsonReader reader = holder.at(key);
    if (!reader.raw().is_array()) throw Error(ErrorKind::usage, reader.path() + " must be an array");
    return reader.raw();
}

std::vector<std::string> texts(const JsonReader& holder, const char* key) {
    std::vector<std::string> result;
    if (!holder.has(key)) return result;
    for (const Json& each : array_at(holder, key)) {
        if (!each.is_string()) throw Error(ErrorKind::usage, holder.path() + "." + key + " must hold texts");
        result.push_back(each.get<std::string>());
    }
    return result;
}

PriceLevel read_level(const JsonReader& level) {
    return PriceLevel{
        level.integer_or("up_to_input", 0),
        TokenPrices{per_token(level, "input"), per_token(level, "output"), per_token(level, "cache_write_5m"),
                    per_token(level, "cache_write_1h"), per_token(level, "cache_read")}};
}

ModelInfo read_model(const JsonReader& entry) {
    ModelInfo model;
    model.id = entry.string("id");
    model.also = texts(entry, "also");
    model.context = entry.integer("context");
    model.max_output = entry.integer("max_output");
    model.cache_minimum = entry.integer_or("cache_minimum", 0);
    model.efforts = texts(entry, "efforts");
    model.ends_on = entry.string_or("ends_on", "");
    const Json ratio = entry.raw().value("characters_per_token", Json(2.5));
    if (!ratio.is_number() || ratio.get<double>() < 0.5 || ratio.get<double>() > 20)
        throw Error(ErrorKind::usage, entry.path() + ".characters_per_token must be a number from 0.5 to 20");
    model.characters_per_token = ratio.get<double>();
    if (entry.has("prices")) {
        std::int64_t above = 0;
        for (const Json& each : array_at(entry, "prices")) {
            model.levels.push_back(read_level(JsonReader(each, entry.path() + ".prices", ErrorKind::usage)));
            const std::int64_t up_to = model.levels.back().up_to_input;
            if (above < 0 || (up_to != 0 && up_to <= above))
                throw Error(ErrorKind::usage, entry.path() + ".prices must ascend, and only the last may be open");
            above = up_to == 0 ? -1 : up_to;
        }
        if (above >= 0) throw Error(ErrorKind::usage, entry.path() + ".prices must end with an open level");
    }
    return model;
}

std::string_view without_vendor(std::string_view model) {
    const std::size_t slash = model.rfind('/');
    return slash == std::string_view::npos ? model : model.substr(slash + 1);
}

}  // namespace

TokenUsage& TokenUsage::operator+=(const TokenUsage& other) {
    input += other.input;
    output += other.output;
    cache_write += other.cache_write;
    cache_read += other.cache_read;
    cache_write_1h += other.cache_write_1h;
    certainty = std::max(certainty, other.certainty);
    return *this;
}

const ModelPrices& ModelPrices::built_in() {
    static const ModelPrices table = [] {
        for (std::size_t i = 0; i < embedded_tables::data_size; ++i)
            if (std::string_view(embedded_tables::data[i].path) == "data/prices.json")
                return parse(embedded_tables::data[i].content(), "the built-in prices");
        throw Error(ErrorKind::internal, "the built-in prices are missing");
    }();
    return table;
}

ModelPrices ModelPrices::parse(std::string_view json_text, const std::string& source) {
    const Json json = parse_json(json_text, source, ErrorKind::usage);
    const JsonReader section = JsonReader(json, source, ErrorKind::usage).at("models");
    ModelPrices table;
    table.as_of_ = section.string("as_of");
    for (const Json& each : array_at(section, "list"))
        table.models_.push_back(read_model(JsonReader(each, section.path() + ".list", ErrorKind::usage)));
    if (section.has("retired"))
        for (const Json& each : array_at(section, "retired")) {
            const JsonReader entry(each, section.path() + ".retired", ErrorKind::usage);
            table.retired_.push_back(RetiredModel{entry.string("model"), entry.string("on"), entry.string("instead")});
        }
    return table;
}

const ModelInfo* ModelPrices::find(std::string_view model) const noexcept {
    model = without_vendor(model);
    for (const ModelInfo& each : models_)
        if (each.id == model || std::find(each.also.begin(), each.also.end(), model) != each.also.end()) return &each;
    return nullptr;
}

const RetiredModel* ModelPrices::find_retired(std::string_view model) const noexcept {
    model = without_vendor(model);
    for (const RetiredModel& each : retired_) {
        const std::string_view pattern = each.pattern;
        if (pattern.ends_with('*') ? model.starts_with(pattern.substr(0, pattern.size() - 1)) : model == pattern)
            return &each;
    }
    return nullptr;
}

std::optional<std::vector<TokenCharge>> ModelPrices::charge(std::string_view model, const TokenUsage& usage) const {
    const ModelInfo* info = find(model);
    if (info == nullptr || info->levels.empty()) return std::nullopt;
    const auto level = std::find_if(info->levels.begin(), info->levels.end(), [&usage](const PriceLevel& each) {
        return each.up_to_input == 0 || usage.total_input() <= each.up_to_input;
    });
    const TokenPrices& prices = level->prices;
    std::vector<TokenCharge> charges;
    const auto add = [&charges](const char* kind, std::int64_t tokens, Money amount) {
        if (tokens > 0) charges.push_back(TokenCharge{kind, tokens, amount});
    };
    add("input", usage.input, prices.input * usage.input);
    add("output", usage.output, prices.output * usage.output);
    add("cache_write", usage.cache_write,
        prices.cache_write_5m * (usage.cache_write - usage.cache_write_1h) +
            prices.cache_write_1h * usage.cache_write_1h);
    add("cache_read", usage.cache_read, prices.cache_read * usage.cache_read);
    return charges;
}

std::optional<Money> ModelPrices::cost(std::string_view model, const TokenUsage& usage) const {
    const std::optional<std::vector<TokenCharge>> charges = charge(model, usage);
    if (!charges) return std::nullopt;
    Money sum;
    for (const TokenCharge& each : *charges) sum += each.amount;
    return sum;
}

}  // namespace spawnai
