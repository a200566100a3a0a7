#include "sources.hpp"

#include <algorithm>
#include <array>

namespace spawnai::validate::checker {
namespace {

struct Source {
    std::string_view path;
    std::uint32_t taint;
};

// A name with "()" is the result of a call. Longer paths below it inherit.
constexpr std::array k_javascript{
    Source{"process.env", t_environment},
    Source{"document.cookie", t_cookie},
    Source{"cookieStore.getAll()", t_cookie},
    Source{"localStorage", t_storage},
    Source{"sessionStorage", t_storage},
    Source{"navigator.clipboard.readText()", t_clipboard},
    Source{"navigator.clipboard.read()", t_clipboard},
    Source{"@clip.clipboardData.getData()", t_clipboard},
    Source{"clipboardData.getData()", t_clipboard},
    Source{"os.userInfo()", t_host},
    Source{"os.hostname()", t_host},
    Source{"os.networkInterfaces()", t_host},
    Source{"os.homedir()", 0},
    Source{"process.argv", t_user},
    Source{"process.stdin", t_user},
    Source{"prompt()", t_user},
    Source{"fetch()", t_network},
    Source{"axios()", t_network},
    Source{"axios.get()", t_network},
    Source{"axios.post()", t_network},
    Source{"axios.request()", t_network},
    Source{"got()", t_network},
    Source{"got.get()", t_network},
    Source{"request()", t_network},
    Source{"request.get()", t_network},
    Source{"needle()", t_network},
    Source{"superagent.get()", t_network},
    Source{"http.get()", t_network},
    Source{"http.request()", t_network},
    Source{"XMLHttpRequest()", t_network},
    Source{"WebSocket()", t_network},
    Source{"EventSource()", t_network},
    Source{"net.connect()", t_network},
    Source{"net.Socket()", t_network},
    Source{"dns.resolveTxt()", t_network},
    Source{"$.get()", t_network},
    Source{"$.ajax()", t_network},
    Source{"?.responseText", t_network},
    Source{"child_process.exec()", t_shell},
    Source{"child_process.execFile()", t_shell},
    Source{"child_process.spawn()", t_shell},
    Source{"child_process.fork()", t_shell},
    Source{"navigator.mediaDevices.getUserMedia()", t_sensor},
    Source{"navigator.mediaDevices.getDisplayMedia()", t_sensor},
    Source{"navigator.geolocation.getCurrentPosition()", t_sensor},
    Source{"ethereum.request()", t_wallet},
    Source{"location.hash", t_user},
    Source{"location.search", t_user},
    Source{"event.data", t_network},
};

constexpr std::array k_python{
    Source{"os.environ", t_environment},
    Source{"os.environ.copy()", t_environment},
    Source{"os.environ.items()", t_environment},
    Source{"os.getlogin()", t_host},
    Source{"getpass.getuser()", t_host},
    Source{"socket.gethostname()", t_host},
    Source{"platform.node()", t_host},
    Source{"platform.uname()", t_host},
    Source{"os.uname()", t_host},
    Source{"sys.argv", t_user},
    Source{"sys.stdin", t_user},
    Source{"input()", t_user},
    Source{"getpass.getpass()", t_user},
    Source{"urllib.request.urlopen()", t_network},
    Source{"urllib.request.urlretrieve()", t_network},
    Source{"requests.get()", t_network},
    Source{"requests.post()", t_network},
    Source{"requests.request()", t_network},
    Source{"requests.Session()", t_network},
    Source{"httpx.get()", t_network},
    Source{"httpx.post()", t_network},
    Source{"http.client.HTTPSConnection()", t_network},
    Source{"http.client.HTTPConnection()", t_network},
    Source{"socket.socket()", t_network},
    Source{"socket.create_connection()", t_network},
    Source{"os.popen()", t_shell},
    Source{"subprocess.Popen()", t_shell},
    Source{"pyperclip.paste()", t_clipboard},
    Source{"pynput.keyboard.Listener()", t_keys},
    Source{"keyboard.record()", t_keys},
    Source{"keyboard.read_event()", t_keys},
    Source{"flask.request", t_request},
    Source{"pty.openpty()", 0},
};

bool below(std::string_view path, std::string_view prefix) {
    if (path.substr(0, prefix.size()) != prefix) return false;
    return path.size() == prefix.size() || path[prefix.size()] == '.' || path[prefix.size()] == '(';
}

bool one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}

}  // namespace

std::uint32_t source_taint(std::string_view path, Language language) {
    std::uint32_t taint = 0;
    const auto look = [&](const auto& table) {
        for (const Source& source : table) {
            if (path == source.path) taint |= source.taint;
            // Methods and properties of a source, except of the environment as a whole.
            else if (below(path, source.path) && source.taint != t_environment)
                taint |= source.taint;
        }
    };
    if (language == Language::javascript)
        look(k_javascript);
    else
        look(k_python);
    return taint;
}

bool forgets_receiver(std::string_view method) {
    return one_of(method, {"includes",      "indexOf",    "lastIndexOf", "startsWith", "endsWith",  "test",
                           "has",           "some",       "every",       "search",     "findIndex", "hasOwnProperty",
                           "localeCompare", "startswith", "endswith",    "find_index", "isdigit",   "isalpha",
                           "checkValidity", "count",      "digest",      "hexdigest",  "compare",   "compareSync",
                           "hash",          "hashSync",   "verify",      "getTime",    "classList", "add",
                           "remove",        "toggle",     "appendChild", "append",     "focus",     "blur"});
}

bool forgets_arguments(std::string_view path, Language /*language*/) {
    const std::size_t dot = path.rfind('.');
    const std::string_view name = dot == std::string_view::npos ? path : path.substr(dot + 1);
    if (forgets_receiver(name) && name != "append" && name != "add") return true;
    return one_of(name, {"createHash",
                         "createHmac",
                         "digest",
                         "sha256",
                         "md5",
                         "parseInt",
                         "parseFloat",
                         "Number",
                         "isNaN",
                         "len",
                         "Boolean",
                         "setTimeout",
                         "setInterval",
                         "addEventListener",
                         "getElementById",
                         "querySelector",
                         "querySelectorAll",
                         "log",
                         "floor",
                         "round",
                         "random",
                         "existsSync",
                         "exists",
                         "isfile",
                         "isdir",
                         "filter_by",
                         "hash",
                         "pbkdf2Sync",
                         "scryptSync",
                         "stat",
                         "statSync",
                         "listen",
                         "on",
                         "once",
                         "createServer"});
}

Known handed_over(Evaluator& evaluator, Node* call, int argument, int parameter, std::string_view name,
                  Language language) {
    Known known;
    known.text = std::string(1, k_hole);
    const std::string path = evaluator.callee_path(call);
    const std::size_t dot = path.rfind('.');
    const std::string method = dot == std::string::npos ? path : path.substr(dot + 1);
    Known receiver;
    if (call->a != nullptr && call->a->kind == Kind::member) receiver = evaluator.value(call->a->a);

    if (one_of(method, {"then", "catch", "finally"})) {
        if (parameter == 0 && method == "then") {
            known = receiver;
            known.node = nullptr;
        }
        return known;
    }
    if (one_of(method, {"forEach", "map", "filter", "reduce", "some", "every", "find", "flatMap"})) {
        known.taint = receiver.taint;
        return known;
    }
    if (one_of(method, {"get", "post", "put", "delete", "all", "use", "patch", "route", "options"}) && argument >= 0 &&
        !one_of(path, {"http.get", "axios.get", "axios.post", "got.get", "request.get", "$.get", "$.post"}) &&
        language == Language::javascript) {
        // (req, res), (err, req, res, next), (ctx), (c): the caller of this server speaks through the first that is not an error.
        const bool error_first = name == "err" || name == "error";
        if (parameter == 0 && !error_first)
            known.path = name == "ctx" || name == "c" || name == "context" ? "@context" : "@request";
        if (parameter == 1 && (name == "req" || name == "request")) known.path = "@request";
        return known;
    }
    if (method == "createServer") {
        if (path.rfind("net.", 0) == 0) {
            if (parameter == 0) known.path = "net.Server.socket", known.taint = t_request;
        } else if (parameter == 0) {
            known.path = "@request";
        }
        return known;
    }
    if (one_of(method, {"on", "once", "addEventListener", "addListener"})) {
        const std::string event = call->list.empty() ? "" : evaluator.value(call->list[0]).text;
        if (parameter != 0) {
            if (event == "connection" && parameter == 1) known.path = "@request";
            return known;
        }
        if (event.rfind("key", 0) == 0 || event == "input")
            known.path = event == "input" ? "@input" : "@key";
        else if (event == "paste" || event == "copy" || event == "cut")
            known.path = "@clip";
        else if (event == "data" || event == "message" || event == "response" || event == "line") {
            known.taint = receiver.taint & (t_network | t_request | t_user | t_shell | t_file);
            if (receiver.path == "@request" || receiver.path.rfind("net.Server", 0) == 0) known.taint |= t_request;
            if (event == "message" && receiver.path.empty()) known.taint |= t_network;
        } else if (event == "connection") {
            known.path = "net.Server.socket";
            known.taint = t_request;
        } else if (event == "request") {
            known.path = "@request";
        }
        return known;
    }
    if (path == "fs.readFile" && parameter == 1) known.taint = t_file;
    if (path == "fs.readFile" && parameter == 1 && !call->list.empty() &&
        is_host_secret_path(evaluator.value(call->list[0]).text))
        known.taint |= t_host_secret;
    if (one_of(path, {"http.get", "http.request", "request", "request.get", "$.get", "$.post", "$.getJSON"}))
        known.taint = t_network;
    if (one_of(path, {"child_process.exec", "child_process.execFile"}) && parameter >= 1) known.taint = t_shell;
    if (path == "dns.resolveTxt") known.taint = t_network;
    if (path == "navigator.geolocation.getCurrentPosition" || path == "navigator.geolocation.watchPosition")
        known.taint = t_sensor;
    return known;
}

}  // namespace spawnai::validate::checker
