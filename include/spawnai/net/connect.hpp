#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai::net {

/// Error codes of the Connect protocol (connectrpc.com, "Error codes"), with their unary HTTP status.
struct ConnectCode {
    std::string_view name;
    int http_status;
};
[[nodiscard]] const ConnectCode* find_connect_code(std::string_view name) noexcept;

/// One envelope of a Connect stream: a flag byte, a 4-byte big-endian length, the payload.
struct ConnectFrame {
    static constexpr std::uint8_t k_compressed = 0x01;
    static constexpr std::uint8_t k_end_of_stream = 0x02;
    std::uint8_t flags = 0;
    std::string payload;
    [[nodiscard]] bool end_of_stream() const noexcept { return (flags & k_end_of_stream) != 0; }
};

[[nodiscard]] std::string encode_connect_frame(std::string_view payload, std::uint8_t flags = 0);

/// Bytes in any split to frames. A frame larger than `limit` or with an unknown or compressed flag puts the
/// decoder into a failed state that it does not leave. Not thread-safe.
class ConnectFrameDecoder {
 public:
    explicit ConnectFrameDecoder(std::size_t limit = 16U << 20U) : limit_(limit) {}
    void feed(std::string_view bytes) { buffer_.append(bytes); }
    /// The next whole frame, or nothing until more bytes come (or after a failure).
    [[nodiscard]] std::optional<ConnectFrame> next();
    [[nodiscard]] bool failed() const noexcept { return failed_; }
    /// Bytes of an unfinished frame are waiting: at the end of a stream that means it was cut.
    [[nodiscard]] bool mid_frame() const noexcept { return position_ < buffer_.size(); }

 private:
    std::size_t limit_;
    std::string buffer_;
    std::size_t position_ = 0;
    bool failed_ = false;
};

}  // namespace spawnai::net
