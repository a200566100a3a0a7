#include "model_choice.hpp"

#include <spawnai/claude/claude_model.hpp>
#include <spawnai/claude/estimate.hpp>
#include <spawnai/claude/settings.hpp>
#include <spawnai/core/error.hpp>

namespace spawnai::cli {

ModelChoice choose_model(Context& context, const std::optional<std::string>& pinned, bool offline) {
    ModelChoice choice;
    const Setting& configured = context.config().get("model");
    choice.name = pinned.value_or(configured.value);
    if (offline) {
        choice.why_not = "--offline was given";
        return choice;
    }
    if (!claude::model_available(context.environment(), context.keys())) {
        choice.why_not = "no CLAUDE_API_KEY is set";
        return choice;
    }
    claude::ModelFlags flags;
    flags.model = pinned.value_or("");
    if (configured.origin != Origin::built_in) flags.configured_model = configured.value;
    claude::ModelSettings settings = claude::resolve_model_settings(context.environment(), context.keys(), flags);
    for (const std::string& warning : settings.warnings) context.terminal().say("warning: " + warning);
    const claude::ModelVerdict verdict = claude::judge_model(
        settings.model, format_rfc3339(context.clock().now()).substr(0, 10), context.prices().models);
    if (verdict.retired)
        throw Error(ErrorKind::usage, verdict.message, verdict.instead.empty() ? "" : "use -m " + verdict.instead);
    if (!verdict.message.empty()) context.terminal().say("warning: " + verdict.message);
    choice.name = settings.model;
    choice.model = claude::make_claude_model(std::move(settings), context.transport(), context.clock(), context.log(),
                                             context.prices().models);
    return choice;
}

}  // namespace spawnai::cli
