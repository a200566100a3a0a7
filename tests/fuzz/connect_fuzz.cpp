// The first byte decides where the rest is split; the frames must not depend on it, and what they carry is read without harm.
#include <spawnai/core/error.hpp>
#include <spawnai/net/connect.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

using namespace spawnai;

namespace {

struct Result {
    std::vector<std::pair<std::uint8_t, std::string>> frames;
    bool failed = false;
    bool mid_frame = false;
    bool operator==(const Result&) const = default;
};

Result run(std::string_view bytes, std::size_t piece) {
    net::ConnectFrameDecoder decoder(1U << 14U);
    Result result;
    for (std::size_t at = 0; at < bytes.size(); at += piece) {
        decoder.feed(bytes.substr(at, piece));
        while (auto frame = decoder.next()) result.frames.emplace_back(frame->flags, std::move(frame->payload));
    }
    result.failed = decoder.failed();
    result.mid_frame = !result.failed && decoder.mid_frame();
    return result;
}

template <class Read>
void attempt(Read read, std::string_view payload) {
    try {
        (void)read(payload);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable) std::abort();
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > (1U << 15U)) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const Result whole = run(bytes, bytes.size());
    if (whole != run(bytes, data[0] % 23 + 1)) std::abort();
    for (const auto& [flags, payload] : whole.frames) {
        if ((flags & net::ConnectFrame::k_end_of_stream) != 0) {
            (void)sandbox::wire::parse_end_of_stream(payload);
            continue;
        }
        attempt(sandbox::wire::parse_process_event, payload);
        attempt(sandbox::wire::parse_watch_event, payload);
    }
    return 0;
}
