#pragma once

#include "globals.hpp"
#include "terminal.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/config.hpp>
#include <spawnai/core/environment.hpp>
#include <spawnai/core/interrupt.hpp>
#include <spawnai/core/keys.hpp>
#include <spawnai/core/log.hpp>
#include <spawnai/core/paths.hpp>
#include <spawnai/core/prices.hpp>

#include <filesystem>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

namespace spawnai::engine {
struct EngineOptions;
}
namespace spawnai::net {
class Transport;
}
namespace spawnai::store {
class Store;
struct Session;
}  // namespace spawnai::store

namespace spawnai::cli {

class Site;

/// What a command works with. Everything is built at its first use, so that a command pays only for what it needs.
/// Belongs to the main thread; what it hands out says itself what other threads may do with it.
class Context {
 public:
    Context(Terminal& terminal, const Environment& environment);
    ~Context();
    Context(const Context&) = delete;
    Context& operator=(const Context&) = delete;

    void apply(const Globals& globals) { globals_ = globals; }
    [[nodiscard]] Terminal& terminal() noexcept { return terminal_; }
    [[nodiscard]] const Environment& environment() const noexcept { return environment_; }
    [[nodiscard]] const Clock& clock() const noexcept { return system_clock(); }
    [[nodiscard]] bool verbose() const noexcept { return globals_.verbose; }

    [[nodiscard]] const Paths& paths();
    [[nodiscard]] const Config& config();
    [[nodiscard]] const Keys& keys();
    /// The built-in ones, with what the file that the configuration names says instead.
    [[nodiscard]] const Prices& prices();
    /// The value of a key by the name of its variable: the environment, else the keys file; empty when there is none.
    [[nodiscard]] Secret key(const std::string& variable);
    [[nodiscard]] const Log& log();
    [[nodiscard]] store::Store& store();
    /// The session that `reference` names; from now on the command is about it. @throws Error{not_found}, Error{usage}
    [[nodiscard]] store::Session resolve(const std::string& reference);
    /// Safe from any thread.
    [[nodiscard]] net::Transport& transport();
    /// Starts the local engine when one of `sessions` lives on it and it does not answer: the URLs that are shown must
    /// work. A machine where it cannot be started gets a warning.
    void wake_local_engine(const std::vector<store::Session>& sessions);
    [[nodiscard]] engine::EngineOptions engine_options();

    /// "local" or "e2b": `wanted` when it names one of them, else the configuration's word; "auto" is e2b when its key is
    /// known.
    [[nodiscard]] std::string choose_provider(const std::optional<std::string>& wanted);
    /// Everything that workflows need at one provider; built once.
    [[nodiscard]] Site& site(const std::string& provider);
    /// Brings live rows up to date with what is known cheaply; what could not be found out is said.
    void refresh_rows();

    /// Takes over SIGINT, SIGTERM and SIGHUP from the first call on; before it they end the process at once.
    [[nodiscard]] std::stop_token stop();
    /// The signal that came since, or 0.
    [[nodiscard]] int signal() const noexcept;
    /// @throws Interrupted
    void check_interrupt() const;

    /// The session that the command is about, for the error object of --json.
    [[nodiscard]] const std::optional<std::string>& session() const noexcept { return session_; }
    void set_session(std::string id) { session_ = std::move(id); }

 private:
    Terminal& terminal_;
    const Environment& environment_;
    Globals globals_;
    std::optional<std::string> session_;
    std::optional<Paths> paths_;
    std::optional<Config> config_;
    std::optional<Keys> keys_;
    std::optional<Prices> prices_;
    std::optional<Log> log_;
    std::unique_ptr<InterruptWatcher> watcher_;
    std::once_flag transport_made_;
    std::unique_ptr<net::Transport> transport_;
    std::unique_ptr<store::Store> store_;
    std::map<std::string, std::unique_ptr<Site>> sites_;
};

/// The place of this program's own executable.
[[nodiscard]] std::filesystem::path own_executable();
/// The agent that belongs to `executable`: SPAWNAI_AGENT, the installed one, or the one beside it in a build tree.
/// @throws Error{no_sandbox} when there is none.
[[nodiscard]] std::filesystem::path find_agent(const std::filesystem::path& executable, const Environment& environment);

}  // namespace spawnai::cli
