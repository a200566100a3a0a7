#include "evaluate.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

namespace spawnai::validate::checker {
namespace {

bool starts(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}

bool replace_prefix(std::string& path, std::string_view prefix, std::string_view by) {
    if (!starts(path, prefix)) return false;
    const char next = path.size() > prefix.size() ? path[prefix.size()] : '\0';
    if (next != '\0' && next != '.' && next != '(') return false;
    if (by.empty() && next != '.') return false;
    std::string rest = path.substr(prefix.size());
    if (by.empty() && !rest.empty() && rest[0] == '.') rest.erase(0, 1);
    path = std::string(by) + rest;
    return true;
}

struct Rename {
    std::string_view from;
    std::string_view to;
};

constexpr std::array k_javascript_names{
    Rename{"fs/promises", "fs"},
    Rename{"fs.promises", "fs"},
    Rename{"fs-extra", "fs"},
    Rename{"graceful-fs", "fs"},
    Rename{"original-fs", "fs"},
    Rename{"https", "http"},
    Rename{"http2", "http"},
    Rename{"tls", "net"},
    Rename{"net.createConnection", "net.connect"},
    Rename{"dns/promises", "dns"},
    Rename{"dns.promises", "dns"},
    Rename{"timers/promises.setTimeout", "sleep"},
    Rename{"node-fetch", "fetch"},
    Rename{"cross-fetch", "fetch"},
    Rename{"isomorphic-fetch", "fetch"},
    Rename{"undici.fetch", "fetch"},
    Rename{"undici.request", "fetch"},
    Rename{"cross-spawn", "child_process.spawn"},
    Rename{"execa.execaCommand", "child_process.exec"},
    Rename{"execa.command", "child_process.exec"},
    Rename{"execa.execa", "child_process.spawn"},
    Rename{"execa", "child_process.spawn"},
    Rename{"shelljs", "shell"},
    Rename{"ws.WebSocket", "WebSocket"},
    Rename{"ws", "WebSocket"},
    Rename{"isomorphic-ws", "WebSocket"},
    Rename{"websocket.w3cwebsocket", "WebSocket"},
    Rename{"vm2.VM", "vm.VM"},
    Rename{"crypto.webcrypto.subtle", "crypto.subtle"},
    Rename{"process.mainModule.require", "require"},
    Rename{"module.require", "require"},
    Rename{"module.createRequire()", "require"},
    Rename{"process.binding", "process.binding"},
    Rename{"process.getBuiltinModule", "require"},
};

constexpr std::array k_python_names{
    Rename{"builtins", ""},
    Rename{"__builtins__", ""},
    Rename{"urllib2.urlopen", "urllib.request.urlopen"},
    Rename{"importlib.import_module", "__import__"},
    Rename{"os.popen2", "os.popen"},
    Rename{"subprocess.getoutput", "os.popen"},
    Rename{"subprocess.getstatusoutput", "os.popen"},
    Rename{"commands.getoutput", "os.popen"},
    Rename{"os.execv", "os.exec"},
    Rename{"os.execve", "os.exec"},
    Rename{"os.execvp", "os.exec"},
    Rename{"os.execl", "os.exec"},
    Rename{"os.execlp", "os.exec"},
    Rename{"subprocess.run", "subprocess.Popen"},
    Rename{"subprocess.call", "subprocess.Popen"},
    Rename{"subprocess.check_call", "subprocess.Popen"},
    Rename{"subprocess.check_output", "subprocess.Popen"},
    Rename{"asyncio.create_subprocess_shell", "os.system"},
    Rename{"asyncio.create_subprocess_exec", "subprocess.Popen"},
    Rename{"pathlib.Path", "open"},
    Rename{"io.open", "open"},
};

std::string lower(std::string_view text) {
    std::string out(text);
    for (char& c : out) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
    return out;
}

}  // namespace

std::string canonical(std::string path, Language language) {
    if (path.empty()) return path;
    if (language == Language::python) {
        for (const Rename& rename : k_python_names) replace_prefix(path, rename.from, rename.to);
        return path;
    }
    for (bool again = true; again;) {
        again = false;
        for (const std::string_view global :
             {"window.", "globalThis.", "self.", "global.", "top.", "parent.", "frames.", "document.defaultView."}) {
            if (starts(path, global)) {
                path.erase(0, global.size());
                again = true;
            }
        }
    }
    for (std::size_t at = path.find(".default"); at != std::string::npos; at = path.find(".default", at)) {
        const std::size_t end = at + 8;
        if (end == path.size() || path[end] == '.' || path[end] == '(')
            path.erase(at, 8);
        else
            at = end;
    }
    for (const Rename& rename : k_javascript_names) replace_prefix(path, rename.from, rename.to);
    if (starts(path, "fs.") || starts(path, "child_process.") || starts(path, "zlib.")) {
        std::size_t end = path.find_first_of(".(", path.find('.') + 1);
        if (end == std::string::npos) end = path.size();
        if (end > 4 && path.compare(end - 4, 4, "Sync") == 0) path.erase(end - 4, 4);
    }
    return path;
}

bool names_credential(std::string_view name) {
    const std::string text = lower(name);
    // However the words are joined: seed_phrase, seed-phrase, seedPhrase.
    std::string joined;
    for (const char c : text)
        if (std::isalnum(static_cast<unsigned char>(c)) != 0) joined.push_back(c);
    for (const std::string_view word : {"passw",
                                        "passwd",
                                        "pwd",
                                        "cvv",
                                        "cvc",
                                        "cardnum",
                                        "ccnum",
                                        "creditcard",
                                        "seedphrase",
                                        "mnemonic",
                                        "recoveryphrase",
                                        "recoverykey",
                                        "secretphrase",
                                        "secretrecovery",
                                        "backupphrase",
                                        "walletphrase",
                                        "walletkey",
                                        "privatekey",
                                        "phraseword",
                                        "seedword",
                                        "secretword",
                                        "recoveryword"})
        if (joined.find(word) != std::string::npos) return true;
    for (const std::string_view word : {"pass", "pin", "ssn", "otp", "card", "seed", "phrase"})
        if (joined == word) return true;
    return false;
}

bool names_secret(std::string_view name) {
    const std::string text = lower(name);
    for (const std::string_view word :
         {"secret", "token", "password", "passwd", "api_key", "apikey", "private_key", "access_key", "credential"})
        if (text.find(word) != std::string::npos) return true;
    return false;
}

bool is_host_secret_path(std::string_view path) {
    for (const std::string_view part : {"/etc/shadow",
                                        "/etc/gshadow",
                                        ".ssh/id_",
                                        ".ssh/authorized_keys",
                                        ".ssh/known_hosts",
                                        ".aws/credentials",
                                        ".aws/config",
                                        ".kube/config",
                                        ".docker/config.json",
                                        ".config/gcloud",
                                        ".azure/",
                                        ".netrc",
                                        ".git-credentials",
                                        ".gnupg/",
                                        ".bash_history",
                                        ".zsh_history",
                                        "/proc/1/environ",
                                        "/proc/self/environ",
                                        "/var/run/docker.sock",
                                        "/run/docker.sock",
                                        "/run/containerd",
                                        "/var/run/secrets/",
                                        "/run/secrets/kubernetes",
                                        "Login Data",
                                        "wallet.dat",
                                        "Ethereum/keystore",
                                        "logins.json",
                                        "key4.db",
                                        ".pgpass",
                                        ".my.cnf",
                                        "/etc/sudoers",
                                        "Local State",
                                        ".electrum",
                                        ".npmrc",
                                        ".pypirc"})
        if (path.find(part) != std::string_view::npos) return true;
    // The directory itself, as an argument of a walk.
    return path.size() >= 5 && (path.substr(path.size() - 5) == "/.ssh" || path == ".ssh" || path == "~/.ssh" ||
                                path.substr(path.size() - 5) == "/.aws");
}

}  // namespace spawnai::validate::checker
