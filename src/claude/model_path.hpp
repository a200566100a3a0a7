#pragma once

#include <string>
#include <string_view>

namespace spawnai::claude {

/// A path of a file that a model wrote: core's rules, and those that only hold for generated code (plain ASCII, no hidden
/// file that tools read keys or settings from). @return why not, or an empty text.
[[nodiscard]] std::string check_model_path(std::string_view path);

}  // namespace spawnai::claude
