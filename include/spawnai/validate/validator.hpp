#pragma once

#include <spawnai/core/generated_app.hpp>
#include <spawnai/validate/finding.hpp>

namespace spawnai::validate {

/// Checks one file as it arrives, before the rest of the app is known. Never throws for bad content.
[[nodiscard]] Report check_file(const GeneratedFile& file, AppType type);

/// Checks a whole app. Mends for free what has one obvious right answer, in `app` itself, and notes it in the report.
[[nodiscard]] Report check_app(GeneratedApp& app);

}  // namespace spawnai::validate
