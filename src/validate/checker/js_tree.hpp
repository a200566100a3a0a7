#pragma once

#include "tree.hpp"

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

    /// Nodes are made in `arena`; `text` must outlive the result and be valid UTF-8.
    Parsed parse(std::string_view text, Goal goal, Arena& arena);

 private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace spawnai::validate::checker
