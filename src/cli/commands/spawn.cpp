#include "spawn.hpp"

#include "../browser.hpp"
#include "../context.hpp"
#include "../detach.hpp"
#include "../help.hpp"
#include "../json_shape.hpp"
#include "../model_choice.hpp"
#include "../money_view.hpp"
#include "../session_view.hpp"
#include "../site.hpp"
#include "../spawn_run.hpp"
#include "factories.hpp"

#include <spawnai/billing/limits.hpp>
#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

// More than any prompt that is accepted, so that what is too long is refused by its real length.
constexpr std::size_t k_longest_input = 64U << 10U;

std::string read_prompt(const SpawnOptions& options, Terminal& terminal) {
    std::string prompt;
    for (const std::string& word : options.prompt) prompt += (prompt.empty() ? "" : " ") + word;
    if (options.prompt.size() != 1) return prompt;
    if (prompt == "-") {
        if (terminal.in_is_tty()) terminal.say("reading the prompt from the terminal, end with Ctrl-D");
        return terminal.read_input(k_longest_input);
    }
    if (prompt.size() > 1 && prompt[0] == '@') return read_file(prompt.substr(1), k_longest_input);
    return prompt;
}

// The slots of the plan as they are now; another spawn may take one before this one is made.
struct Slots {
    store::SlotUse use;
    billing::Verdict verdict;
};

Slots look_at_slots(Context& context, const PlanLimits& plan, const std::string& provider) {
    store::SlotUse use = context.store().slot_use(provider, plan.rate_window);
    use.live = pipeline::slots_taken(use, provider == "local");
    return {use, billing::check_slots({use.live, use.recent, use.oldest_recent}, plan, context.clock().now())};
}

std::string slots_text(const Slots& slots, const PlanLimits& plan) {
    std::string text = plan.concurrent > 0 ? fmt::format("{} of {} sandboxes", slots.use.live, plan.concurrent)
                                           : fmt::format("{} sandboxes, no limit", slots.use.live);
    if (plan.rate_count > 0)
        text += fmt::format(", {} of {} spawns in the last {}", slots.use.recent, plan.rate_count,
                            format_duration(plan.rate_window));
    return slots.verdict.allowed ? text : text + ": would be refused, " + slots.verdict.hint;
}

// What -n shows.
std::string plan_text(const pipeline::SpawnPlan& plan, const pipeline::SpawnRequest& request,
                      const pipeline::Place& place, const Slots& slots) {
    std::string text;
    const auto line = [&text](std::string_view name, const std::string& value) {
        text += fmt::format("{:<12}{}\n", name, value);
    };
    line("prompt", one_line(plan.prompt, 100));
    line("type", std::string(to_string(plan.type)));
    line("source", plan.explanation.empty() ? plan.source_name : one_line(plan.explanation, 200));
    line("runs on", place.provider + (place.plan.name == place.provider ? "" : ", plan " + place.plan.name) +
                        ", template " + request.template_id);
    line("lives", format_duration(plan.ttl) + (plan.internet ? ", with network" : ", without network"));
    line("estimate", fmt::format("{} (model {}{}, sandbox {} for the whole time)", plan.estimate().display(),
                                 plan.model_estimate.display(), plan.model_priced ? "" : ", price unknown",
                                 plan.sandbox_estimate.display()));
    line("at most", request.max_cost.display());
    line("in use", slots_text(slots, place.plan));
    return text;
}

Json plan_json(const pipeline::SpawnPlan& plan, const pipeline::SpawnRequest& request, const pipeline::Place& place,
               const Slots& slots) {
    return Json{{"schemaVersion", k_schema_version},
                {"dryRun", true},
                {"prompt", plan.prompt},
                {"type", to_string(plan.type)},
                {"source", to_string(plan.source)},
                {"sourceName", json_text(plan.source_name)},
                {"explanation", json_text(plan.explanation)},
                {"provider", place.provider},
                {"plan", place.plan.name},
                {"template", request.template_id},
                {"ttlSeconds", plan.ttl.count()},
                {"internet", plan.internet},
                {"modelPriced", plan.model_priced},
                {"modelEstimate", json_money(plan.model_estimate)},
                {"sandboxEstimate", json_money(plan.sandbox_estimate)},
                {"estimate", json_money(plan.estimate())},
                {"maxCost", json_money(request.max_cost)},
                {"live", slots.use.live},
                {"recent", slots.use.recent},
                {"slotFree", slots.verdict.allowed}};
}

int run(const SpawnOptions& options, Context& context) {
    Terminal& terminal = context.terminal();
    if (options.prompt.empty()) {
        throw Error(ErrorKind::usage, "there is no prompt",
                    "say what to make, for example: spawnai spawn \"todo app\"\n"
                    "'-' reads the prompt from standard input, '@FILE' from a file; all options: spawnai spawn --help");
    }
    pipeline::SpawnRequest request =
        make_request(options, read_prompt(options, terminal), context.config(), context.environment());
    const std::string provider = context.choose_provider(options.provider);
    if (options.detach && !options.dry_run) {
        // Before the first thread and the store's connection: neither survives a fork.
        if (const auto code = detach(terminal)) return *code;
    }
    const std::stop_token stop = context.stop();
    const ModelChoice choice = choose_model(context, options.model, options.offline);
    request.model = choice.name;
    Site& site = context.site(provider);
    if (options.dry_run) {
        const pipeline::SpawnPlan plan = plan_spawn(request, site.surroundings(choice.model.get(), choice.why_not));
        const Slots slots = look_at_slots(context, site.place().plan, provider);
        terminal.result(options.json ? dump_json(plan_json(plan, request, site.place(), slots)) + "\n"
                                     : plan_text(plan, request, site.place(), slots));
        return 0;
    }
    const pipeline::SpawnResult result =
        run_spawn(request, site, choice, {.json = options.json, .events = options.events}, context);
    if (options.open && !open_in_browser(result.url, context.environment()))
        terminal.say("note: there is no browser here to open it with");
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_spawn() {
    return bind_command<SpawnOptions>(&configure, &run);
}

}  // namespace spawnai::cli
