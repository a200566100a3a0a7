#include "spawn.hpp"

#include <spawnai/core/duration.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/keys.hpp>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <filesystem>

namespace spawnai::cli {

namespace {

constexpr int k_most_repairs = 10;
constexpr int k_highest_port = 65535;
constexpr int k_most_cpus = 1024;
constexpr std::size_t k_largest_data_file = 16U << 20U;

std::string login_name(const Environment& environment) {
    for (const char* const variable : {"LOGNAME", "USER"})
        if (const auto name = environment.get(variable)) return *name;
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr)
        return found->pw_name;
    return std::to_string(::getuid());
}

bool is_variable_name(const std::string& name) {
    return !name.empty() && std::isdigit(static_cast<unsigned char>(name[0])) == 0 &&
           std::all_of(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) != 0 || c == '_'; });
}

std::map<std::string, std::string> app_environment(const std::vector<std::string>& given,
                                                   const Environment& environment) {
    std::map<std::string, std::string> variables;
    for (const std::string& entry : given) {
        const auto equals = entry.find('=');
        const std::string name = entry.substr(0, equals);
        if (!is_variable_name(name))
            throw Error(ErrorKind::usage, "--env: '" + name + "' is not the name of a variable",
                        "write --env NAME=VALUE");
        if (Keys::canonical_name(name) == name)
            throw Error(ErrorKind::usage, "--env: " + name + " is a key of yours and does not go into a sandbox",
                        "give the app a key of its own under another name");
        if (equals != std::string::npos) {
            variables[name] = entry.substr(equals + 1);
        } else if (const auto value = environment.get(name)) {
            variables[name] = *value;
        } else {
            throw Error(ErrorKind::usage, "--env: " + name + " has no value here", "write --env " + name + "=VALUE");
        }
    }
    return variables;
}

std::vector<GeneratedFile> data_files(const std::vector<std::string>& paths) {
    std::vector<GeneratedFile> files;
    for (const std::string& path : paths) {
        const std::string name = std::filesystem::path(path).filename().string();
        if (const std::string why = check_relative_path(name); !why.empty())
            throw Error(ErrorKind::usage, fmt::format("--file: '{}' cannot lie beside an app: {}", path, why));
        const bool twice =
            std::any_of(files.begin(), files.end(), [&](const GeneratedFile& file) { return file.path == name; });
        if (twice) throw Error(ErrorKind::usage, "--file: two files are called '" + name + "'");
        try {
            files.push_back({name, read_file(path, k_largest_data_file), false});
        } catch (const Error& error) {
            throw error.within("--file");
        }
    }
    return files;
}

std::optional<Money> cap(const Config& config, std::string_view name) {
    const std::string text = config.text(name);
    return text.empty() ? std::nullopt : std::optional(Money::parse(text));
}

}  // namespace

void configure(Arguments& arguments, SpawnOptions& options) {
    arguments.rest("PROMPT", options.prompt, false,
                   "what to make; '-' reads it from standard input, '@FILE' from a file");
    arguments.choice("-t,--type", {"auto", "webapp", "api", "script"}, options.type,
                     "what kind of app; auto looks at the prompt");
    arguments.option("-m,--model", "MODEL", options.model, "model that writes it, and no other");
    arguments.option("--ttl", options.ttl, "how long it lives: 90s, 45m, 2h");
    arguments.choice("--provider", {"auto", "local", "e2b"}, options.provider,
                     "where it runs; auto is e2b when its key is set, else local");
    arguments.option("--template", "NAME", options.template_id, "sandbox template");
    arguments.option("--cpu", "N", options.cpu, 1, k_most_cpus, "virtual CPUs, where the provider lets them be chosen");
    arguments.option("--memory", "SIZE", options.memory, "memory, where the provider lets it be chosen");
    arguments.flag("--internet", options.internet, "let the app reach the network");
    arguments.flag("--no-internet", options.no_internet, "keep the app off the network");
    arguments.option("--port", "PORT", options.port, 1, k_highest_port,
                     "port that the app listens on: 3000, 8000 or 8080");
    arguments.choice("--on-timeout", {"kill", "pause"}, options.on_timeout,
                     "what happens when its time is up; a paused app wakes when its URL is opened");
    arguments.option("-f,--file", "FILE", options.files, "put this data file beside the app");
    arguments.option("-e,--env", "NAME=VALUE", options.environment,
                     "variable for the app; without =VALUE it is taken from here");
    arguments.option("--name", "NAME", options.name, "name of the session; otherwise made from the prompt");
    arguments.option("--tag", "TAG", options.tag, "tag to find it by; default: your login name");
    arguments.option("--max-cost", options.max_cost, "most that it may cost, model and sandbox, in dollars");
    arguments.option("--max-repairs", "N", options.max_repairs, 0, k_most_repairs,
                     "attempts to mend an app that fails");
    arguments.flag("--fresh", options.fresh, "write it anew even if the same request was made before");
    arguments.flag("--offline", options.offline, "use a built-in starter and ask no model");
    arguments.flag("-n,--dry-run", options.dry_run, "show plan, price and limits, and do nothing");
    arguments.flag("--open", options.open, "open it in the browser when it is ready");
    arguments.flag("--detach", options.detach, "go on in the background and print the session's name at once");
    arguments.flag("--json", options.json, "print an object instead of the URL");
    arguments.flag("--events", options.events, "print what happens as it happens, one object per line");
}

pipeline::SpawnRequest make_request(const SpawnOptions& options, std::string prompt, const Config& config,
                                    const Environment& environment) {
    if (options.internet && options.no_internet)
        throw Error(ErrorKind::usage, "--internet and --no-internet exclude each other");
    if (options.json && options.events) throw Error(ErrorKind::usage, "--json and --events exclude each other");
    if (options.cpu || options.memory)
        throw Error(
            ErrorKind::usage, std::string(options.cpu ? "--cpu" : "--memory") + " cannot be chosen for a single app",
            "on E2B the template fixes the size (see --template); local sandboxes share this machine within the "
            "engine's limits");
    pipeline::SpawnRequest request;
    request.prompt = std::move(prompt);
    request.type = parse_app_type(options.type.value_or(config.text("type")));
    request.ttl = options.ttl;
    if (!request.ttl && !config.text("ttl").empty()) request.ttl = parse_duration(config.text("ttl"));
    request.template_id = options.template_id.value_or(config.text("template"));
    if (options.internet || options.no_internet) request.internet = options.internet;
    request.port = options.port;
    request.on_timeout = options.on_timeout == "pause" ? sandbox::OnTimeout::pause : sandbox::OnTimeout::kill;
    request.data_files = data_files(options.files);
    request.environment = app_environment(options.environment, environment);
    request.name = options.name.value_or("");
    request.user_tag = options.tag.value_or(login_name(environment));
    request.model_pinned = options.model.has_value();
    request.max_cost = options.max_cost.value_or(Money::parse(config.text("max-cost")));
    request.max_repairs = options.max_repairs.value_or(static_cast<int>(config.integer("max-repairs")));
    request.fresh = options.fresh;
    request.offline = options.offline;
    request.caps = {cap(config, "daily-cap"), cap(config, "monthly-cap")};
    return request;
}

}  // namespace spawnai::cli
