#pragma once

#include <spawnai/core/generated_app.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <vector>

/// The commands that run inside a sandbox, as text for bash (pure), and the places that they use.
namespace spawnai::pipeline::shell {

inline constexpr const char* k_app_dir = "/app";
inline constexpr const char* k_state_dir = "/home/user/.spawnai";  ///< ours, beside the app
inline constexpr const char* k_server_file = "/home/user/.spawnai/static_server.py";
inline constexpr const char* k_pointer = "/home/user/.spawnai/served";  ///< what the static server serves
inline constexpr const char* k_pointer_next = "/home/user/.spawnai/served.next";
inline constexpr const char* k_page_dir = "/home/user/.spawnai/www";     ///< the page of a script's output
inline constexpr const char* k_stage_dir = "/home/user/.spawnai/stage";  ///< a new version on its way

/// Exit codes of start_app by which its outcome is told.
inline constexpr int k_app_ended = 83;
inline constexpr int k_port_silent = 84;

/// `text` as one word.
[[nodiscard]] std::string quote(std::string_view text);

/// The content of the static server's pointer file.
[[nodiscard]] std::string pointer_text(std::string_view root, std::string_view entry);

/// Makes the directories, by sudo where the template needs it.
[[nodiscard]] std::string prepare();
/// Starts the static server in the background and returns when it listens. Its request lines go to `log`.
[[nodiscard]] std::string start_static_server(int port, std::string_view log);
/// Starts `command` in its own session and returns when `port` answers (exit 0), the app ended (k_app_ended) or `patience` is
/// over (k_port_silent); then with the end of its output on stdout. Ends the app that was started before.
[[nodiscard]] std::string start_app(std::string_view command, int port, std::string_view log,
                                    std::chrono::seconds patience);
/// Runs a script to its end with its output in `log`; exits with its code.
[[nodiscard]] std::string run_script(std::string_view command, std::string_view log, std::chrono::seconds limit);
/// Installs what package.json or requirements.txt names; empty when the app has neither or they name nothing.
[[nodiscard]] std::string install(const GeneratedApp& app);
/// chmod for the files that must be executable; empty when there is none.
[[nodiscard]] std::string make_executable(const std::vector<std::string>& paths);

}  // namespace spawnai::pipeline::shell
