#include "multipart.hpp"

#include <algorithm>
#include <cstring>

namespace spawnai::sandbox {

MultipartBody::MultipartBody(std::span<const FileUpload* const> files, std::string boundary)
    : boundary_(std::move(boundary)) {
    heads_.reserve(files.size() + 1);  // the pieces point into it
    for (const FileUpload* file : files) {
        heads_.push_back((heads_.empty() ? "--" : "\r\n--") + boundary_ +
                         "\r\nContent-Disposition: form-data; name=\"file\"; filename=\"" +
                         (can_name(file->path) ? file->path : "file") +
                         "\"\r\nContent-Type: application/octet-stream\r\n\r\n");
        pieces_.push_back(heads_.back());
        pieces_.push_back(file->content);
    }
    heads_.push_back("\r\n--" + boundary_ + "--\r\n");
    pieces_.push_back(heads_.back());
    for (const std::string_view piece : pieces_) size_ += piece.size();
}

std::size_t MultipartBody::read(char* buffer, std::size_t size) {
    std::size_t filled = 0;
    while (filled < size && piece_ < pieces_.size()) {
        const std::string_view rest = pieces_[piece_].substr(offset_);
        const std::size_t count = std::min(rest.size(), size - filled);
        if (count > 0) std::memcpy(buffer + filled, rest.data(), count);
        filled += count;
        offset_ += count;
        if (offset_ == pieces_[piece_].size()) {
            ++piece_;
            offset_ = 0;
        }
    }
    return filled;
}

bool MultipartBody::can_name(std::string_view path) noexcept {
    return std::none_of(path.begin(), path.end(), [](char c) {
        return c == '"' || c == '\\' || c == '%' || static_cast<unsigned char>(c) < 0x20 || c == 0x7F;
    });
}

}  // namespace spawnai::sandbox
