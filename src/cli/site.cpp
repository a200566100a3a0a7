#include "site.hpp"

#include "money_view.hpp"
#include "prober.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/sandbox/e2b_provider.hpp>

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

namespace spawnai::cli {

namespace {

std::string user_agent() {
    return std::string("spawnai/") + SPAWNAI_VERSION;
}

pipeline::Place local_place(Context& context) {
    const engine::StateLocation location = engine::state_location(context.paths(), context.environment(), ::geteuid());
    pipeline::Place place;
    place.provider = "local";
    place.plan = plan_limits("local", context);
    place.is_alive = [directory = location.state_dir](const SandboxId& id) {
        return engine::sandbox_alive(directory, id);
    };
    place.is_paused = [directory = location.state_dir](const SandboxId& id) {
        return engine::sandbox_paused(directory, id);
    };
    const engine::EngineStatus status = engine::engine_status(location);
    if (status.port > 0) place.address = fmt::format("http://127.0.0.1:{}", status.port);
    return place;
}

std::unique_ptr<sandbox::Provider> make_local(Context& context, std::stop_token stop) {
    const engine::EngineAddress address = engine::ensure_engine(context.engine_options(), std::move(stop));
    sandbox::E2bOptions options;
    options.api_url = address.url;
    options.sandbox_url = address.url;
    options.domain = address.domain;
    options.api_key = address.api_key;
    options.user_agent = user_agent();
    return sandbox::make_e2b_provider(std::move(options), context.transport(), context.clock());
}

sandbox::E2bOptions cloud_options(Context& context) {
    sandbox::E2bOptions options = sandbox::e2b_options(context.environment(), context.key("E2B_API_KEY"));
    options.user_agent = user_agent();
    if (options.api_key.empty())
        throw Error(ErrorKind::auth, "no E2B_API_KEY is set",
                    "set it with 'spawnai keys set e2b', or run apps on this machine: --provider local");
    const std::string& key = options.api_key.reveal();
    if (std::any_of(key.begin(), key.end(), [](char c) { return static_cast<unsigned char>(c) <= ' ' || c == '\x7f'; }))
        throw Error(ErrorKind::auth, "E2B_API_KEY has a space, a line break or a control character in it",
                    "set it again: spawnai keys set e2b");
    return options;
}

}  // namespace

Site::Site(Context& context, const std::string& provider)
    : context_(context),
      prober_(std::make_unique<HttpProber>(context)),
      provider_(provider == "local" ? DeferredProvider::Make([&context] { return make_local(context, context.stop()); })
                                    : DeferredProvider::Make([&context] {
                                          return sandbox::make_e2b_provider(cloud_options(context), context.transport(),
                                                                            context.clock());
                                      })) {
    if (provider == "local") {
        place_ = local_place(context);
    } else {
        place_.provider = provider;
        place_.address = cloud_options(context).api_url;
        place_.plan = plan_limits(context.config().text("plan"), context);
    }
}

pipeline::Surroundings Site::surroundings(claude::Model* model, std::string why_no_model) {
    return {.store = context_.store(),
            .provider = provider_,
            .place = place_,
            .run_dir = context_.paths().run_dir,
            .prober = *prober_,
            .model = model,
            .why_no_model = std::move(why_no_model),
            .model_prices = context_.prices().models,
            .prices = context_.prices().sandboxes,
            .clock = context_.clock(),
            .log = context_.log()};
}

void Site::wake() {
    if (!place_.local()) return;
    place_.address = engine::ensure_engine(context_.engine_options(), context_.stop()).url;
}

}  // namespace spawnai::cli
