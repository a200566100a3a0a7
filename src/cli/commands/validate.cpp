#include "../arguments.hpp"
#include "../context.hpp"
#include "../findings_view.hpp"
#include "../json_shape.hpp"
#include "../plural.hpp"
#include "factories.hpp"

#include <spawnai/core/error.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/validate/load.hpp>
#include <spawnai/validate/report_json.hpp>
#include <spawnai/validate/validator.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::cli {

namespace {

struct Options {
    std::string path;
    std::optional<std::string> type;
    bool json = false;
};

void configure(Arguments& arguments, Options& options) {
    arguments.required("FILE|DIR", options.path, "one file, or an app's directory");
    arguments.choice(
        "-t,--type", {"webapp", "api", "script"}, options.type,
        "what it is; otherwise a page is a webapp, a package.json or requirements.txt an api, the rest a script");
    arguments.flag("--json", options.json, "as an object");
}

AppType guess_type(const std::filesystem::path& path) {
    if (std::filesystem::is_directory(path)) {
        if (std::filesystem::exists(path / "package.json") || std::filesystem::exists(path / "requirements.txt"))
            return AppType::api;
        return std::filesystem::exists(path / "index.html") ? AppType::webapp : AppType::script;
    }
    const std::string extension = ascii_lower(path.extension().string());
    return extension == ".html" || extension == ".htm" ? AppType::webapp : AppType::script;
}

int run(const Options& options, Context& context) {
    const AppType type = options.type ? *parse_app_type(*options.type) : guess_type(options.path);
    GeneratedApp app = validate::load_app_from(options.path, type);
    const validate::Report report = validate::check_app(app, {.mend = false});
    Terminal& terminal = context.terminal();
    if (options.json) {
        Json object = validate::to_json(report);
        object["schemaVersion"] = k_schema_version;
        object["type"] = to_string(type);
        terminal.result(dump_json(object) + "\n");
    } else {
        std::string text;
        for (const validate::Finding& finding : report.findings) text += finding_text(finding, terminal);
        const auto blocking = std::count_if(report.findings.begin(), report.findings.end(), [](const auto& finding) {
            return finding.severity == validate::Severity::block;
        });
        text += report.accepted()
                    ? fmt::format("{} as {}, {}\n", terminal.out_styled(Style::green, "accepted"), to_string(type),
                                  counted(static_cast<std::int64_t>(report.findings.size()), "remark"))
                    : fmt::format("{} as {}: {} blocking, {} in all\n", terminal.out_styled(Style::red, "refused"),
                                  to_string(type), blocking, report.findings.size());
        terminal.result(text);
    }
    return report.accepted() ? 0 : exit_code(ErrorKind::refused).code;
}

}  // namespace

std::unique_ptr<Command> make_validate() {
    return bind_command<Options>(&configure, &run);
}

}  // namespace spawnai::cli
