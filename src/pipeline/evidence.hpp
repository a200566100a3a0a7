#pragma once

#include <spawnai/core/error.hpp>
#include <spawnai/validate/finding.hpp>

#include <optional>
#include <string>

namespace spawnai::pipeline {

/// Why an app is not good enough: for the model to repair, and for the user when it stays so.
struct Evidence {
    ErrorKind kind = ErrorKind::not_ready;
    std::string what;              ///< one sentence: "the build failed with exit code 1"
    std::string detail;            ///< findings, compiler output, last log lines; may be long
    std::optional<int> exit_code;  ///< of a script

    /// As the model is told.
    [[nodiscard]] std::string for_model() const;
    /// As the user is told, when no repair helped.
    [[nodiscard]] Error as_error(const std::string& hint) const;
};

/// The blocking findings of a report.
[[nodiscard]] Evidence evidence_of(const validate::Report& report);

}  // namespace spawnai::pipeline
