#pragma once

#include "sse.hpp"
#include "surrogates.hpp"

#include <spawnai/claude/model.hpp>
#include <spawnai/core/json.hpp>

#include <cstddef>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// An error object of the API, from a body or from the stream.
struct ApiFault {
    std::string type;     ///< "overloaded_error"; empty when the server names none
    std::string message;  ///< the server's words, unsanitised
    std::string code;     ///< details.error_code
    std::string request_id;
};

/// Reads the error of a body or an event payload in any of the shapes that servers use. Never throws.
[[nodiscard]] ApiFault read_fault(const Json& payload);

/// What is known of one message while, and after, it streams.
struct Message {
    std::string id;
    std::string model;
    std::string stop_reason;  ///< foreign words mapped to the API's own; empty while there is none
    std::string refusal;      ///< category and explanation of a refusal, as far as given
    Usage usage;
    bool usage_seen = false;    ///< the server counted something other than zero
    bool output_final = false;  ///< the count of output tokens is the final one
    bool started = false;       ///< an event of a message came
    bool thinking = false;      ///< any content came, be it hidden
    bool ended = false;         ///< message_stop or [DONE] came
    std::size_t text_bytes = 0;
    std::size_t thinking_bytes = 0;
    std::size_t broken_events = 0;  ///< payloads that were not JSON
    std::optional<ApiFault> fault;  ///< an error event
};

/// Folds events into a Message and hands on its text. Not thread-safe.
class MessageFolder {
 public:
    using TextSink = std::function<void(std::string_view)>;
    explicit MessageFolder(TextSink text) : text_(std::move(text)) {}

    /// @return false after an error event: nothing that follows counts.
    bool fold(const SseEvent& event);
    /// A whole message object, from a server that does not stream.
    void fold_whole(const Json& message);
    [[nodiscard]] const Message& message() const noexcept { return message_; }

 private:
    bool fold_payload(const Json& payload, std::string_view name);
    void block(const Json& content_block);
    void delta(const Json& delta);
    void usage(const Json& usage, bool final_count);
    void stop(const Json& holder);
    void text(const Json& holder, const char* key);

    TextSink text_;
    Message message_;
    HalfJoiner halves_;
    bool marked_ = false;  // the payload at hand has marked halves
};

}  // namespace spawnai::claude
