#include "syntax_appeal.hpp"

#include <map>

namespace spawnai::pipeline {

void appeal_syntax(validate::Report& report, const GeneratedApp& app, Deployment& deployment,
                   const std::stop_token& stop) {
    std::map<std::string, bool> parses;
    for (validate::Finding& finding : report.findings) {
        if (finding.rule != "js-syntax" || finding.severity != validate::Severity::block) continue;
        const GeneratedFile* file = app.find(finding.file);
        const bool script = file != nullptr && (file->path.ends_with(".js") || file->path.ends_with(".mjs") ||
                                                file->path.ends_with(".cjs"));
        if (!script) continue;
        const auto known = parses.find(file->path);
        const bool accepted = known != parses.end() ? known->second : deployment.node_parses(*file, stop);
        parses[file->path] = accepted;
        if (!accepted) continue;
        finding.severity = validate::Severity::warn;
        finding.message += " (the sandbox's Node accepts it)";
    }
}

}  // namespace spawnai::pipeline
