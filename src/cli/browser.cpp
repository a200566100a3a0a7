#include "browser.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/subprocess.hpp>

#include <chrono>

namespace spawnai::cli {

bool open_in_browser(const std::string& url, const Environment& environment) {
    const bool display = environment.get("DISPLAY") || environment.get("WAYLAND_DISPLAY");
    std::string program = environment.get_or("BROWSER", display ? "xdg-open" : "");
    if (program.empty()) return false;
    SubprocessRequest request;
    request.argv = {program, url};
    for (const auto& [name, value] : environment.all())
        if (name.find("API_KEY") == std::string::npos && name.find("AUTH_TOKEN") == std::string::npos)
            request.environment.push_back(name + "=" + value);
    // Launchers hand over to a running browser and end; one that stays is the browser itself and is left alone in the
    // background by its launcher.
    request.timeout = std::chrono::seconds(10);
    try {
        return run_subprocess(request).exit_code == 0;
    } catch (const Error&) {
        return false;
    }
}

}  // namespace spawnai::cli
