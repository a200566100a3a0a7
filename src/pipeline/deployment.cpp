#include "deployment.hpp"

#include "shell.hpp"
#include "stop_after.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/embedded.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <csignal>

namespace spawnai::pipeline {
namespace {

using sandbox::wire::k_app_log;
using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr auto k_start_patience = seconds(30);
constexpr auto k_work_limit = minutes(5);       // of an install or a build
constexpr auto k_comeback_limit = seconds(20);  // for the earlier version, after an interruption
constexpr std::size_t k_output_kept = 64U << 10U;

std::string absolute(std::string_view path) {
    return fmt::format("{}/{}", shell::k_app_dir, path);
}

std::string fingerprint(const GeneratedFile& file) {
    return (file.executable ? "x" : "-") + sha256_raw(file.content);
}

std::string dependency_fingerprint(const GeneratedApp& app) {
    std::string text;
    for (const char* name : {"package.json", "package-lock.json", "requirements.txt"})
        if (const GeneratedFile* file = app.find(name)) text += sha256_hex(file->content);
    return text;
}

std::string_view embedded(std::string_view path) {
    for (std::size_t i = 0; i < embedded_tables::data_size; ++i)
        if (path == embedded_tables::data[i].path) return embedded_tables::data[i].content();
    throw Error(ErrorKind::internal, fmt::format("{} is not part of this program", path));
}

std::string ended_how(const sandbox::ExitStatus& status) {
    return status.code >= 0 ? fmt::format("with exit code {}", status.code) : fmt::format("by {}", status.text);
}

void escape_html(std::string_view text, std::string& out) {
    for (const char c : text) {
        switch (c) {
            case '&':
                out += "&amp;";
                break;
            case '<':
                out += "&lt;";
                break;
            case '>':
                out += "&gt;";
                break;
            case '"':
                out += "&quot;";
                break;
            default:
                out += c;
        }
    }
}

}  // namespace

std::string script_page(std::string_view title, int exit_code, std::string_view output) {
    std::string page =
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>";
    escape_html(one_line(title.empty() ? "Script" : title, 120), page);
    page +=
        "</title><style>:root{color-scheme:light dark}body{font:16px/1.5 "
        "system-ui,sans-serif;max-width:70rem;margin:2rem auto;"
        "padding:0 1rem}pre{padding:1rem;overflow:auto;border:1px solid #8886;border-radius:.5rem;"
        "font:14px/1.45 ui-monospace,monospace;white-space:pre-wrap;overflow-wrap:anywhere}</style></head>\n<body><h1>";
    escape_html(one_line(title.empty() ? "Script" : title, 120), page);
    page += fmt::format("</h1>\n<p>Exit code {}</p>\n<pre>", exit_code);
    escape_html(sanitize_for_terminal(output), page);
    return page + "</pre>\n</body></html>\n";
}

std::optional<std::string> judge_answer(AppType type, const ProbeAnswer& answer, std::string_view page) {
    if (answer.status < 200 || answer.status > 399) return fmt::format("it answers with status {}", answer.status);
    const bool redirects = answer.status >= 300;
    if (type == AppType::api) {
        if (answer.body.empty() && !redirects && answer.status != 204) return "its answer is empty";
        return std::nullopt;
    }
    if (redirects) return fmt::format("it answers with status {} instead of the page", answer.status);
    if (answer.body.empty()) return "its page is empty";
    if (ascii_lower(answer.content_type).find("html") == std::string::npos)
        return fmt::format("it answers with type '{}' instead of an HTML page", one_line(answer.content_type, 60));
    // A long page comes back cut.
    if (answer.body.size() > page.size() || page.substr(0, answer.body.size()) != answer.body ||
        (answer.body.size() < page.size() && answer.body.size() < (64U << 10U)))
        return "it answers with another page than the one that was written";
    return std::nullopt;
}

Deployment::Ran Deployment::run(const std::string& command, milliseconds timeout, const GeneratedApp* app,
                                const std::stop_token& stop) {
    sandbox::Command request{.shell = command, .timeout = timeout};
    if (app != nullptr) request.environment = {{"PORT", std::to_string(port(*app))}, {"HOST", "0.0.0.0"}};
    Ran ran;
    ran.status = sandbox_.run(
        request,
        [&](sandbox::Stream, std::string_view piece) {
            ran.output.append(piece);
            if (ran.output.size() > 2 * k_output_kept) ran.output.erase(0, ran.output.size() - k_output_kept);
        },
        stop);
    return ran;
}

bool Deployment::node_parses(const GeneratedFile& file, const std::stop_token& stop) {
    // The name decides how Node reads it; under its own name a broken module passes.
    const std::string name = fmt::format("{}/parse", shell::k_stage_dir);
    const std::vector<sandbox::FileUpload> copies{{name + ".cjs", file.content}, {name + ".mjs", file.content}};
    sandbox_.write_files(copies, stop);
    const bool module = file.path.ends_with(".mjs");
    const bool common = file.path.ends_with(".cjs");
    std::string command = fmt::format("node --check {0}.{1}", name, module ? "mjs" : "cjs");
    if (!module && !common) command += fmt::format(" || node --check {}.mjs", name);
    return run(command, seconds(20), nullptr, stop).status.success();
}

int Deployment::port(const GeneratedApp& app) const {
    // The static server was started before the app was known.
    if (options_.type != AppType::api) return options_.port.value_or(3000);
    return options_.port.value_or(app.port);
}

void Deployment::prepare(const std::stop_token& stop) {
    const sandbox::FileUpload server{shell::k_server_file, std::string(embedded("data/static_server.py"))};
    const bool page = options_.type != AppType::api;
    if (page) sandbox_.write_files({&server, 1}, stop);
    std::string command = shell::prepare();
    if (page)
        command = fmt::format("{{ {}; }} && {{ {}; }}", command,
                              shell::start_static_server(options_.port.value_or(3000),
                                                         options_.type == AppType::webapp ? k_app_log : "/dev/null"));
    const Ran ran = run(command, seconds(30), nullptr, stop);
    if (!ran.status.success())
        throw Error(ErrorKind::not_ready,
                    fmt::format("the sandbox could not be prepared: the command ended {}", ended_how(ran.status)),
                    "the template needs bash and python3, and /app must be ours to write; try --template base",
                    ran.output);
}

void Deployment::assume(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files) {
    for (const GeneratedFile& file : app.files) present_[file.path] = fingerprint(file);
    for (const GeneratedFile& file : data_files) present_[file.path] = fingerprint(file);
    installed_ = dependency_fingerprint(app);
}

void Deployment::upload(const std::vector<GeneratedFile>& files, const std::stop_token& stop) {
    std::vector<sandbox::FileUpload> uploads;
    std::vector<std::string> executables;
    for (const GeneratedFile& file : files) {
        const std::string print = fingerprint(file);
        const auto known = present_.find(file.path);
        if (known != present_.end() && known->second == print) continue;
        uploads.push_back({absolute(file.path), file.content});
        if (file.executable) executables.push_back(absolute(file.path));
    }
    if (uploads.empty()) return;
    sandbox_.write_files(uploads, stop);
    if (!executables.empty()) {
        const Ran ran = run(shell::make_executable(executables), seconds(20), nullptr, stop);
        if (!ran.status.success())
            throw Error(ErrorKind::unavailable, "the sandbox refused to make files executable", {}, ran.output);
    }
    for (const GeneratedFile& file : files) {
        auto& known = present_[file.path];
        if (const std::string print = fingerprint(file); known != print) {
            known = print;
            events_.emit(FileWritten{file.path, file.content.size()});
        }
    }
}

void Deployment::sync(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files,
                      const std::stop_token& stop) {
    std::vector<GeneratedFile> all = app.files;
    all.insert(all.end(), data_files.begin(), data_files.end());
    std::map<std::string, std::string> wanted;
    for (const GeneratedFile& file : all) wanted.emplace(file.path, "");
    std::vector<std::string> stale;
    for (const auto& [path, print] : present_)
        if (!wanted.contains(path)) stale.push_back(path);
    // First, because a stale file may lie where a directory must come.
    for (const std::string& path : stale) {
        try {
            sandbox_.remove(absolute(path), stop);
        } catch (const Error& error) {
            if (error.kind() != ErrorKind::not_found) throw;
        }
        present_.erase(path);
    }
    upload(all, stop);
}

std::optional<Evidence> Deployment::install(const GeneratedApp& app, const std::stop_token& stop) {
    const std::string command = shell::install(app);
    const std::string wanted = dependency_fingerprint(app);
    if (command.empty() || wanted == installed_) return std::nullopt;
    if (!options_.internet)
        return Evidence{ErrorKind::not_ready,
                        "the app names packages to install, and its sandbox has no internet",
                        "use only the standard library",
                        {}};
    const Ran ran = events_.timed(Step::install, [&] { return run(command, k_work_limit, nullptr, stop); });
    if (ran.status.success()) {
        installed_ = wanted;
        return std::nullopt;
    }
    return Evidence{ErrorKind::not_ready,
                    fmt::format("the installation of dependencies ended {}", ended_how(ran.status)),
                    ran.output,
                    {}};
}

void Deployment::serve(const std::string& root, const std::string& entry, const std::stop_token& stop) {
    const sandbox::FileUpload pointer{shell::k_pointer_next, shell::pointer_text(root, entry)};
    sandbox_.write_files({&pointer, 1}, stop);
    sandbox_.move(shell::k_pointer_next, shell::k_pointer, stop);
}

std::optional<Evidence> Deployment::build(const GeneratedApp& app, const std::stop_token& stop) {
    if (app.build.empty()) return std::nullopt;
    const std::string command = fmt::format("cd {} && {{ {}\n}} 2>&1", shell::k_app_dir, app.build);
    const Ran ran = events_.timed(Step::build, [&] { return run(command, k_work_limit, &app, stop); });
    if (ran.status.success()) return std::nullopt;
    return Evidence{ErrorKind::not_ready, fmt::format("the build ended {}", ended_how(ran.status)), ran.output, {}};
}

std::optional<Evidence> Deployment::start_api(const GeneratedApp& app, const std::stop_token& stop) {
    const std::string command = shell::start_app(app.start, port(app), k_app_log, k_start_patience);
    const Ran ran =
        events_.timed(Step::start, [&] { return run(command, k_start_patience + seconds(15), &app, stop); });
    if (ran.status.success()) return std::nullopt;
    Evidence evidence;
    evidence.detail = ran.output;
    if (ran.status.code == shell::k_app_ended)
        evidence.what = "the app ended as soon as it was started";
    else if (ran.status.code == shell::k_port_silent)
        evidence.what = fmt::format(
            "nothing listened on port {} within {} seconds of the start; the app must listen on the port that "
            "the variable PORT names",
            port(app), k_start_patience.count());
    else
        evidence.what = fmt::format("the start of the app ended {}", ended_how(ran.status));
    return evidence;
}

std::optional<Evidence> Deployment::run_script(const GeneratedApp& app, const std::stop_token& stop) {
    const std::string command = shell::run_script(app.start, k_app_log, options_.script_limit);
    const Ran ran =
        events_.timed(Step::run, [&] { return run(command, options_.script_limit + seconds(10), &app, stop); });
    exit_code_ = ran.status.code;
    output_ = ran.output;
    try {
        output_ = sandbox_.read_file(std::string(k_app_log), store::k_log_limit, stop);
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::limit && error.kind() != ErrorKind::not_found) throw;
        if (error.kind() == ErrorKind::limit)
            output_ = run(fmt::format("tail -c {} {}", k_output_kept, k_app_log), seconds(20), nullptr, stop).output;
    }
    if (ran.status.success()) return std::nullopt;
    Evidence evidence;
    evidence.exit_code = exit_code_;
    // `timeout` itself ends with 124 when the time was up.
    evidence.what = ran.status.code == 124
                        ? fmt::format("the script did not end within {} seconds", options_.script_limit.count())
                        : fmt::format("the script ended {}", ended_how(ran.status));
    evidence.detail = output_;
    return evidence;
}

std::optional<Evidence> Deployment::deploy(const GeneratedApp& app, const std::vector<GeneratedFile>& data_files,
                                           const std::stop_token& stop) {
    events_.timed(Step::upload, [&] { sync(app, data_files, stop); });
    if (app.type != AppType::webapp)
        if (auto evidence = install(app, stop)) return evidence;
    if (auto evidence = build(app, stop)) return evidence;
    switch (app.type) {
        case AppType::webapp: {
            const GeneratedFile* page = app.find(app.entry);
            if (page == nullptr)
                return Evidence{ErrorKind::refused, fmt::format("the page {} is missing", app.entry), {}, {}};
            page_ = app.build.empty() ? page->content : sandbox_.read_file(absolute(app.entry), 64U << 20U, stop);
            serve(shell::k_app_dir, app.entry, stop);
            return std::nullopt;
        }
        case AppType::api:
            return start_api(app, stop);
        case AppType::script: {
            if (auto evidence = run_script(app, stop)) return evidence;
            page_ = script_page(app.title, exit_code_.value_or(0), output_);
            const sandbox::FileUpload page{fmt::format("{}/index.html", shell::k_page_dir), page_};
            sandbox_.write_files({&page, 1}, stop);
            serve(shell::k_page_dir, "index.html", stop);
            return std::nullopt;
        }
    }
    return std::nullopt;
}

std::optional<Evidence> Deployment::replace(const store::StoredApp& old, const store::StoredApp& next,
                                            UrlProber& prober, const Clock& clock, const std::stop_token& stop) {
    if (options_.type == AppType::webapp && next.app.build.empty()) return replace_page(old, next, prober, clock, stop);
    // Two servers cannot share the port: the old one gives way, and comes back if the new one is no good.
    std::optional<Evidence> evidence;
    try {
        evidence = deploy(next.app, next.data_files, stop);
        if (!evidence) evidence = probe_outside(next.app, prober, clock, stop);
        if (!evidence) return std::nullopt;
    } catch (const Interrupted&) {
        const StopAfter limit(k_comeback_limit);
        (void)deploy(old.app, old.data_files, limit.token());
        throw;
    }
    if (const auto failed = deploy(old.app, old.data_files, stop))
        throw Error(ErrorKind::not_ready,
                    fmt::format("{}; and the earlier version did not come back: {}", evidence->what, failed->what), {},
                    failed->detail);
    return evidence;
}

std::optional<Evidence> Deployment::replace_page(const store::StoredApp& old, const store::StoredApp& next,
                                                 UrlProber& prober, const Clock& clock, const std::stop_token& stop) {
    const GeneratedFile* page = next.app.find(next.app.entry);
    if (page == nullptr)
        return Evidence{ErrorKind::refused, fmt::format("the page {} is missing", next.app.entry), {}, {}};
    const std::string stage = fmt::format("{}/{}", shell::k_stage_dir, sha256_hex(page->content).substr(0, 12));
    std::vector<sandbox::FileUpload> uploads;
    for (const auto* files : {&next.app.files, &next.data_files})
        for (const GeneratedFile& file : *files)
            uploads.push_back({fmt::format("{}/{}", stage, file.path), file.content});
    sandbox_.write_files(uploads, stop);
    page_ = page->content;
    serve(stage, next.app.entry, stop);
    std::optional<Evidence> evidence;
    try {
        evidence = probe_outside(next.app, prober, clock, stop);
    } catch (...) {
        const StopAfter limit(k_comeback_limit);
        serve(shell::k_app_dir, old.app.entry, limit.token());
        throw;
    }
    if (evidence) {
        serve(shell::k_app_dir, old.app.entry, stop);
        return evidence;
    }
    // The new page is out: what follows brings its files to the usual place.
    sync(next.app, next.data_files, stop);
    serve(shell::k_app_dir, next.app.entry, stop);
    sandbox_.remove(stage, stop);
    return std::nullopt;
}

void Deployment::require_sandbox(const std::stop_token& stop) {
    bool alive = true;
    try {
        alive = sandbox_.alive(stop);
    } catch (const Error&) {
        return;  // nothing is known, so the port is asked again
    }
    if (!alive)
        throw Error(ErrorKind::not_found,
                    fmt::format("the sandbox {} is gone: it was killed or its time was over", sandbox_.id().str()));
}

std::optional<Evidence> Deployment::probe_outside(const GeneratedApp& app, UrlProber& prober, const Clock& clock,
                                                  const std::stop_token& stop) {
    return events_.timed(Step::probe_outside, [&]() -> std::optional<Evidence> {
        const std::string base = url(app);
        const auto tries_until = clock.steady() + (options_.local ? seconds(5) : seconds(20));
        milliseconds wait(20);
        while (true) {
            std::string complaint;
            try {
                if (app.type == AppType::api) {
                    const ProbeAnswer health = prober.get(base + "/health", stop);
                    if (!judge_answer(app.type, health, {})) return std::nullopt;
                }
                const ProbeAnswer answer = prober.get(base + "/", stop);
                const auto objection = judge_answer(app.type, answer, page_);
                if (!objection) return std::nullopt;
                complaint = *objection;
                if (answer.status == 502) require_sandbox(stop);
                // A gateway says 502 while it cannot reach the port; anything else is the app's own word.
                const bool unreachable = answer.status == 502 || answer.status == 503 || answer.status == 504;
                if (!unreachable)
                    return Evidence{
                        ErrorKind::not_ready, fmt::format("the app is up, but at / {}", complaint), answer.body, {}};
            } catch (const Error& error) {
                if (error.kind() != ErrorKind::unavailable) throw;
                complaint = error.what();
            }
            if (clock.steady() >= tries_until)
                return Evidence{ErrorKind::not_ready,
                                fmt::format("the app does not answer through its URL: {}", complaint),
                                {},
                                {}};
            if (!clock.sleep(wait, stop)) throw Interrupted(SIGINT);
            wait = std::min(wait * 2, milliseconds(1000));
        }
    });
}

}  // namespace spawnai::pipeline
