#pragma once

#include <string>
#include <vector>

namespace spawnai::validate {

/// block: the app must not be deployed. warn: shown, deployed. note: something was mended or could not be
/// checked.
enum class Severity { block, warn, note };

/// One result of one rule. Texts may quote generated code: sanitise before showing them on a terminal.
struct Finding {
    std::string rule;  ///< stable id, e.g. "js-syntax"
    Severity severity = Severity::note;
    std::string file;  ///< relative path; empty when it concerns the whole app
    int line = 0;      ///< from 1; 0 when there is none
    int column = 0;    ///< from 1, in characters; 0 when there is none
    std::string message;
    std::string hint;       ///< good enough to hand to the model for repair
    bool mendable = false;  ///< blocks only because nothing was to be changed: mending puts it right
};

struct Report {
    std::vector<Finding> findings;
    [[nodiscard]] bool accepted() const noexcept {
        for (const Finding& finding : findings)
            if (finding.severity == Severity::block) return false;
        return true;
    }
    /// Refused as it stands, and accepted once what spawn mends by itself is mended.
    [[nodiscard]] bool mendable() const noexcept {
        bool any = false;
        for (const Finding& finding : findings) {
            if (finding.severity == Severity::block && !finding.mendable) return false;
            any = any || finding.mendable;
        }
        return any;
    }
};

}  // namespace spawnai::validate
