#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::claude {

/// Where a cut reply broke off.
struct Joint {
    std::string_view before;  ///< the reply so far; ends with a line feed unless `mid_line`
    bool mid_line = false;    ///< a very long line was cut and is kept
    std::string_view nonce;
    std::string_view open_path;     ///< of the file that is open; empty between files
    std::string_view open_content;  ///< what that file holds so far
};

/// Takes from the beginning of a continuation what models put there although they were asked not to: blank lines, a fence, a
/// sentence, the opening tag again, and lines that repeat the end of what was cut. What it decides needs the first lines, so
/// these are held back; everything behind them passes as it comes. Not thread-safe.
class ContinuationJoiner {
 public:
    using Sink = std::function<void(std::string_view)>;
    using Restart = std::function<void()>;

    /// `joint` must stay valid until the first lines are decided, that is until the first call of `sink` or `restart`.
    /// `restart` is called first when the continuation begins the open file anew.
    ContinuationJoiner(const Joint& joint, Sink sink, Restart restart)
        : joint_(joint), sink_(std::move(sink)), restart_(std::move(restart)) {}

    void feed(std::string_view text);
    /// The continuation ended.
    void finish();

 private:
    void decide();
    void pass(std::string_view text);
    void pass_line(std::string_view line);

    Joint joint_;
    Sink sink_;
    Restart restart_;
    std::string held_;
    std::size_t held_lines_ = 0;
    bool decided_ = false;
    bool awaits_fence_ = false;  // an opening fence was dropped, so its twin has to go too
    std::string line_;           // being collected while a twin is awaited
    std::string held_fence_;
};

/// How many lines at the beginning of `lines` repeat the end of `before`.
[[nodiscard]] std::size_t repeated_lines(std::string_view before, const std::vector<std::string_view>& lines);
/// How many characters at the beginning of `after` repeat the end of `before`, when a line was cut in its middle.
[[nodiscard]] std::size_t repeated_characters(std::string_view before, std::string_view after);

}  // namespace spawnai::claude
