#pragma once

#include "rule.hpp"

#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate::rules {

/// `word` in `text` with nothing of [A-Za-z0-9_] next to it.
[[nodiscard]] bool has_word(std::string_view text, std::string_view word);
[[nodiscard]] bool contains(std::string_view text, std::string_view part);
[[nodiscard]] bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts);
[[nodiscard]] bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words);
[[nodiscard]] bool starts_with(std::string_view text, std::string_view prefix);
[[nodiscard]] bool ends_with(std::string_view text, std::string_view suffix);

/// Host name of an absolute or scheme-relative URL in lower case, without port; empty for a relative one.
[[nodiscard]] std::string host_of(std::string_view url);
/// An http(s), ws(s) or scheme-relative URL whose host is not this machine. The host may hold unknown parts.
[[nodiscard]] bool is_external(std::string_view url);
[[nodiscard]] bool is_loopback_host(std::string_view host);
/// A literal IPv4 address other than loopback and private ones.
[[nodiscard]] bool is_public_address(std::string_view host);
/// Where anybody can have messages sent to: chat bots, web hooks, request catchers, form relays.
[[nodiscard]] bool is_drop_box(std::string_view url);

/// Every event of every file that runs or is a page.
void each_event(const AppView& app, const std::function<void(const FileView&, const Event&)>& use);
void each_event(const AppView& app, Act act, const std::function<void(const FileView&, const Event&)>& use);
/// Every folded constant of every file's code.
void each_string(const AppView& app, const std::function<void(const FileView&, const Located&)>& use);

[[nodiscard]] inline bool has_taint(const Value& value, std::uint32_t taint) {
    return (value.taint & taint) != 0;
}

/// A shell command taken apart: pipelines of commands of words. Quotes are removed, nothing is expanded.
using ShellCommand = std::vector<std::string>;
using Pipeline = std::vector<ShellCommand>;
[[nodiscard]] std::vector<Pipeline> shell_pipelines(std::string_view text);
/// Base name of the program of a command, with sudo, env, nohup, time and assignments skipped.
[[nodiscard]] std::string program_of(const ShellCommand& command);
/// Shell text of a shell or program event; empty for others.
[[nodiscard]] std::string shell_text(const Event& event);

/// Text for a message: unknown parts shown as "...", shortened.
[[nodiscard]] std::string show(std::string_view text);

[[nodiscard]] bool is_node_builtin(std::string_view module);
[[nodiscard]] bool is_python_builtin(std::string_view module);
/// "@scope/name/sub" -> "@scope/name", "name/sub" -> "name".
[[nodiscard]] std::string package_of(std::string_view module);

}  // namespace spawnai::validate::rules
