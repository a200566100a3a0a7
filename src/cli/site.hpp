#pragma once

#include "context.hpp"
#include "deferred_provider.hpp"

#include <spawnai/pipeline/surroundings.hpp>

#include <memory>
#include <string>

namespace spawnai::cli {

/// One provider, and all that workflows need to act there. Building it touches neither network nor engine; the first call
/// of its provider does. Lives as long as its Context.
class Site {
 public:
    /// `provider` is "local" or "e2b". @throws Error{auth} when its key is missing, Error{usage}
    Site(Context& context, const std::string& provider);

    /// For work with sandboxes that are there.
    [[nodiscard]] pipeline::Surroundings surroundings() { return surroundings(nullptr, {}); }
    /// For making apps. `model` may be null: then `why_no_model` says why.
    [[nodiscard]] pipeline::Surroundings surroundings(claude::Model* model, std::string why_no_model);
    [[nodiscard]] const pipeline::Place& place() const noexcept { return place_; }
    /// Starts the local engine if this is one: what then follows finds it warm, and a machine that cannot make sandboxes
    /// says so before a model was paid. @throws Error{no_sandbox}, Error{unavailable}
    void wake();

 private:
    Context& context_;
    pipeline::Place place_;
    std::unique_ptr<pipeline::UrlProber> prober_;
    DeferredProvider provider_;
};

}  // namespace spawnai::cli
