// The first byte decides where the rest is split; the events must not depend on it, nor may folding them do harm.
#include "claude/message.hpp"
#include "claude/sse.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace spawnai::claude;

namespace {

struct Result {
    std::vector<std::string> events;
    std::string text;
    std::string stop_reason;
    bool operator==(const Result&) const = default;
};

Result run(std::string_view bytes, std::size_t piece) {
    Result result;
    MessageFolder folder([&](std::string_view text) { result.text += text; });
    SseReader reader(
        [&](const SseEvent& event) {
            result.events.push_back(std::string(event.name) + '\0' + std::string(event.data));
            return folder.fold(event);
        },
        1U << 16U);
    for (std::size_t at = 0; at < bytes.size(); at += piece) reader.feed(bytes.substr(at, piece));
    reader.finish();
    result.stop_reason = folder.message().stop_reason;
    return result;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2 || size > (1U << 15U)) return 0;
    const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
    const std::size_t piece = data[0] % 23 + 1;
    if (run(bytes, bytes.size()) != run(bytes, piece)) std::abort();
    return 0;
}
