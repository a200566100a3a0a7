#pragma once

#include <spawnai/core/environment.hpp>

#include <string>

namespace spawnai::cli {

/// Hands `url` to BROWSER or xdg-open when there is a display. @return false when there is nothing to open it with.
bool open_in_browser(const std::string& url, const Environment& environment);

}  // namespace spawnai::cli
