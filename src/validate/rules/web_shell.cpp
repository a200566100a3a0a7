#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    each_event(app, [&](const FileView& file, const Event& event) {
        if (!file.runs()) return;
        if (event.act == Act::shell && has_taint(event.data, t_request)) {
            const bool whole = event.data.text == std::string(1, k_hole) ||
                               starts_with(event.data.text, std::string("sh -c ") + k_hole) ||
                               starts_with(event.data.text, std::string("bash -c ") + k_hole) ||
                               starts_with(event.data.text, std::string("/bin/sh -c ") + k_hole) ||
                               starts_with(event.data.text, std::string("/bin/bash -c ") + k_hole);
            if (whole)
                judge.block(&file, event.offset, "whoever calls the server can run any command",
                            "offer the operations that are needed, each by itself");
            else
                judge.warn(&file, event.offset, "part of a shell command comes from the caller",
                           "use execFile or spawn with a list of arguments");
        } else if (event.act == Act::program && has_taint(event.target, t_request) && !event.target.exact &&
                   event.target.text == std::string(1, k_hole)) {
            judge.block(&file, event.offset, "whoever calls the server can start any program",
                        "offer the operations that are needed, each by itself");
        } else if (event.act == Act::code && has_taint(event.data, t_request)) {
            if (contains(event.name, "vm."))
                judge.warn(&file, event.offset, "code of the caller is run in a context of its own",
                           "that is no protection: keep the sandbox without internet");
            else
                judge.block(&file, event.offset, "whoever calls the server can run any code",
                            "parse the input instead of running it");
        } else if (event.act == Act::code && file.kind == FileKind::python && event.name == "pickle.loads" &&
                   has_taint(event.data, t_request)) {
            judge.block(&file, event.offset, "what the caller sends is unpickled", "use JSON");
        }
    });
}

}  // namespace

const Rule web_shell{{"web-shell", Severity::block, "harm",
                      "A server that runs what its caller sends as a shell command, a program or code; a warning when "
                      "only a part of the command is the caller's.",
                      "Anybody who finds the URL owns the sandbox."},
                     Scope::file,
                     check};

}  // namespace spawnai::validate::rules
