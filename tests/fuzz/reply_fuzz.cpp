// A reply in any split gives the same files; none of them has a path that leaves the app, or more content than is allowed. A
// reply that is cut anywhere and joined again is no danger either.
#include "claude/continuation.hpp"
#include "claude/edits.hpp"
#include "claude/model_path.hpp"
#include "claude/reply_parser.hpp"

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

constexpr std::string_view k_nonce = "k7q2";

struct Result {
    std::vector<std::string> emitted;
    std::string open;
    std::string fatal;
    std::size_t edits = 0;
    bool operator==(const Result&) const = default;
};

void require(bool condition) {
    if (!condition) std::abort();
}

Result run(std::string_view text, std::size_t piece, std::string_view nonce) {
    ReplyLimits limits;
    limits.files = 10;
    limits.file_bytes = 4096;
    limits.total_bytes = 16384;
    Result result;
    ReplyParser parser(
        nonce,
        [&](const GeneratedFile& file) {
            require(check_model_path(file.path).empty());
            require(file.content.size() <= limits.file_bytes);
            result.emitted.push_back(file.path + '\0' + file.content);
        },
        limits);
    for (std::size_t at = 0; at < text.size(); at += piece) parser.feed(text.substr(at, piece));
    parser.finish();
    require(parser.reply().files.size() <= limits.files);
    require(parser.reply().commentary.size() <= 4096);
    for (const std::string& path : parser.reply().deletions) require(check_model_path(path).empty());
    std::vector<GeneratedFile> files = parser.reply().files;
    (void)describe_failures(apply_edits(files, parser.reply().edits));
    (void)parser.missing();
    result.open = parser.open_path();
    result.fatal = parser.reply().fatal;
    result.edits = parser.reply().edits.size();
    return result;
}

std::string join(std::string_view before, std::string_view after, std::size_t piece, bool mid_line) {
    std::string text;
    ContinuationJoiner joiner(
        Joint{before, mid_line, k_nonce, "index.html", before}, [&](std::string_view more) { text += more; }, [] {});
    for (std::size_t at = 0; at < after.size(); at += piece) joiner.feed(after.substr(at, piece));
    joiner.finish();
    require(text.size() <= after.size());
    return text;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 3 || size > (1U << 15U)) return 0;
    const std::string_view text(reinterpret_cast<const char*>(data) + 2, size - 2);
    const std::size_t piece = data[0] % 29 + 1;
    require(run(text, text.size(), k_nonce) == run(text, piece, k_nonce));
    if (const auto suffix = find_any_tag_suffix(text)) (void)run(text, piece, *suffix);
    for (const AppType type : {AppType::webapp, AppType::api, AppType::script})
        if (const auto file = file_from_untagged(text, type)) require(check_model_path(file->path).empty());
    const std::size_t cut = text.size() * data[1] / 256;
    const std::size_t line = text.substr(0, cut).rfind('\n');
    const std::string_view before = text.substr(0, line == std::string_view::npos ? 0 : line + 1);
    const std::string_view after = text.substr(cut);
    const bool mid_line = (data[0] & 1U) != 0;
    require(join(before, after, after.size() + 1, mid_line) == join(before, after, piece, mid_line));
    return 0;
}
