#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// One server-sent event. The views hold only during the callback.
struct SseEvent {
    std::string_view name;  ///< of the `event:` field; may be empty
    std::string_view data;  ///< `data:` lines joined with LF
    bool complete = true;   ///< false when the stream ended before the blank line that ends an event
};

/// Bytes in any split to events, by the WHATWG rules (LF, CR LF and lone CR end lines, one leading BOM is
/// dropped, comments are skipped). Work and memory are linear in the bytes fed. Not thread-safe.
class SseReader {
 public:
    /// Returns false to end the reading: feed() and finish() then do nothing more.
    using Sink = std::function<bool(const SseEvent&)>;

    explicit SseReader(Sink sink, std::size_t event_limit = 16U << 20U) : sink_(std::move(sink)), limit_(event_limit) {}

    /// @return false when the sink ended the reading, or an event passed the limit (see overflowed()).
    bool feed(std::string_view bytes);
    /// The stream ended: what is pending becomes an incomplete event.
    void finish();
    [[nodiscard]] bool overflowed() const noexcept { return overflowed_; }

 private:
    void feed_lines(std::string_view bytes);
    void line(std::string_view text);
    void dispatch(bool complete);

    Sink sink_;
    std::size_t limit_;
    std::string partial_;  // the line that has not ended yet
    std::string name_;
    std::string data_;
    bool has_data_ = false;
    bool after_cr_ = false;
    std::size_t bom_seen_ = 0;  // bytes of the BOM matched so far; k_bom_done once that is decided
    bool ended_ = false;
    bool overflowed_ = false;
};

}  // namespace spawnai::claude
