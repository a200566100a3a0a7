#pragma once

#include "message.hpp"
#include "request_body.hpp"

#include <spawnai/claude/model.hpp>
#include <spawnai/claude/settings.hpp>
#include <spawnai/core/clock.hpp>
#include <spawnai/core/log.hpp>

#include <atomic>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// One HTTP exchange that got as far as a message.
struct Attempt {
    Message message;
    std::string request_id;
    std::size_t request_bytes = 0;
    std::chrono::milliseconds until_text{0};
    std::chrono::milliseconds duration{0};
};

/// Told while a call runs, on the calling thread.
class CallObserver {
 public:
    virtual ~CallObserver() = default;
    /// `so_far` counts the text already. @return false to end the call.
    virtual bool on_text(std::string_view text, const Attempt& so_far) = 0;
    /// After each piece from the server. @return false to end the call.
    virtual bool on_message(const Attempt& so_far) = 0;
    /// Every attempt that may have been billed, also one that is about to be retried or to throw.
    virtual void on_attempt(const Attempt& attempt) = 0;
    virtual void on_note(const ModelNote& note) = 0;
};

struct CallResult {
    Attempt attempt;
    bool stopped = false;      ///< the observer ended it
    std::optional<Error> cut;  ///< text had come when the exchange failed; what failed
};

/// The Messages API: one call is up to three attempts, none after text came. Safe from several threads.
class MessagesClient {
 public:
    /// All references must outlive the client.
    MessagesClient(const ModelSettings& settings, net::Transport& transport, const Clock& clock, const Log& log,
                   const ModelPrices& prices)
        : settings_(settings), transport_(transport), clock_(clock), log_(log), prices_(prices) {}

    /// @throws Error, Interrupted
    [[nodiscard]] CallResult call(const CallSpec& spec, CallObserver& observer, std::stop_token stop);

 private:
    struct Exchange;
    void exchange(Exchange& exchange, CallObserver& observer, std::stop_token stop);

    const ModelSettings& settings_;
    net::Transport& transport_;
    const Clock& clock_;
    const Log& log_;
    const ModelPrices& prices_;
    std::atomic<bool> plain_{false};  // the server refused what a plain body leaves out
    std::atomic<bool> swapped_auth_{false};
};

}  // namespace spawnai::claude
