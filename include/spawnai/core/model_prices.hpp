#pragma once

#include <spawnai/core/money.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

/// Tokens of one or more calls, as a Messages API counts them. Total input is input + cache_write +
/// cache_read.
struct TokenUsage {
    std::int64_t input = 0;  ///< uncached input
    std::int64_t output = 0;
    std::int64_t cache_write = 0;  ///< all writes, whatever their time to live
    std::int64_t cache_read = 0;
    std::int64_t cache_write_1h = 0;  ///< the part of cache_write that lives for an hour
    /// estimated: the stream died before the final count, or the server counts nothing, and the figures are
    /// guessed from the length of the texts.
    enum class Certainty { exact, estimated } certainty = Certainty::exact;

    [[nodiscard]] std::int64_t total_input() const noexcept { return input + cache_write + cache_read; }
    TokenUsage& operator+=(const TokenUsage& other);
    bool operator==(const TokenUsage&) const = default;
};

/// One line of a bill. `kind` is "input", "output", "cache_write" or "cache_read".
struct TokenCharge {
    std::string kind;
    std::int64_t tokens = 0;
    Money amount;
};

/// What one token costs.
struct TokenPrices {
    Money input;
    Money output;
    Money cache_write_5m;
    Money cache_write_1h;
    Money cache_read;
};

/// Prices that hold for a request whose total input is at most `up_to_input` tokens; 0 means any.
struct PriceLevel {
    std::int64_t up_to_input = 0;
    TokenPrices prices;
};

/// What one model accepts and costs. Facts of the vendor's pages, dated by the file that they come from.
struct ModelInfo {
    std::string id;
    std::vector<std::string> also;     ///< dated names of the same model
    std::int64_t context = 0;          ///< tokens
    std::int64_t max_output = 0;       ///< tokens
    std::int64_t cache_minimum = 0;    ///< shorter prefixes are not cached
    std::vector<std::string> efforts;  ///< accepted effort levels, lowest first; empty when the parameter is refused
    std::string ends_on;               ///< "2026-11-30": announced as retiring then; empty when unknown
    std::vector<PriceLevel> levels;    ///< ascending; empty when the price is unknown
    double characters_per_token = 2.5;
};

struct RetiredModel {
    std::string pattern;  ///< an id, or a prefix that ends in '*'
    std::string retired_on;
    std::string instead;  ///< the id to suggest
};

/// The dated table of models. Immutable after it was read.
class ModelPrices {
 public:
    /// The table that is part of the binary.
    [[nodiscard]] static const ModelPrices& built_in();
    /// Reads the section "models" of a price file. `source` names it in errors. @throws Error{usage}
    [[nodiscard]] static ModelPrices parse(std::string_view json_text, const std::string& source);

    [[nodiscard]] const std::string& as_of() const noexcept { return as_of_; }
    [[nodiscard]] const std::vector<ModelInfo>& models() const noexcept { return models_; }
    [[nodiscard]] const std::vector<RetiredModel>& retired() const noexcept { return retired_; }
    /// By id or dated name; a vendor prefix ("anthropic/") is ignored. Null when the model is not in the
    /// table.
    [[nodiscard]] const ModelInfo* find(std::string_view model) const noexcept;
    [[nodiscard]] const RetiredModel* find_retired(std::string_view model) const noexcept;

    /// The bill of ONE request (price levels depend on its input, so sums of requests must be billed one by
    /// one). Empty when the model's price is unknown. Lines of zero tokens are left out.
    [[nodiscard]] std::optional<std::vector<TokenCharge>> charge(std::string_view model, const TokenUsage& usage) const;
    /// The sum of charge().
    [[nodiscard]] std::optional<Money> cost(std::string_view model, const TokenUsage& usage) const;

 private:
    std::string as_of_;
    std::vector<ModelInfo> models_;
    std::vector<RetiredModel> retired_;
};

}  // namespace spawnai
