#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace spawnai::engine::agent {

/// The head of an HTTP/1 request. Names of headers are in lower case, path and query are percent-decoded.
struct RequestHead {
    std::string method;
    std::string path;
    std::map<std::string, std::string> query;  ///< of a repeated name the first counts
    std::vector<std::pair<std::string, std::string>> headers;
    std::uint64_t content_length = 0;
    bool chunked = false;
    bool keep_alive = true;
    bool expects_continue = false;
    bool http_1_0 = false;

    /// The first header of this (lower case) name, or empty.
    [[nodiscard]] std::string_view header(std::string_view name) const noexcept;
    [[nodiscard]] bool has_header(std::string_view name) const noexcept;
};

struct HeadResult {
    enum class State { incomplete, complete, invalid };
    State state = State::incomplete;
    std::size_t consumed = 0;  ///< bytes of the head when complete
    RequestHead head;
    int error_status = 0;  ///< 400, 414, 431, 501 or 505 when invalid
    std::string error;
};

inline constexpr std::size_t k_head_limit = 64U << 10U;
inline constexpr std::size_t k_header_limit = 200;

/// Parses the head at the start of `bytes`, strictly: what two parsers could read in two ways is invalid.
[[nodiscard]] HeadResult parse_request_head(std::string_view bytes);

/// Takes a request's body out of the byte stream.
class BodyDecoder {
 public:
    BodyDecoder() = default;
    explicit BodyDecoder(const RequestHead& head);

    struct Step {
        std::size_t consumed = 0;  ///< of the input; 0 when more bytes are needed (or nothing remains to be done)
        std::string_view data;     ///< body bytes, part of the input
    };
    /// The next piece. Call again with what is left while something was consumed.
    [[nodiscard]] Step next(std::string_view input);
    [[nodiscard]] bool complete() const noexcept { return state_ == State::complete; }
    [[nodiscard]] bool failed() const noexcept { return state_ == State::failed; }

 private:
    enum class State { fixed, chunk_size, chunk_data, chunk_end, trailers, complete, failed };
    Step line_step(std::string_view input);
    State state_ = State::complete;
    std::uint64_t remaining_ = 0;
    std::size_t trailer_bytes_ = 0;
};

/// Percent-decoding; a malformed escape makes it empty. `plus_is_space` for query strings.
[[nodiscard]] std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space = false);

[[nodiscard]] std::string_view status_text(int status) noexcept;

/// One byte range of `Range: bytes=...` against a size: first and last byte.
struct ByteRange {
    std::uint64_t first = 0;
    std::uint64_t last = 0;
};
struct RangeResult {
    enum class State { none, satisfiable, unsatisfiable };
    State state = State::none;  ///< none: no header, several ranges or nonsense, so the whole is sent
    ByteRange range;
};
[[nodiscard]] RangeResult parse_range(std::string_view header, std::uint64_t size);

/// A header value like `form-data; name="file"; filename="a b"`: the value in lower case and its parameters.
struct ParameterizedValue {
    std::string value;
    std::map<std::string, std::string> parameters;
};
[[nodiscard]] ParameterizedValue parse_parameterized(std::string_view header);

}  // namespace spawnai::engine::agent
