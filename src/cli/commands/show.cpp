#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../money_view.hpp"
#include "../plural.hpp"
#include "../session_view.hpp"
#include "factories.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/store/store.hpp>

#include <fmt/format.h>

namespace spawnai::cli {

namespace {

struct Options {
    std::string id;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.flag("--json", options.json, "as an object");
}

Json details_json(const store::Session& session, Context& context) {
    const store::Store& store = context.store();
    const WallTime now = context.clock().now();
    Json object{{"schemaVersion", k_schema_version}, {"session", session_json(session, now)}};
    object["session"]["cost"] = json_money(present_cost(session, context, now));
    object["timeline"] = Json::array();
    for (const store::Event& event : store.events(session.id))
        object["timeline"].push_back(
            Json{{"time", json_time(event.time)},
                 {"kind", event.kind},
                 {"message", event.message},
                 {"data", event.data.empty() ? Json() : Json::parse(event.data, nullptr, false)}});
    object["costLines"] = Json::array();
    for (const store::CostLine& line : store.cost_lines(session.id))
        object["costLines"].push_back(Json{{"time", json_time(line.time)},
                                           {"category", line.category},
                                           {"item", line.item},
                                           {"model", json_text(line.model)},
                                           {"quantity", line.quantity},
                                           {"unit", line.unit},
                                           {"attempt", line.attempt},
                                           {"amount", json_money(line.amount)}});
    object["usage"] = Json::array();
    for (const store::UsageMetric& metric : store.usage(session.id))
        object["usage"].push_back(Json{{"start", json_time(metric.start)},
                                       {"end", json_time(metric.end)},
                                       {"cpuSeconds", metric.cpu_seconds},
                                       {"memoryGbSeconds", metric.memory_gb_seconds},
                                       {"storageGb", metric.storage_gb},
                                       {"plan", metric.plan},
                                       {"cost", json_money(metric.actual_cost)}});
    object["findings"] = Json::array();
    for (const store::FindingRow& finding : store.findings(session.id))
        object["findings"].push_back(Json{{"rule", finding.rule},
                                          {"severity", finding.severity},
                                          {"file", json_text(finding.file)},
                                          {"line", finding.line > 0 ? Json(finding.line) : Json()},
                                          {"column", finding.column > 0 ? Json(finding.column) : Json()},
                                          {"message", finding.message},
                                          {"hint", json_text(finding.hint)},
                                          {"attempt", finding.attempt}});
    object["versions"] = Json::array();
    for (const store::AppVersion& version : store.versions(session.id))
        object["versions"].push_back(Json{{"number", version.number},
                                          {"createdAt", json_time(version.created_at)},
                                          {"deployedAt", json_time(version.deployed_at)},
                                          {"origin", version.origin},
                                          {"note", json_text(version.note)},
                                          {"title", json_text(version.title)},
                                          {"files", version.file_count},
                                          {"bytes", version.bytes}});
    return object;
}

std::string source_text(const store::Session& session) {
    switch (session.source) {
        case store::Source::model:
            return session.model.empty() ? "model" : session.model;
        case store::Source::store:
            return "reused from " + session.source_name.substr(0, 8);
        case store::Source::starter:
            return "built-in starter \"" + session.source_name + "\"";
    }
    return {};
}

std::string money_rows(const std::vector<store::CostLine>& lines) {
    std::string text;
    for (const store::CostLine& line : lines)
        text +=
            fmt::format("  {:<9} {:<12} {:>14} {:<8} {:>10}{}\n", line.category, line.item, line.quantity, line.unit,
                        line.amount.display(), line.attempt > 0 ? fmt::format("  repair {}", line.attempt) : "");
    return text;
}

std::string details_text(const store::Session& session, Context& context) {
    constexpr std::size_t k_wide = 400;
    const Terminal& terminal = context.terminal();
    const store::Store& store = context.store();
    const WallTime now = context.clock().now();
    std::string text;
    const auto line = [&](std::string_view name, const std::string& value) {
        if (!value.empty())
            text += fmt::format("{}{}\n", terminal.out_styled(Style::dim, fmt::format("{:<13}", name)),
                                one_line(value, k_wide));
    };
    const auto heading = [&](std::string_view name) { text += "\n" + terminal.out_styled(Style::bold, name) + "\n"; };
    text += fmt::format("{}  {}\n", terminal.out_styled(Style::bold, session.name),
                        terminal.out_styled(style_of(session.status), to_string(session.status)));
    line("url", is_live(session.status) ? session.app_url : "");
    line("id", session.id.str());
    line("prompt", session.prompt);
    line("type", std::string(to_string(session.app_type)));
    line("written by", source_text(session));
    line("created", local_time(session.created_at, now));
    if (session.ready_at)
        line("ready after",
             fmt::format("{:.1f}s", static_cast<double>((*session.ready_at - session.created_at).count()) / 1000));
    if (const auto end = kept_until(session)) line("kept until", local_time(*end, now));
    if (session.expires_at && session.status != store::Status::paused)
        line(is_live(session.status) ? "expires" : "expired",
             is_live(session.status)
                 ? fmt::format("{} (in {})", local_time(*session.expires_at, now), remaining_text(session, now))
                 : "");
    if (session.ended_at) line("ended", local_time(*session.ended_at, now));
    if (session.exit_code) line("exit code", std::to_string(*session.exit_code));
    line("runs on",
         fmt::format(
             "{}{}{}", session.provider, session.sandbox_id ? ", sandbox " + session.sandbox_id->str() : "",
             session.cpu_count > 0 ? fmt::format(", {} vCPU, {} MiB", session.cpu_count, session.memory_mib) : ""));
    line("tag", session.user_tag);
    if (session.parent) line("respawn of", session.parent->str());
    line("cost", fmt::format("{} (estimated {}, at most {})", present_cost(session, context, now).display(),
                             session.estimated_cost.display(), session.max_cost.display()));
    if (!session.error_message.empty())
        text += fmt::format("{}{}\n", terminal.out_styled(Style::dim, fmt::format("{:<13}", "error")),
                            terminal.out_styled(Style::red, one_line(session.error_message, k_wide)));

    if (const auto lines = store.cost_lines(session.id); !lines.empty()) {
        heading("Cost lines");
        text += money_rows(lines);
    }
    if (const auto findings = store.findings(session.id); !findings.empty()) {
        heading("Findings");
        for (const store::FindingRow& finding : findings)
            text += one_line(fmt::format("  {:<5} {}{}: {} [{}]", finding.severity, finding.file,
                                         finding.line > 0 ? fmt::format(":{}", finding.line) : "", finding.message,
                                         finding.rule),
                             k_wide) +
                    "\n";
    }
    if (const auto versions = store.versions(session.id); !versions.empty()) {
        heading("Versions");
        for (const store::AppVersion& version : versions)
            text += one_line(
                        fmt::format("  {:<3} {}  {:<9} {}, {}{}{}", version.number, local_time(version.created_at, now),
                                    version.origin, counted(version.file_count, "file"), counted(version.bytes, "byte"),
                                    version.number == session.app_version ? ", deployed" : "",
                                    version.note.empty() ? "" : ": " + version.note),
                        k_wide) +
                    "\n";
    }
    if (const auto events = store.events(session.id); !events.empty()) {
        heading("Timeline");
        for (const store::Event& event : events) {
            const double offset = static_cast<double>((event.time - session.created_at).count()) / 1000;
            const std::string after = offset < 600 ? fmt::format("+{:.2f}s", offset) : local_time(event.time, now);
            text += one_line(fmt::format("  {:>10}  {:<8} {}", after, event.kind, event.message), k_wide) + "\n";
        }
    }
    return text;
}

int run(const Options& options, Context& context) {
    store::Session session = context.resolve(options.id);
    if (is_live(session.status)) {
        context.refresh_rows();
        session = context.store().get(session.id);
        context.wake_local_engine({session});
    }
    context.terminal().result(options.json ? dump_json(details_json(session, context)) + "\n"
                                           : details_text(session, context));
    return 0;
}

}  // namespace

std::unique_ptr<Command> make_show() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
