#include "context.hpp"
#include "site.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/net/url.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/store/store.hpp>

#include <unistd.h>

#include <algorithm>
#include <set>

namespace spawnai::cli {

namespace {

bool same_address(const std::string& left, const std::string& right) {
    try {
        const net::Url one = net::Url::parse(left);
        const net::Url other = net::Url::parse(right);
        return one.port == other.port && one.loopback() && other.loopback();
    } catch (const Error&) {
        return false;  // whoever uses the address will say what is wrong with it
    }
}

}  // namespace

void Context::wake_local_engine(const std::vector<store::Session>& sessions) {
    const bool wanted = std::any_of(sessions.begin(), sessions.end(), [](const store::Session& session) {
        const bool woken_by_visitors = session.status == store::Status::paused && session.on_timeout == "pause";
        return session.provider == "local" && (session.status == store::Status::ready || woken_by_visitors);
    });
    if (!wanted || engine::running_engine(engine::state_location(paths(), environment_, ::geteuid()))) return;
    try {
        (void)engine::ensure_engine(engine_options(), stop());
    } catch (const Error& error) {
        check_interrupt();
        terminal_.say("warning: local apps cannot be reached: " + std::string(error.what()));
    }
}

engine::EngineOptions Context::engine_options() {
    const std::filesystem::path executable = own_executable();
    engine::EngineOptions options;
    options.location = engine::state_location(paths(), environment_, ::geteuid());
    options.executable = executable;
    options.agent = find_agent(executable, environment_);
    options.environment = environment_;
    options.version = SPAWNAI_VERSION;
    options.max_sandboxes = static_cast<int>(config().integer("local.max-sandboxes"));
    options.max_lifetime = parse_duration(config().text("local.max-lifetime"));
    options.idle_exit = parse_duration(config().text("local.idle-exit"));
    return options;
}

std::string Context::choose_provider(const std::optional<std::string>& wanted) {
    std::string provider = wanted.value_or("auto");
    if (provider == "auto") provider = config().text("provider");
    if (provider == "auto") provider = key("E2B_API_KEY").empty() ? "local" : "e2b";
    // The engine's own address in E2B_API_URL is still this machine, and costs nothing.
    if (provider == "e2b") {
        const auto url = environment_.get("E2B_API_URL");
        const auto engine =
            url ? engine::running_engine(engine::state_location(paths(), environment_, ::geteuid())) : std::nullopt;
        if (engine && same_address(*url, engine->url)) provider = "local";
    }
    return provider;
}

Site& Context::site(const std::string& provider) {
    std::unique_ptr<Site>& site = sites_[provider];
    if (!site) site = std::make_unique<Site>(*this, provider);
    return *site;
}

void Context::refresh_rows() {
    store::SessionQuery live;
    for (const store::Status status : store::all_statuses())
        if (is_live(status)) live.statuses.push_back(status);
    std::set<std::string> providers;
    for (const store::Session& session : store().list(live)) providers.insert(session.provider);
    for (const std::string& provider : providers) {
        const pipeline::Reconciled found =
            pipeline::reconcile(site(provider).surroundings(), pipeline::Look::cheap, stop());
        check_interrupt();
        for (const std::string& problem : found.problems)
            terminal_.say("warning: " + sanitize_for_terminal(redact(problem)));
    }
}

std::filesystem::path own_executable() {
    return std::filesystem::read_symlink("/proc/self/exe");
}

std::filesystem::path find_agent(const std::filesystem::path& executable, const Environment& environment) {
    if (const auto given = environment.get("SPAWNAI_AGENT")) return *given;
    const std::filesystem::path folder = executable.parent_path();
    for (const std::filesystem::path& place :
         {(folder / SPAWNAI_LIBEXEC_FROM_BIN / "spawnai-agent").lexically_normal(), folder / "spawnai-agent"})
        if (::access(place.c_str(), X_OK) == 0) return place;
    throw Error(ErrorKind::no_sandbox, "the sandbox agent 'spawnai-agent' is missing from this installation",
                "install spawnai again, or set SPAWNAI_AGENT to its path");
}

}  // namespace spawnai::cli
