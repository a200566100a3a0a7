#include "helpers.hpp"

namespace spawnai::validate::rules {
namespace {

bool is_process_stream(const Value& value) {
    return contains_any(value.path, {"child_process.spawn()", "child_process.exec()", "child_process.execFile()",
                                     "node-pty.spawn()"}) &&
           contains_any(value.path, {".stdin", ".stdout", ".stderr", "spawn()"});
}
bool is_socket(const Value& value) {
    return contains_any(value.path,
                        {"net.connect()", "net.Socket()", "net.Server.socket", "WebSocket()", "http.request()"});
}

/// Shells that talk through a socket, in the words of the shell itself.
bool is_reverse_shell(const std::string& text) {
    if (contains_any(text, {"/dev/tcp/", "/dev/udp/"}) && contains_any(text, {"sh", "exec", "cat", ">&", "<"}))
        return true;
    for (const Pipeline& pipeline : shell_pipelines(text)) {
        bool net = false;
        bool shell = false;
        for (const ShellCommand& command : pipeline) {
            const std::string program = program_of(command);
            const bool is_net = is_one_of(program, {"nc", "ncat", "netcat", "socat", "telnet", "openssl"});
            if (is_net) {
                net = true;
                for (const std::string& word : command) {
                    if (is_one_of(word, {"-e", "-c", "--exec", "--sh-exec", "-ne", "-lvpe", "-nve"}) &&
                        program != "openssl")
                        return true;
                    if (contains_any(word, {"EXEC:", "exec:", "SYSTEM:", "system:"}) && program == "socat") return true;
                }
            }
            if (is_one_of(program, {"sh", "bash", "zsh", "dash", "ash"})) shell = true;
        }
        if (net && shell) return true;
    }
    return contains(text, "mkfifo") && contains_any(text, {"nc ", "ncat ", "telnet "});
}

void check(const AppView& app, Judge& judge) {
    const std::string message = "a shell is handed to whoever is at the other end of a connection";
    const std::string hint = "remove it: an app has no use for a remote shell";
    each_event(app, [&](const FileView& file, const Event& event) {
        switch (event.act) {
            case Act::pipe:
                if ((is_socket(event.data) && is_process_stream(event.target)) ||
                    (is_process_stream(event.data) && is_socket(event.target)))
                    judge.block(&file, event.offset, message, hint);
                // os.dup2(s.fileno(), 0)
                if (event.name == "os.dup2" && has_taint(event.data, t_network))
                    judge.block(&file, event.offset, message, hint);
                if (event.name == "subprocess.Popen" && has_taint(event.target, t_network))
                    judge.block(&file, event.offset, message, hint);
                break;
            case Act::shell:
            case Act::program:
                if (is_reverse_shell(shell_text(event))) judge.block(&file, event.offset, message, hint);
                // What arrives on a raw connection is run.
                if (has_taint(event.data, t_network) && !event.data.exact && event.data.text.size() == 1 &&
                    contains_any(file.text(), {"net", "socket", "WebSocket", "dgram"}) &&
                    (event.handler == "data" || event.handler == "message"))
                    judge.block(&file, event.offset, "commands that arrive over a connection are run", hint);
                if (file.kind == FileKind::python &&
                    has_taint(event.data.text.empty() ? event.target : event.data, t_network) &&
                    contains(file.text(), "socket"))
                    judge.block(&file, event.offset, "commands that arrive over a connection are run", hint);
                break;
            case Act::send:
                // The answer of such a command goes back.
                if (has_taint(event.data, t_shell) &&
                    is_one_of(event.name, {"net.connect().write", "net.Socket().write", "WebSocket().send",
                                           "socket.socket().send", "socket.socket().sendall"}))
                    judge.block(&file, event.offset, "the output of commands is sent over a connection", hint);
                break;
            default:
                break;
        }
    });
    each_string(app, [&](const FileView& file, const Located& one) {
        if (contains(one.text, "/dev/tcp/") && contains_any(one.text, {"bash", "sh -i", "exec ", ">&"}))
            judge.block(&file, one.offset, message, hint);
        if (contains_any(one.text, {"nc -e /bin", "ncat -e /bin", "nc -c /bin", "nc -e sh", "nc -e bash"}))
            judge.block(&file, one.offset, message, hint);
        if (contains(one.text, "New-Object System.Net.Sockets.TCPClient") ||
            contains(one.text, "New-Object Net.Sockets.TCPClient"))
            judge.block(&file, one.offset, message, hint);
    });
}

}  // namespace

const Rule reverse_shell{{"reverse-shell", Severity::block, "harm",
                          "A shell whose input and output are joined to a socket: by pipes, by commands such as nc -e "
                          "and /dev/tcp, by dup2.",
                          "It gives the sandbox to somebody else."},
                         Scope::file,
                         check};

}  // namespace spawnai::validate::rules
