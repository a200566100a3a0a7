#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
#include "../plural.hpp"
#include "../table.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::optional<std::string> span;
    std::optional<std::string> group;
    bool json = false;
    bool csv = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.choice(
        "--for", {"day", "week", "month", "all"}, options.span,
        "today, since Monday, since the first of the month (the default), or since the beginning; all UTC");
    arguments.choice("--by", {"model", "type", "provider", "day"}, options.group, "one line for each");
    arguments.flag("--json", options.json, "as an object");
    arguments.flag("--csv", options.csv, "as comma-separated values");
}

WallTime start_of(const std::string& span, WallTime now) {
    using std::chrono::days;
    const auto today = std::chrono::floor<days>(now);
    if (span == "day") return today;
    if (span == "week") return today - (std::chrono::weekday(today) - std::chrono::Monday);
    if (span == "month") {
        const std::chrono::year_month_day date(today);
        return std::chrono::sys_days(date.year() / date.month() / 1);
    }
    return WallTime{};
}

store::CostGroup group_of(const std::optional<std::string>& name) {
    if (!name) return store::CostGroup::none;
    if (*name == "model") return store::CostGroup::model;
    if (*name == "type") return store::CostGroup::type;
    return *name == "provider" ? store::CostGroup::provider : store::CostGroup::day;
}

Json sum_json(const store::CostSum& sum) {
    return Json{{"sessions", sum.sessions},
                {"inputTokens", sum.input_tokens},
                {"outputTokens", sum.output_tokens},
                {"model", json_money(sum.model)},
                {"sandbox", json_money(sum.sandbox)},
                {"repairs", json_money(sum.repairs)},
                {"total", json_money(sum.model + sum.sandbox)}};
}

/// What sandboxes that run have cost so far; it is booked when they end.
struct Running {
    int sessions = 0;
    Money sandbox;
};

Running running_now(Context& context, WallTime now) {
    Running running;
    for (const store::Session& session : context.store().list({.unbooked = true})) {
        if (!is_live(session.status) || !session.sandbox_id) continue;
        ++running.sessions;
        running.sandbox = running.sandbox + (present_cost(session, context, now) - session.actual_cost);
    }
    return running;
}

std::string csv_field(const std::string& text) {
    if (text.find_first_of(",\"\r\n") == std::string::npos) return text;
    std::string quoted = "\"";
    for (const char c : text) quoted += c == '"' ? std::string("\"\"") : std::string(1, c);
    return quoted + "\"";
}

int run(const Options& options, Context& context) {
    if (options.json && options.csv) throw Error(ErrorKind::usage, "--json and --csv exclude each other");
    const WallTime now = context.clock().now();
    const WallTime from = start_of(options.span.value_or("month"), now);
    // A booking that is made while we look has a later time than `now`.
    const WallTime until = now + std::chrono::minutes(1);
    store::CostSum total;
    if (const auto all = context.store().cost_sums(from, until, store::CostGroup::none); !all.empty())
        total = all.front();
    const std::vector<store::CostSum> sums = context.store().cost_sums(from, until, group_of(options.group));
    const Running running = running_now(context, now);
    Terminal& terminal = context.terminal();
    if (options.json) {
        Json groups = Json::array();
        if (options.group)
            for (const store::CostSum& sum : sums) {
                Json entry = sum_json(sum);
                entry["group"] = sum.group;
                groups.push_back(std::move(entry));
            }
        terminal.result(
            dump_json(Json{{"schemaVersion", k_schema_version},
                           {"from", options.span == "all" ? Json() : json_time(from)},
                           {"to", json_time(now)},
                           {"by", options.group ? Json(*options.group) : Json()},
                           {"groups", std::move(groups)},
                           {"total", sum_json(total)},
                           {"running", {{"sessions", running.sessions}, {"sandbox", json_money(running.sandbox)}}}}) +
            "\n");
        return 0;
    }
    if (options.csv) {
        std::string text =
            fmt::format("{},sessions,input_tokens,output_tokens,model_usd,sandbox_usd,repairs_usd,total_usd\n",
                        options.group.value_or("group"));
        for (const store::CostSum& sum : sums)
            text += fmt::format("{},{},{},{},{},{},{},{}\n", csv_field(sum.group), sum.sessions, sum.input_tokens,
                                sum.output_tokens, sum.model.str(), sum.sandbox.str(), sum.repairs.str(),
                                (sum.model + sum.sandbox).str());
        terminal.result(text);
        return 0;
    }
    // The amounts have a column MODEL of their own.
    std::string header = options.group == "model" ? "model name" : options.group.value_or("for");
    for (char& c : header) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    Table table({{header},
                 {"SESSIONS", true},
                 {"TOKENS IN", true},
                 {"TOKENS OUT", true},
                 {"MODEL", true},
                 {"REPAIRS", true},
                 {"SANDBOX", true},
                 {"TOTAL", true}});
    const auto add = [&table](const std::string& name, const store::CostSum& sum, Style style) {
        table.add({{name, style},
                   {std::to_string(sum.sessions)},
                   {std::to_string(sum.input_tokens)},
                   {std::to_string(sum.output_tokens)},
                   {sum.model.display()},
                   {sum.repairs.display(), Style::dim},
                   {sum.sandbox.display()},
                   {(sum.model + sum.sandbox).display(), style}});
    };
    if (options.group)
        for (const store::CostSum& sum : sums) add(sum.group.empty() ? "-" : sum.group, sum, Style::plain);
    add(options.group ? "total" : options.span.value_or("month"), total, Style::bold);
    terminal.result(table.render(terminal));
    if (running.sandbox > Money())
        terminal.say(fmt::format("not in it yet, because it is booked at the end: {} so far for {} that {}",
                                 running.sandbox.display(), counted(running.sessions, "app"),
                                 running.sessions == 1 ? "runs" : "run"));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_cost() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
