#pragma once

#include "terminal.hpp"

#include <spawnai/validate/finding.hpp>

#include <string>

namespace spawnai::cli {

/// "page.html:12:3: block: message [rule]" and the hint on a line of its own, for stdout. Sanitised.
[[nodiscard]] std::string finding_text(const validate::Finding& finding, const Terminal& terminal);

}  // namespace spawnai::cli
