#include "../arguments.hpp"
#include "../context.hpp"
#include "../json_shape.hpp"
#include "../site.hpp"
#include "../table.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/pipeline/lifecycle.hpp>

#include <fmt/format.h>

#include <chrono>

namespace spawnai::cli {

namespace {

using sandbox::SandboxMetrics;

struct Options {
    std::string id;
    bool watch = false;
    bool json = false;
};

constexpr std::chrono::seconds k_period{2};

void configure(Arguments& arguments, Options& options) {
    arguments.required("ID", options.id, "id, its beginning, name or @last");
    arguments.flag("-w,--watch", options.watch, "show again every two seconds until it ends or Ctrl-C");
    arguments.flag("--json", options.json, "as an object; with --watch one a line");
}

Json measured_json(const store::Session& session, const SandboxMetrics& now) {
    const auto known = [](std::int64_t total) { return total > 0 ? Json(total) : Json(); };
    return Json{{"schemaVersion", k_schema_version},
                {"id", session.id.str()},
                {"name", session.name},
                {"time", json_time(now.time)},
                {"cpuCount", now.cpu_count},
                {"cpuUsedPercent", now.cpu_used_percent},
                {"memoryUsedBytes", now.memory_used},
                {"memoryTotalBytes", known(now.memory_total)},
                {"diskUsedBytes", now.disk_total > 0 || now.disk_used > 0 ? Json(now.disk_used) : Json()},
                {"diskTotalBytes", known(now.disk_total)}};
}

std::string share(std::int64_t used, std::int64_t total) {
    constexpr double k_mib = 1 << 20;
    const double mib = static_cast<double>(used) / k_mib;
    if (total <= 0) return used > 0 ? fmt::format("{:.1f} MiB", mib) : "-";
    return fmt::format("{:.1f} of {:.0f} MiB", mib, static_cast<double>(total) / k_mib);
}

std::string measured_text(const store::Session& session, const SandboxMetrics& now, const Terminal& terminal,
                          bool headers) {
    Table table({{"NAME", false, true}, {"CPU", true}, {"MEMORY", true}, {"DISK", true}});
    table.add({{session.name, Style::bold},
               {fmt::format("{:.1f} % of {}", now.cpu_used_percent, now.cpu_count)},
               {share(now.memory_used, now.memory_total)},
               {share(now.disk_used, now.disk_total)}});
    return table.render(terminal, headers);
}

int run(const Options& options, Context& context) {
    const store::Session session = context.resolve(options.id);
    const pipeline::Surroundings surroundings = context.site(session.provider).surroundings();
    Terminal& terminal = context.terminal();
    for (bool first = true;; first = false) {
        std::optional<SandboxMetrics> now;
        try {
            now = pipeline::measure(surroundings, session.id, context.stop());
        } catch (const Error& error) {
            // Who watches has seen figures; that there are no more is how watching ends.
            if (first || (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::usage)) throw;
            terminal.say("note: " + std::string(error.what()));
            return 0;
        }
        if (!now && !options.watch)
            throw Error(ErrorKind::unavailable, "the provider has no figures of " + session.name + " yet",
                        "try again in a few seconds");
        if (now && options.json) {
            terminal.result(dump_json(measured_json(session, *now)) + "\n");
        } else if (now) {
            const bool redraw = options.watch && terminal.out_is_tty();
            terminal.result((redraw ? "\x1b[H\x1b[2J" : "") + measured_text(session, *now, terminal, first || redraw));
        }
        if (!options.watch) return 0;
        if (!context.clock().sleep(k_period, context.stop())) return 128 + context.signal();
    }
}

}  // namespace

std::unique_ptr<Command> make_stats() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
