#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/claude/settings.hpp>
#include <spawnai/core/clock.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/net/http.hpp>

#include <memory>

namespace spawnai::claude {

/// The model behind a Messages API. `transport`, `clock`, `log` and `prices` must outlive it. Safe from
/// several threads at once.
[[nodiscard]] std::unique_ptr<Model> make_claude_model(ModelSettings settings, net::Transport& transport,
                                                       const Clock& clock, const Log& log,
                                                       const ModelPrices& prices = ModelPrices::built_in());

}  // namespace spawnai::claude
