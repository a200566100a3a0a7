#include "shell.hpp"

#include <spawnai/core/json.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::pipeline::shell {
namespace {

bool names_npm_packages(const std::string& package_json) {
    try {
        const Json json = parse_json(package_json, "package.json", ErrorKind::usage);
        for (const char* section : {"dependencies", "devDependencies", "optionalDependencies"})
            if (json.is_object() && json.contains(section) && json[section].is_object() && !json[section].empty())
                return true;
    } catch (const Error&) {
        return true;  // npm says better what is wrong with it
    }
    return false;
}

bool names_pip_packages(const std::string& requirements) {
    for (const std::string_view line : split_lines(requirements)) {
        const std::string_view text = trim(line);
        if (!text.empty() && text.front() != '#') return true;
    }
    return false;
}

}  // namespace

std::string quote(std::string_view text) {
    std::string quoted = "'";
    for (const char c : text) {
        if (c == '\'')
            quoted += "'\\''";
        else
            quoted += c;
    }
    return quoted + "'";
}

std::string pointer_text(std::string_view root, std::string_view entry) {
    return fmt::format("{}\n{}\n", root, entry);
}

std::string prepare() {
    // Templates of a cloud run us as an ordinary user, who cannot make a directory below the root.
    return fmt::format(
        "mkdir -p {0} || exit; "
        "if ! {{ mkdir -p {1} && [ -w {1} ]; }} 2>/dev/null; then "
        "sudo -n mkdir -p {1} && sudo -n chown \"$(id -u):$(id -g)\" {1}; fi",
        k_page_dir, k_app_dir);
}

namespace {

// Returns from bash as soon as the port accepts or the process is gone. Reading from a pipe nobody writes to is a sleep that
// needs no process.
std::string wait_for_port(int port, std::chrono::seconds patience) {
    return fmt::format(
        "exec 9<> <(:); end=$((SECONDS+{1})); "
        "while ! (exec 3<>/dev/tcp/127.0.0.1/{0}) 2>/dev/null; do "
        "if ! kill -0 $app 2>/dev/null; then "
        "(exec 3<>/dev/tcp/127.0.0.1/{0}) 2>/dev/null && break; outcome={2}; break; fi; "
        "if [ $SECONDS -ge $end ]; then outcome={3}; break; fi; "
        "read -rt 0.01 -u 9; done; ",
        port, patience.count(), k_app_ended, k_port_silent);
}

}  // namespace

std::string start_static_server(int port, std::string_view log) {
    return fmt::format(
        "outcome=0; setsid python3 -S -E -I -B {0} {1} {2} >>{3} 2>{4}/static_server.log </dev/null & app=$!; {5}"
        "[ $outcome = 0 ] || tail -c 2000 {4}/static_server.log; exit $outcome",
        k_server_file, port, k_pointer, log, k_state_dir, wait_for_port(port, std::chrono::seconds(15)));
}

std::string start_app(std::string_view command, int port, std::string_view log, std::chrono::seconds patience) {
    return fmt::format(
        "outcome=0; if read -r old <{0}/app.pid; then kill -TERM -- -$old && for i in 1 2 3 4 5 6 7 8 9 10; do "
        "kill -0 -- -$old || break; sleep 0.1; done; kill -KILL -- -$old; fi 2>/dev/null; "
        "cd {1} && : >{2} || exit; "
        "setsid /bin/bash -c {3} >>{2} 2>&1 </dev/null & app=$!; echo $app >{0}/app.pid; {4}"
        "if [ $outcome = {5} ]; then wait $app; echo \"the app ended with exit code $?\"; fi; "
        "[ $outcome = 0 ] || tail -c 6000 {2}; exit $outcome",
        k_state_dir, k_app_dir, log, quote(command), wait_for_port(port, patience), k_app_ended);
}

std::string run_script(std::string_view command, std::string_view log, std::chrono::seconds limit) {
    return fmt::format("cd {} && timeout -k 2 {} /bin/bash -c {} >{} 2>&1 </dev/null", k_app_dir, limit.count(),
                       quote(command), log);
}

std::string install(const GeneratedApp& app) {
    std::string commands;
    const GeneratedFile* package = app.find("package.json");
    if (package != nullptr && names_npm_packages(package->content)) {
        const bool locked = app.find("package-lock.json") != nullptr;
        commands =
            fmt::format("npm {} --no-audit --no-fund --loglevel=error --no-update-notifier", locked ? "ci" : "install");
    }
    const GeneratedFile* requirements = app.find("requirements.txt");
    if (requirements != nullptr && names_pip_packages(requirements->content)) {
        // Debian's own Python refuses installs beside its packages unless told; older pips do not know the option.
        if (!commands.empty()) commands += " && ";
        commands +=
            "{ if python3 -m pip install --help 2>/dev/null | grep -q break-system-packages; then "
            "over=--break-system-packages; fi; "
            "python3 -m pip install --user --quiet --disable-pip-version-check --no-warn-script-location $over -r "
            "requirements.txt; }";
    }
    if (commands.empty()) return commands;
    return fmt::format("cd {} && {{ {}; }} 2>&1", k_app_dir, commands);
}

std::string make_executable(const std::vector<std::string>& paths) {
    if (paths.empty()) return {};
    std::string command = "chmod 755 --";
    for (const std::string& path : paths) command += " " + quote(path);
    return command;
}

}  // namespace spawnai::pipeline::shell
