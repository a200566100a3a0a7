#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace spawnai::claude {

/// Drops one `<think>...</think>` block at the very beginning of an answer (after white space): local
/// reasoning models put their thoughts into the text. Everything else passes unchanged. Not thread-safe.
class ThinkFilter {
 public:
    using Sink = std::function<void(std::string_view)>;
    explicit ThinkFilter(Sink sink) : sink_(std::move(sink)) {}

    void feed(std::string_view text);
    /// The answer ended: hands on what was held back because it might have become the tag.
    void finish();

 private:
    enum class State { undecided, thinking, passing };
    Sink sink_;
    State state_ = State::undecided;
    std::string held_;
};

}  // namespace spawnai::claude
