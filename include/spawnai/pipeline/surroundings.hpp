#pragma once

#include <spawnai/claude/model.hpp>
#include <spawnai/core/clock.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/core/price_table.hpp>
#include <spawnai/sandbox/provider.hpp>
#include <spawnai/store/store.hpp>

#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

namespace spawnai::pipeline {

/// What an app answered from outside.
struct ProbeAnswer {
    int status = 0;
    std::string content_type;
    std::string body;  ///< its beginning, at least 64 KiB of it if there is so much
};

/// Fetches a URL as a browser would, without following redirects. Safe from any thread.
class UrlProber {
 public:
    virtual ~UrlProber() = default;
    /// @throws Error{unavailable} when there is no answer at all, Interrupted.
    [[nodiscard]] virtual ProbeAnswer get(const std::string& url, std::stop_token stop) = 0;
};

/// Where sandboxes are made.
struct Place {
    std::string provider;  ///< "local" or "e2b": the column of that name
    std::string address;   ///< base URL of the control plane, for the row
    PlanLimits plan;       ///< limits and prices in force there
    /// Whether a sandbox of this machine lives, without asking the engine; empty for a cloud.
    std::function<bool(const SandboxId&)> is_alive{};
    /// Whether a living sandbox of this machine is paused, without asking the engine; empty for a cloud.
    std::function<bool(const SandboxId&)> is_paused{};
    [[nodiscard]] bool local() const noexcept { return provider == "local"; }
};

/// What the workflows work with. The objects outlive every call that is given them.
struct Surroundings {
    store::Store& store;
    sandbox::Provider& provider;
    Place place;
    std::filesystem::path run_dir;  ///< lock files of working spawns
    UrlProber& prober;
    claude::Model* model = nullptr;  ///< null: no model can be asked
    std::string why_no_model;        ///< then: what to tell the user, e.g. "no CLAUDE_API_KEY is set"
    const ModelPrices& model_prices = ModelPrices::built_in();
    const PriceTable& prices = PriceTable::built_in();
    const Clock& clock = system_clock();
    const Log& log;
};

}  // namespace spawnai::pipeline
