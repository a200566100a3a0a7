#include "context.hpp"

#include "site.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/engine/engine.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/store/store.hpp>

#include <unistd.h>

#include <atomic>

namespace spawnai::cli {

namespace {

// For the second Ctrl-C, which ends the process on a thread that knows nothing else.
std::atomic<Terminal*> screen{nullptr};

void leave_screen() noexcept {
    if (Terminal* const terminal = screen.load()) terminal->close_live();
}

std::optional<LogLevel> log_level(const Environment& environment, bool debug) {
    std::optional<LogLevel> level;
    if (debug || environment.get("SPAWNAI_DEBUG")) level = LogLevel::debug;
    // Other programs read LOG_LEVEL too: a word that we do not know is not ours to complain about.
    const std::string wanted = ascii_lower(environment.get_or("LOG_LEVEL", ""));
    if (wanted == "warning") return LogLevel::warn;
    for (const std::string_view known : {"debug", "info", "warn", "error"})
        if (wanted == known) return parse_log_level(wanted);
    return level;
}

}  // namespace

Context::Context(Terminal& terminal, const Environment& environment) : terminal_(terminal), environment_(environment) {}

Context::~Context() {
    screen.store(nullptr);
}

const Paths& Context::paths() {
    if (!paths_) {
        paths_ = Paths::resolve(environment_);
        engine::make_home_passable(environment_, ::geteuid());
    }
    return *paths_;
}

const Config& Context::config() {
    if (!config_) config_ = Config::load(paths().config_file, environment_);
    return *config_;
}

const Prices& Context::prices() {
    if (!prices_) {
        const std::string file = config().text("prices");
        try {
            prices_ = Prices::load(file.empty() ? std::nullopt : std::optional<std::filesystem::path>(file));
        } catch (const Error& error) {
            throw Error(ErrorKind::usage, std::string("the setting 'prices': ") + error.what(),
                        "mend that file, or `spawnai config set prices --unset`");
        }
    }
    return *prices_;
}

const Keys& Context::keys() {
    if (!keys_) keys_ = Keys::load(paths().keys_file);
    return *keys_;
}

Secret Context::key(const std::string& variable) {
    if (const auto value = environment_.get(variable)) return Secret(*value);
    return keys().get(variable).value_or(Secret());
}

const Log& Context::log() {
    if (!log_) {
        const auto level = log_level(environment_, globals_.debug);
        if (level) make_private_directories(paths().log_file.parent_path());
        log_ = level ? Log(paths().log_file, *level) : Log();
    }
    return *log_;
}

store::Store& Context::store() {
    if (!store_) store_ = std::make_unique<store::Store>(paths().store_file, clock());
    return *store_;
}

store::Session Context::resolve(const std::string& reference) {
    store::Session session = store().resolve(reference);
    set_session(session.id.str());
    return session;
}

net::Transport& Context::transport() {
    std::call_once(transport_made_, [this] { transport_ = net::make_curl_transport(environment_); });
    return *transport_;
}

std::stop_token Context::stop() {
    if (!watcher_) {
        screen.store(&terminal_);
        watcher_ = std::make_unique<InterruptWatcher>(&leave_screen);
    }
    return watcher_->token();
}

int Context::signal() const noexcept {
    return watcher_ ? watcher_->signal() : 0;
}

void Context::check_interrupt() const {
    if (watcher_) watcher_->check();
}

}  // namespace spawnai::cli
