#pragma once

#include <string>
#include <string_view>

namespace spawnai::engine::agent {

/// Takes multipart/form-data apart as it arrives, in pieces of any size (RFC 2046, RFC 7578). Bounded memory:
/// a part's content is handed on at once. Pure: no input or output of its own.
class MultipartParser {
 public:
    class Sink {
     public:
        virtual ~Sink() = default;
        /// A part begins. Names as given, empty when absent; `has_filename` tells a file from a field.
        virtual void part_begin(const std::string& name, const std::string& filename, bool has_filename) = 0;
        virtual void part_data(std::string_view bytes) = 0;
        virtual void part_end() = 0;
    };

    /// `boundary` as in the content type, without the dashes.
    MultipartParser(const std::string& boundary, Sink& sink);
    void feed(std::string_view bytes);
    /// The closing delimiter was seen.
    [[nodiscard]] bool complete() const noexcept { return state_ == State::epilogue; }
    [[nodiscard]] bool failed() const noexcept { return state_ == State::failed; }

    static constexpr std::size_t k_part_head_limit = 16U << 10U;

 private:
    enum class State { preamble, after_delimiter, head, content, epilogue, failed };
    bool step();
    bool find_delimiter(bool report);
    bool read_head();

    std::string delimiter_;  // CR LF dash dash boundary
    Sink& sink_;
    std::string buffer_;
    State state_ = State::preamble;
};

}  // namespace spawnai::engine::agent
