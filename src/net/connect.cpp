#include <spawnai/net/connect.hpp>

#include <array>

namespace spawnai::net {

namespace {

constexpr std::array<ConnectCode, 16> k_codes{{
    {"canceled", 499},
    {"unknown", 500},
    {"invalid_argument", 400},
    {"deadline_exceeded", 504},
    {"not_found", 404},
    {"already_exists", 409},
    {"permission_denied", 403},
    {"resource_exhausted", 429},
    {"failed_precondition", 400},
    {"aborted", 409},
    {"out_of_range", 400},
    {"unimplemented", 501},
    {"internal", 500},
    {"unavailable", 503},
    {"data_loss", 500},
    {"unauthenticated", 401},
}};

constexpr std::size_t k_head = 5;

}  // namespace

const ConnectCode* find_connect_code(std::string_view name) noexcept {
    for (const ConnectCode& code : k_codes)
        if (code.name == name) return &code;
    return nullptr;
}

std::string encode_connect_frame(std::string_view payload, std::uint8_t flags) {
    const auto size = static_cast<std::uint32_t>(payload.size());
    std::string frame;
    frame.reserve(k_head + payload.size());
    frame += static_cast<char>(flags);
    for (const unsigned shift : {24U, 16U, 8U, 0U}) frame += static_cast<char>((size >> shift) & 0xFFU);
    frame += payload;
    return frame;
}

std::optional<ConnectFrame> ConnectFrameDecoder::next() {
    if (failed_ || buffer_.size() - position_ < k_head) return std::nullopt;
    const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(buffer_[position_ + i]); };
    const std::uint8_t flags = byte(0);
    const std::size_t size = (std::size_t{byte(1)} << 24U) | (std::size_t{byte(2)} << 16U) |
                             (std::size_t{byte(3)} << 8U) | byte(4);
    // Compression is never negotiated, so a set bit is a broken or foreign stream.
    if (size > limit_ || (flags & ~ConnectFrame::k_end_of_stream) != 0) {
        failed_ = true;
        return std::nullopt;
    }
    if (buffer_.size() - position_ - k_head < size) return std::nullopt;
    ConnectFrame frame{flags, buffer_.substr(position_ + k_head, size)};
    position_ += k_head + size;
    // Moving the rest down only when half is used up keeps the cost linear in the bytes fed.
    if (position_ >= buffer_.size() / 2) {
        buffer_.erase(0, position_);
        position_ = 0;
    }
    return frame;
}

}  // namespace spawnai::net
