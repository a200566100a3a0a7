#pragma once

#include "deadline.hpp"
#include "tree.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace spawnai::validate::checker {

enum class Goal { script, module, function };

struct Parsed {
    enum class Status { good, broken, not_checked };
    Status status = Status::not_checked;
    Tree tree;            ///< when good
    std::string message;  ///< why not
    std::size_t at = 0;   ///< byte offset in the text, when broken
};

/// acorn in a Duktape heap. The text is data there, it is never run. One thread.
class JsParser {
 public:
    JsParser();
    ~JsParser();
    JsParser(const JsParser&) = delete;
    JsParser& operator=(const JsParser&) = delete;

    /// Nodes are made in `arena`; `text` must outlive the result and be valid UTF-8. `work` is how much may be done, in steps of
    /// the engine and so the same on every machine; what was done is taken off it. Without any left nothing is parsed.
    /// The deadline is for what steps do not measure.
    Parsed parse(std::string_view text, Goal goal, Arena& arena, const Deadline& deadline, std::uint32_t& work);

    /// Units of `work` that take about a millisecond, roughly: 1 unit is 262,144 steps.
    static constexpr std::uint32_t k_milliseconds_per_unit = 7;

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spawnai::validate::checker
