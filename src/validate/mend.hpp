#pragma once

#include "app_view.hpp"

#include <spawnai/core/generated_app.hpp>

#include <string>
#include <vector>

namespace spawnai::validate {

/// What was taken off a file before it was judged.
struct TextMend {
    std::string rule;
    std::string message;
    std::string hint;
};

/// Takes off what surrounds a file: a byte order mark, one markdown fence, prose around a page, a JSON object around its only text.
/// `content` is changed; the result says how, in order.
std::vector<TextMend> mend_text(FileKind kind, std::string& content);

/// Applies what the rules asked for.
void apply(const std::vector<Mend>& mends, GeneratedApp& app);

}  // namespace spawnai::validate
