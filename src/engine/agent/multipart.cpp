#include "engine/agent/multipart.hpp"

#include "engine/agent/http_message.hpp"

#include <algorithm>

namespace spawnai::engine::agent {
namespace {

/// RFC 5987: charset'language'percent-encoded.
std::string extended_value(const std::string& text) {
    const std::size_t quote = text.find('\'', text.find('\'') + 1);
    if (text.find('\'') == std::string::npos || quote == std::string::npos) return text;
    return percent_decode(std::string_view(text).substr(quote + 1)).value_or(text);
}

}  // namespace

MultipartParser::MultipartParser(const std::string& boundary, Sink& sink)
    : delimiter_("\r\n--" + boundary), sink_(sink), buffer_("\r\n") {
    // The first delimiter may start the body: the line break before it is supplied here.
    if (boundary.empty() || boundary.size() > 200) state_ = State::failed;
}

void MultipartParser::feed(std::string_view bytes) {
    if (state_ == State::failed || state_ == State::epilogue) return;
    buffer_ += bytes;
    while (step()) {
    }
}

bool MultipartParser::step() {
    switch (state_) {
        case State::preamble:
            return find_delimiter(false);
        case State::content:
            return find_delimiter(true);
        case State::after_delimiter: {
            if (buffer_.size() < 2) return false;
            if (buffer_.compare(0, 2, "--") == 0) {
                state_ = State::epilogue;
                buffer_.clear();
                return false;
            }
            const std::size_t end = buffer_.find("\r\n");
            // Only white space may stand between a delimiter and the end of its line.
            const std::size_t blank = buffer_.find_first_not_of(" \t");
            if (blank != std::string::npos && blank != end &&
                !(buffer_[blank] == '\r' && blank + 1 == buffer_.size())) {
                state_ = State::failed;
                return false;
            }
            if (end == std::string::npos) {
                if (buffer_.size() > k_part_head_limit) state_ = State::failed;
                return false;
            }
            // The line break stays: a part without headers has its empty line right there.
            buffer_.erase(0, end);
            state_ = State::head;
            return true;
        }
        case State::head:
            return read_head();
        case State::epilogue:
        case State::failed:
            break;
    }
    return false;
}

bool MultipartParser::find_delimiter(bool report) {
    const std::size_t found = buffer_.find(delimiter_);
    // Up to a delimiter's length at the end may be the start of one.
    const std::size_t safe = found != std::string::npos            ? found
                             : buffer_.size() >= delimiter_.size() ? buffer_.size() - delimiter_.size() + 1
                                                                   : 0;
    if (report && safe > 0) sink_.part_data(std::string_view(buffer_).substr(0, safe));
    if (found == std::string::npos) {
        buffer_.erase(0, safe);
        return false;
    }
    buffer_.erase(0, found + delimiter_.size());
    if (report) sink_.part_end();
    state_ = State::after_delimiter;
    return true;
}

bool MultipartParser::read_head() {
    const std::size_t end = buffer_.find("\r\n\r\n");
    if (std::min(end, buffer_.size()) > k_part_head_limit) {
        state_ = State::failed;
        return false;
    }
    if (end == std::string::npos) return false;
    std::string name;
    std::string filename;
    bool has_filename = false;
    std::size_t position = 2;
    while (position < end) {
        const std::size_t stop = std::min(buffer_.find("\r\n", position), end);
        const std::string_view line = std::string_view(buffer_).substr(position, stop - position);
        position = stop + 2;
        const std::size_t colon = line.find(':');
        if (colon == std::string_view::npos) {
            state_ = State::failed;
            return false;
        }
        std::string key(line.substr(0, colon));
        std::transform(key.begin(), key.end(), key.begin(),
                       [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
        if (key != "content-disposition") continue;
        const ParameterizedValue disposition = parse_parameterized(line.substr(colon + 1));
        const auto& parameters = disposition.parameters;
        if (const auto found = parameters.find("name"); found != parameters.end()) name = found->second;
        if (const auto found = parameters.find("filename"); found != parameters.end()) {
            filename = found->second;
            has_filename = true;
        }
        if (const auto found = parameters.find("filename*"); found != parameters.end()) {
            filename = extended_value(found->second);
            has_filename = true;
        }
    }
    buffer_.erase(0, end + 4);
    sink_.part_begin(name, filename, has_filename);
    state_ = State::content;
    return true;
}

}  // namespace spawnai::engine::agent
