#pragma once

#include "arguments.hpp"
#include "command.hpp"
#include "terminal.hpp"

#include <span>
#include <string>
#include <string_view>

namespace spawnai::cli {

/// `spawnai --help`: what it is, examples, the commands by group.
[[nodiscard]] std::string main_help(const Terminal& terminal);
/// `spawnai config`: the commands below a common word.
[[nodiscard]] std::string namespace_help(const Namespace& name_space, const Terminal& terminal);
/// `spawnai spawn --help`: usage, examples, options.
[[nodiscard]] std::string command_help(const CommandSpec& spec, const Arguments& arguments, const Terminal& terminal);
/// "spawnai spawn [OPTIONS] PROMPT"
[[nodiscard]] std::string usage_line(const CommandSpec& spec, const Arguments& arguments);

/// A page of `spawnai help` that is no command.
struct HelpTopic {
    std::string_view name;
    std::string_view summary;
    std::string (*text)();  ///< paragraphs and indented tables, at most 100 columns
};
[[nodiscard]] std::span<const HelpTopic> help_topics() noexcept;

/// `text` broken at blanks into lines of at most `width` characters, all but the first indented by `indent` blanks.
[[nodiscard]] std::string wrap(std::string_view text, std::size_t width, std::size_t indent);

}  // namespace spawnai::cli
