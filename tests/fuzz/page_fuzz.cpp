// The readers of the checker process, without the process around them: the first byte chooses the kind of text.
#include "validate/checker/check.hpp"

#include <cstdint>
#include <string_view>

using namespace spawnai::validate;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    static checker::JsParser parser;
    static constexpr std::string_view k_kinds = "PPPJMCY";
    const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
    const checker::Reports ignored{[](const PageFacts&) {}, [](const CodeFacts&) {}, [](const CodeFacts&) {}};
    checker::check(k_kinds[data[0] % k_kinds.size()], text, parser, ignored);
    return 0;
}
