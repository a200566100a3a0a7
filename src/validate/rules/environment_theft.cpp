#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

void check(const AppView& app, Judge& judge) {
    each_event(app, [&](const FileView& file, const Event& event) {
        if (!file.runs()) return;
        const bool sends = event.act == Act::send || event.act == Act::mail || event.act == Act::write_file;
        const std::uint32_t taint = event.data.taint | (event.act == Act::send ? event.target.taint : 0U);
        const std::string hint = "send the one value that is needed, if any";
        if (sends && event.act != Act::write_file && (taint & t_environment) != 0)
            judge.block(
                &file, event.offset,
                "all environment variables are sent to " +
                    (host_of(event.target.text).empty() ? std::string("elsewhere") : show(host_of(event.target.text))),
                hint);
        else if (event.act == Act::send && (taint & t_variable) != 0 &&
                 (is_drop_box(event.target.text) || is_public_address(host_of(event.target.text))) &&
                 (event.data.taint & t_variable) != 0)
            judge.block(&file, event.offset,
                        "a secret from the environment is sent to " + show(host_of(event.target.text)), hint);
        // env | curl ...
        if (event.act == Act::shell || event.act == Act::program) {
            for (const Pipeline& pipeline : shell_pipelines(shell_text(event))) {
                bool environment = false;
                for (const ShellCommand& command : pipeline) {
                    const std::string& first = command.front();
                    if (first == "env" || first == "printenv" || first == "set" || first == "export")
                        environment = true;
                    else if (environment &&
                             is_one_of(program_of(command), {"curl", "wget", "nc", "ncat", "base64", "openssl"}))
                        judge.block(&file, event.offset, "all environment variables are sent elsewhere", hint);
                }
            }
            if (contains_any(shell_text(event), {"$(env)", "`env`", "$(printenv)", "$(env|", "$(env |"}) &&
                contains_any(shell_text(event), {"curl", "wget", "nc "}))
                judge.block(&file, event.offset, "all environment variables are sent elsewhere", hint);
        }
        // A route that shows them to anybody.
        if (event.act == Act::call && has_taint(event.data, t_environment) && contains(event.name, "@request"))
            judge.block(&file, event.offset, "all environment variables are shown to visitors", hint);
    });
}

}  // namespace

const Rule environment_theft{{"environment-theft", Severity::block, "harm",
                              "The whole environment (process.env, os.environ) serialised and sent, or a secret of it "
                              "sent to a drop box or a bare address.",
                              "Keys are kept there. Reading single variables is what they are for."},
                             Scope::file,
                             check};

}  // namespace spawnai::validate::rules
