#include "messages_client.hpp"

#include "api_error.hpp"
#include "clean_text.hpp"
#include "retry.hpp"
#include "think_filter.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

#include <exception>
#include <random>
#include <utility>

namespace spawnai::claude {
namespace {

using std::chrono::milliseconds;

constexpr std::size_t k_whole_message_limit = 16U << 20U;

double random_fraction() {
    thread_local std::minstd_rand generator{std::random_device{}()};
    return std::uniform_real_distribution<double>(0.0, 1.0)(generator);
}

AuthStyle other(AuthStyle style) {
    return style == AuthStyle::api_key ? AuthStyle::bearer : AuthStyle::api_key;
}

std::string media_type(const net::Response& response) {
    const std::string type = response.header("content-type").value_or("");
    return ascii_lower(trim(std::string_view(type).substr(0, type.find(';'))));
}

}  // namespace

/// One attempt, and what it came to.
struct MessagesClient::Exchange {
    net::Request request;
    SteadyTime started;
    Attempt attempt;
    net::Response response;
    std::string body;  // of an answer that is not a stream
    bool streaming = true;
    bool stopped = false;
    bool late = false;
    bool overflowed = false;
    std::optional<net::TransportError> failure;
};

void MessagesClient::exchange(Exchange& exchange, CallObserver& observer, std::stop_token stop) {
    Attempt& attempt = exchange.attempt;
    const auto elapsed = [&] { return std::chrono::duration_cast<milliseconds>(clock_.steady() - exchange.started); };
    bool wanted = true;
    const MessageFolder* source = nullptr;
    const auto deliver = [&](std::string_view text) {
        if (attempt.until_text.count() == 0) attempt.until_text = std::max(elapsed(), milliseconds(1));
        attempt.message = source->message();
        if (wanted) wanted = observer.on_text(text, attempt);
    };
    ThinkFilter filter(deliver);
    // Anthropic's models keep their thoughts out of the text, so what looks like a thought there is content.
    const bool filtered = !settings_.official;
    MessageFolder folder([&](std::string_view text) { filtered ? filter.feed(text) : deliver(text); });
    source = &folder;
    SseReader reader([&](const SseEvent& event) { return folder.fold(event) && wanted; });

    const auto head = [&](const net::Response& response) {
        const std::string type = media_type(response);
        exchange.streaming = type != "application/json" && type != "text/html";
        for (const char* const name : {"request-id", "x-request-id", "x-generation-id"})
            if (const auto id = response.header(name); id && attempt.request_id.empty()) attempt.request_id = *id;
    };
    const auto take = [&](std::string_view piece) {
        if (!exchange.streaming) {
            exchange.body.append(piece);
            exchange.overflowed = exchange.body.size() > k_whole_message_limit;
            return !exchange.overflowed;
        }
        const bool more = reader.feed(piece);
        exchange.overflowed = reader.overflowed();
        attempt.message = folder.message();
        attempt.duration = elapsed();
        if (!more) {
            exchange.stopped = !wanted;
            return false;
        }
        // Pings keep a connection alive, not a user's patience.
        exchange.late = !attempt.message.thinking && attempt.duration > settings_.first_token;
        if (exchange.late) return false;
        exchange.stopped = !observer.on_message(attempt);
        // Some servers leave the connection open behind the last event.
        return !exchange.stopped && !attempt.message.ended;
    };
    // What an observer throws must not pass through the transport, which may be a C library.
    std::exception_ptr thrown;
    const auto body = [&](std::string_view piece) {
        try {
            return take(piece);
        } catch (...) {
            thrown = std::current_exception();
            return false;
        }
    };
    try {
        exchange.response = transport_.stream(exchange.request, head, body, stop);
    } catch (const net::TransportError& error) {
        exchange.failure = error;
    } catch (const Interrupted&) {
        thrown = std::current_exception();
    }
    const bool whole = !exchange.streaming && !exchange.failure && !thrown && !exchange.overflowed &&
                       media_type(exchange.response) == "application/json";
    if (whole) {
        const Json message = Json::parse(valid_utf8(exchange.body), nullptr, false);
        if (message.is_object() && message.contains("content"))
            folder.fold_whole(message);
        else if (message.is_object())
            folder.fold(SseEvent{"", exchange.body, true});
    }
    if (!exchange.stopped && !thrown) {
        reader.finish();
        if (filtered) filter.finish();
        exchange.stopped = !wanted;
    }
    attempt.message = folder.message();
    attempt.duration = elapsed();
    if (attempt.message.started) observer.on_attempt(attempt);
    if (thrown) std::rethrow_exception(thrown);
}

CallResult MessagesClient::call(const CallSpec& spec, CallObserver& observer, std::stop_token stop) {
    AuthStyle auth = settings_.credential ? settings_.credential->style : AuthStyle::api_key;
    if (swapped_auth_) auth = other(auth);
    int attempts = 0;
    bool plain = plain_;
    while (true) {
        Exchange exchange;
        const std::string body = request_body(spec, plain);
        exchange.request = http_request(body, settings_, auth);
        exchange.attempt.request_bytes = body.size();
        exchange.started = clock_.steady();
        ++attempts;
        this->exchange(exchange, observer, stop);

        const Message& message = exchange.attempt.message;
        const int status = exchange.response.status;
        log_.write(LogLevel::info, "model.attempt",
                   Json{{"model", spec.model},
                        {"status", status},
                        {"request_id", exchange.attempt.request_id},
                        {"stop_reason", message.stop_reason},
                        {"text_bytes", message.text_bytes},
                        {"output_tokens", message.usage.output},
                        {"broken_events", message.broken_events},
                        {"milliseconds", exchange.attempt.duration.count()},
                        {"failure", exchange.failure ? exchange.failure->what() : ""}});
        if (exchange.stopped) return CallResult{exchange.attempt, true, std::nullopt};

        // What went wrong, if anything did.
        std::optional<Error> failure;
        bool again = false;
        bool overloaded = false;
        std::optional<milliseconds> asked;
        const bool finished = !message.fault && (!message.stop_reason.empty() || message.ended);
        if (exchange.failure && !finished) {
            failure = *exchange.failure;
            again = worth_retrying(exchange.failure->fault());
        } else if (exchange.late) {
            failure = Error(ErrorKind::unavailable,
                            fmt::format("{} sent nothing of an answer within {} s", settings_.base_url,
                                        settings_.first_token.count() / 1000),
                            "run the command again, or choose a faster model with -m");
            again = true;
        } else if (!exchange.failure && (status < 200 || status >= 300)) {
            const ApiFault fault = read_fault(exchange.response);
            if (status == 401 && settings_.official && settings_.credential && !swapped_auth_) {
                swapped_auth_ = true;
                auth = other(auth);
                --attempts;
                continue;
            }
            // A server of another make may not know what an Anthropic body may hold; without it, the answer is the same.
            if (status == 400 && !plain && is_claude(spec.model) &&
                (fault.type.empty() || fault.type == "invalid_request_error") && !spent_allowance(fault)) {
                plain = true;
                --attempts;
                observer.on_note({ModelNote::Kind::degraded, fault.message, 1, milliseconds(0)});
                continue;
            }
            failure = to_error(status, fault, spec.model, settings_, prices_);
            again = worth_retrying(status, fault, &exchange.response);
            overloaded = status == 529 || fault.type == "overloaded_error";
            asked = requested_wait(exchange.response, clock_.now());
        } else if (message.fault) {
            failure = to_error(0, *message.fault, spec.model, settings_, prices_);
            again = worth_retrying(0, *message.fault, nullptr);
            overloaded = message.fault->type == "overloaded_error";
        } else if (exchange.overflowed) {
            failure = Error(ErrorKind::unavailable,
                            fmt::format("{} sent an event that is larger than any answer", settings_.base_url));
        } else if (!message.started && !exchange.streaming) {
            failure = wrong_server(exchange.body.substr(0, 1000), settings_);
        } else if (!message.started || !finished) {
            failure = Error(ErrorKind::unavailable,
                            fmt::format("{} ended its answer {}", settings_.base_url,
                                        message.started ? "in the middle" : "before it began"),
                            "run the command again");
            again = true;
        } else if (settings_.official && message.broken_events > 0) {
            failure = Error(ErrorKind::unavailable, fmt::format("{} sent a damaged event stream", settings_.base_url),
                            "run the command again");
            again = true;
        }
        if (!failure) {
            plain_ = plain;
            return CallResult{exchange.attempt, false, std::nullopt};
        }

        if (message.text_bytes > 0) {
            if (!again) throw *failure;
            return CallResult{exchange.attempt, false, failure};
        }
        if (!again || attempts >= k_attempts) throw *failure;
        const milliseconds wait = asked ? *asked : backoff(attempts - 1, overloaded, random_fraction());
        if (wait > k_longest_wait)
            throw Error(failure->kind(), failure->what(),
                        fmt::format("the server asks to wait {} s: run the command again after that",
                                    std::chrono::ceil<std::chrono::seconds>(wait).count()));
        observer.on_note({ModelNote::Kind::retrying, failure->what(), attempts, wait});
        if (!clock_.sleep(wait, stop)) throw Interrupted(0);
    }
}

}  // namespace spawnai::claude
