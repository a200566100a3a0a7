#include "helpers.hpp"

#include <set>

namespace spawnai::validate::rules {
namespace {

bool downloads(const std::string& program) {
    return is_one_of(program, {"curl", "wget", "fetch", "aria2c", "axel", "lwp-download"});
}
bool interprets(const std::string& program) {
    return is_one_of(program, {"sh", "bash", "zsh", "dash", "ash", "ksh", "python", "python3", "node", "perl", "ruby",
                               "php", "source", ".", "eval", "iex", "powershell", "pwsh"});
}

/// curl ... | sh, and its relatives.
bool pipes_download_to_shell(const std::string& text) {
    bool downloaded = false;
    bool marked = false;
    for (const Pipeline& pipeline : shell_pipelines(text)) {
        bool source = false;
        for (const ShellCommand& command : pipeline) {
            const std::string program = program_of(command);
            if (source && interprets(program)) return true;
            source = source || downloads(program) || (program == "base64" && contains(text, "-d"));
            if (downloads(program)) downloaded = true;
            if (program == "chmod" && downloaded) marked = true;
            // bash -c "$(curl ...)": taken apart at the bracket.
            if (downloaded && (marked || starts_with(command.front(), "./") || starts_with(command.front(), "/tmp/") ||
                               starts_with(command.front(), "/dev/shm/") ||
                               (interprets(program) && command.size() > 1 &&
                                contains_any(command.back(), {"/tmp/", "./", ".sh", ".py"})))) {
                if (marked || !downloads(program)) return true;
            }
        }
    }
    if (contains_any(text, {"$(curl", "$(wget", "`curl", "`wget", "<(curl", "<(wget"}) &&
        contains_any(text, {"sh -c", "bash -c", "eval", "bash <(", "sh <(", "source <("}))
        return true;
    return contains_any(text, {"DownloadString(", "Invoke-Expression", "Invoke-WebRequest"}) &&
           contains_any(text, {"IEX", "iex", "Invoke-Expression", "Start-Process"});
}

void check(const AppView& app, Judge& judge) {
    const std::string hint = "write the code into the app: what a server gives can be something else tomorrow";
    std::set<std::string> downloaded;
    if (const FileView* package = app.find("package.json");
        package != nullptr && app.package && app.package->is_object() && app.package->contains("scripts") &&
        (*app.package)["scripts"].is_object())
        for (const auto& [name, command] : (*app.package)["scripts"].items())
            if (command.is_string() && pipes_download_to_shell(command.get<std::string>()))
                judge.block(package, package->text().find("\"" + name + "\""),
                            "a program is downloaded and run: " + show(command.get<std::string>()), hint);
    each_event(app, [&](const FileView& file, const Event& event) {
        switch (event.act) {
            case Act::code:
                if (!has_taint(event.data, t_network)) break;
                // A worker or a module text from the same server.
                if (contains(event.name, "WebAssembly")) break;
                judge.block(&file, event.offset, "what a server sends is run as code", hint);
                break;
            case Act::shell:
            case Act::program:
                if (pipes_download_to_shell(shell_text(event)))
                    judge.block(&file, event.offset, "a program is downloaded and run: " + show(shell_text(event)),
                                hint);
                else if (event.act == Act::shell && has_taint(event.data, t_network) &&
                         event.data.text == std::string(1, k_hole))
                    judge.block(&file, event.offset, "what a server sends is run as a command", hint);
                break;
            case Act::write_file:
                if (has_taint(event.data, t_network) && event.target.exact) downloaded.insert(event.target.text);
                break;
            case Act::module:
                if (has_taint(event.target, t_network) && event.name != "script.src")
                    judge.block(&file, event.offset, "what is loaded is decided by a server", hint);
                break;
            case Act::markup:
                if (event.name == "document.write" && has_taint(event.data, t_network))
                    judge.block(&file, event.offset, "what a server sends is written as the page", hint);
                break;
            default:
                break;
        }
    });
    if (downloaded.empty()) return;
    each_event(app, [&](const FileView& file, const Event& event) {
        if (event.act != Act::program && event.act != Act::shell && event.act != Act::chmod && event.act != Act::fork &&
            event.act != Act::module)
            return;
        const std::string text = shell_text(event) + " " + event.target.text;
        for (const std::string& path : downloaded)
            if (path.size() > 3 && contains(text, path))
                judge.block(&file, event.offset, "a file that was downloaded is run: " + show(path), hint);
    });
}

}  // namespace

const Rule remote_code{{"remote-code", Severity::block, "harm",
                        "Code or commands that come from a server at run time: eval of what was fetched, curl piped to "
                        "a shell, a downloaded file that is started.",
                        "What was checked is then not what runs."},
                       Scope::file,
                       check};

}  // namespace spawnai::validate::rules
