#pragma once

#include <spawnai/core/generated_app.hpp>
#include <spawnai/validate/finding.hpp>

namespace spawnai::validate {

struct CheckOptions {
    /// Mend, in the app itself, what has one obvious right answer, and note it. When false the app is judged as it stands:
    /// what would have been mended is then a blocking finding of the same rule.
    bool mend = true;
    /// The visitor or the sandbox has no network by policy: a script or style from elsewhere blocks instead of warning.
    bool offline = false;
};

/// Checks one file as it arrives, before the rest of the app is known: only what no other file can put right.
/// Never throws for bad content. Safe from any thread.
[[nodiscard]] Report check_file(const GeneratedFile& file, AppType type);

/// Checks a whole app; see CheckOptions::mend for what may change in `app`. Never throws for bad content. Safe from any
/// thread. Findings are sorted: blocking ones first, then by file and line.
[[nodiscard]] Report check_app(GeneratedApp& app, const CheckOptions& options = {});

}  // namespace spawnai::validate
