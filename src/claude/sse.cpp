#include "sse.hpp"

namespace spawnai::claude {
namespace {

constexpr std::string_view k_bom = "\xEF\xBB\xBF";
constexpr std::size_t k_bom_done = 4;

}  // namespace

bool SseReader::feed(std::string_view bytes) {
    while (bom_seen_ < k_bom.size() && !bytes.empty()) {
        if (bytes.front() == k_bom[bom_seen_]) {
            ++bom_seen_;
            bytes.remove_prefix(1);
            continue;
        }
        const std::size_t matched = bom_seen_;
        bom_seen_ = k_bom_done;
        feed_lines(k_bom.substr(0, matched));
    }
    feed_lines(bytes);
    return !ended_;
}

void SseReader::feed_lines(std::string_view bytes) {
    while (!ended_ && !bytes.empty()) {
        if (after_cr_) {
            after_cr_ = false;
            if (bytes.front() == '\n') {
                bytes.remove_prefix(1);
                continue;
            }
        }
        const std::size_t end = bytes.find_first_of("\r\n");
        const std::string_view piece = bytes.substr(0, end);
        if (partial_.size() + piece.size() + data_.size() > limit_) {
            overflowed_ = ended_ = true;
            return;
        }
        if (end == std::string_view::npos) {
            partial_.append(piece);
            return;
        }
        after_cr_ = bytes[end] == '\r';
        if (partial_.empty()) {
            line(piece);
        } else {
            partial_.append(piece);
            line(partial_);
            partial_.clear();
        }
        bytes.remove_prefix(end + 1);
    }
}

void SseReader::line(std::string_view text) {
    if (text.empty()) {
        dispatch(true);
        return;
    }
    const std::size_t colon = text.find(':');
    if (colon == 0) return;
    const std::string_view field = text.substr(0, colon);
    std::string_view value = colon == std::string_view::npos ? std::string_view{} : text.substr(colon + 1);
    if (!value.empty() && value.front() == ' ') value.remove_prefix(1);
    if (field == "event") {
        name_.assign(value);
    } else if (field == "data") {
        if (has_data_) data_.push_back('\n');
        data_.append(value);
        has_data_ = true;
    }
}

void SseReader::dispatch(bool complete) {
    if (has_data_ || !name_.empty())
        if (!sink_(SseEvent{name_, data_, complete})) ended_ = true;
    name_.clear();
    data_.clear();
    has_data_ = false;
}

void SseReader::finish() {
    if (ended_) return;
    if (bom_seen_ < k_bom.size()) {
        const std::size_t matched = bom_seen_;
        bom_seen_ = k_bom_done;
        feed_lines(k_bom.substr(0, matched));
    }
    if (!partial_.empty()) line(partial_);
    partial_.clear();
    if (!ended_) dispatch(false);
    ended_ = true;
}

}  // namespace spawnai::claude
