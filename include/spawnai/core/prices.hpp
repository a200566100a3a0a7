#pragma once

#include <spawnai/core/model_prices.hpp>
#include <spawnai/core/price_table.hpp>

#include <filesystem>
#include <optional>

namespace spawnai {

/// The prices and limits in force.
struct Prices {
    PriceTable sandboxes;
    ModelPrices models;

    /// The built-in tables, with what `file` says instead: a JSON object of the same form, as small as its changes. Rows of
    /// lists are matched by their "id", "name" or "model"; new rows are added. @throws Error{usage} naming the file and the place.
    [[nodiscard]] static Prices load(const std::optional<std::filesystem::path>& file);
};

}  // namespace spawnai
