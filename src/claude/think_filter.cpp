#include "think_filter.hpp"

namespace spawnai::claude {
namespace {

constexpr std::string_view k_open = "<think>";
constexpr std::string_view k_close = "</think>";

}  // namespace

void ThinkFilter::feed(std::string_view text) {
    if (text.empty()) return;
    if (state_ == State::passing) {
        sink_(text);
        return;
    }
    held_.append(text);
    if (state_ == State::undecided) {
        const std::size_t start = held_.find_first_not_of(" \t\r\n");
        if (start == std::string::npos) return;
        const std::string_view head = std::string_view(held_).substr(start);
        if (head.size() < k_open.size() && k_open.starts_with(head)) return;
        if (!head.starts_with(k_open)) {
            finish();
            return;
        }
        state_ = State::thinking;
        held_.erase(0, start + k_open.size());
    }
    const std::size_t end = held_.find(k_close);
    if (end == std::string::npos) {
        // Only so much is kept as may be the beginning of the closing tag.
        if (held_.size() >= k_close.size()) held_.erase(0, held_.size() - (k_close.size() - 1));
        return;
    }
    const std::string rest = held_.substr(end + k_close.size());
    held_.clear();
    state_ = State::passing;
    if (!rest.empty()) sink_(rest);
}

void ThinkFilter::finish() {
    if (state_ == State::undecided && !held_.empty()) sink_(held_);
    held_.clear();
    state_ = State::passing;
}

}  // namespace spawnai::claude
