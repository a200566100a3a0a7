#pragma once

#include "reply_parser.hpp"

#include <spawnai/core/generated_app.hpp>

#include <string>
#include <vector>

namespace spawnai::claude {

/// An edit pair that could not be applied.
struct EditFailure {
    std::string path;
    std::string before;   ///< the lines that were to be replaced
    std::string reason;   ///< "not found", "found 3 times" ...
    std::string nearest;  ///< for "not found": the region of the file that resembles it most; may be empty
};

/// Applies what it can of `edits` to `files`, pair by pair. Old lines are looked for exactly, then without white space at the
/// line ends, then with another indentation (which the new lines take over), then without blank lines around; never by
/// similarity, and never where they occur more than once.
[[nodiscard]] std::vector<EditFailure> apply_edits(std::vector<GeneratedFile>& files,
                                                   const std::vector<FileEdit>& edits);

/// The failures as the model is told them.
[[nodiscard]] std::string describe_failures(const std::vector<EditFailure>& failures);

/// A line in `content` that stands for code left out ("... rest of the code unchanged"), or empty. Only lines that are not in
/// `previous` count.
[[nodiscard]] std::string elision(std::string_view content, std::string_view previous);

}  // namespace spawnai::claude
