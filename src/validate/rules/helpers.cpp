#include "helpers.hpp"

#include "names_data.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <cctype>

namespace spawnai::validate::rules {
namespace {

bool is_word_char(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
}

}  // namespace

bool contains(std::string_view text, std::string_view part) {
    return text.find(part) != std::string_view::npos;
}
bool contains_any(std::string_view text, std::initializer_list<std::string_view> parts) {
    return std::any_of(parts.begin(), parts.end(), [&](std::string_view part) { return contains(text, part); });
}
bool is_one_of(std::string_view text, std::initializer_list<std::string_view> words) {
    return std::find(words.begin(), words.end(), text) != words.end();
}
bool starts_with(std::string_view text, std::string_view prefix) {
    return text.substr(0, prefix.size()) == prefix;
}
bool ends_with(std::string_view text, std::string_view suffix) {
    return text.size() >= suffix.size() && text.substr(text.size() - suffix.size()) == suffix;
}

bool has_word(std::string_view text, std::string_view word) {
    for (std::size_t at = text.find(word); at != std::string_view::npos; at = text.find(word, at + 1)) {
        const bool left = at == 0 || !is_word_char(text[at - 1]);
        const std::size_t end = at + word.size();
        const bool right = end >= text.size() || !is_word_char(text[end]);
        if (left && right) return true;
    }
    return false;
}

std::string host_of(std::string_view url) {
    while (!url.empty() && std::isspace(static_cast<unsigned char>(url.front())) != 0) url.remove_prefix(1);
    std::size_t begin = 0;
    if (starts_with(url, "//")) {
        begin = 2;
    } else {
        const std::size_t scheme = url.find("://");
        if (scheme == std::string_view::npos || scheme > 8) return {};
        begin = scheme + 3;
    }
    std::string_view rest = url.substr(begin);
    rest = rest.substr(0, rest.find_first_of("/?#"));
    const std::size_t user = rest.rfind('@');
    if (user != std::string_view::npos) rest.remove_prefix(user + 1);
    if (!rest.empty() && rest[0] == '[') return ascii_lower(rest.substr(0, rest.find(']') + 1));
    return ascii_lower(rest.substr(0, rest.find(':')));
}

bool is_loopback_host(std::string_view host) {
    return host == "localhost" || host == "[::1]" || host == "::1" || host == "0.0.0.0" || starts_with(host, "127.") ||
           ends_with(host, ".localhost");
}

bool is_external(std::string_view url) {
    const std::string host = host_of(url);
    if (host.empty() || is_loopback_host(host)) return false;
    const std::string low = ascii_lower(url.substr(0, 8));
    return starts_with(low, "http") || starts_with(low, "ws") || starts_with(low, "//") || starts_with(low, "tcp") ||
           starts_with(low, "ftp");
}

bool is_public_address(std::string_view host) {
    int parts[4] = {0, 0, 0, 0};
    int index = 0;
    bool digit = false;
    for (const char c : host) {
        if (std::isdigit(static_cast<unsigned char>(c)) != 0) {
            parts[index] = parts[index] * 10 + (c - '0');
            if (parts[index] > 255) return false;
            digit = true;
        } else if (c == '.' && digit && index < 3) {
            ++index;
            digit = false;
        } else {
            return false;
        }
    }
    if (index != 3 || !digit) return false;
    if (parts[0] == 127 || parts[0] == 10 || parts[0] == 0 || (parts[0] == 192 && parts[1] == 168) ||
        (parts[0] == 172 && parts[1] >= 16 && parts[1] < 32))
        return false;
    return true;
}

bool is_drop_box(std::string_view url) {
    const std::string low = ascii_lower(url);
    return contains_any(low, {"api.telegram.org/bot",
                              "discord.com/api/webhooks",
                              "discordapp.com/api/webhooks",
                              "hooks.slack.com/services",
                              "webhook.site",
                              "requestbin",
                              "pipedream.net",
                              "hookbin",
                              "beeceptor.com",
                              "ngrok.io",
                              "ngrok-free.app",
                              "ngrok.app",
                              "trycloudflare.com",
                              "burpcollaborator",
                              "oastify.com",
                              "interact.sh",
                              "canarytokens",
                              "formspree.io",
                              "formsubmit.co",
                              "getform.io",
                              "script.google.com/macros",
                              "requestcatcher.com",
                              "dnslog.",
                              "pastebin.com/api",
                              "serveo.net",
                              "loca.lt",
                              ".onion",
                              "maker.ifttt.com",
                              "hook.eu",
                              "hook.us",
                              "hooks.zapier.com",
                              "webhook.",
                              "mockbin.",
                              "postb.in",
                              "ptsv2.com",
                              "ptsv3.com",
                              "api.emailjs.com",
                              "graph.facebook.com/v"});
}

void each_event(const AppView& app, const std::function<void(const FileView&, const Event&)>& use) {
    for (const FileView& file : app.files) {
        if (file.test) continue;
        for (const Event& event : file.facts.code.events) use(file, event);
    }
}
void each_event(const AppView& app, Act act, const std::function<void(const FileView&, const Event&)>& use) {
    each_event(app, [&](const FileView& file, const Event& event) {
        if (event.act == act) use(file, event);
    });
}
void each_string(const AppView& app, const std::function<void(const FileView&, const Located&)>& use) {
    for (const FileView& file : app.files) {
        if (file.test) continue;
        for (const Located& one : file.facts.code.strings) use(file, one);
    }
}

std::vector<Pipeline> shell_pipelines(std::string_view text) {
    std::vector<Pipeline> result;
    Pipeline pipeline;
    ShellCommand command;
    std::string word;
    bool in_word = false;
    const auto end_word = [&] {
        if (in_word) command.push_back(word);
        word.clear();
        in_word = false;
    };
    const auto end_command = [&] {
        end_word();
        if (!command.empty()) pipeline.push_back(command);
        command.clear();
    };
    const auto end_pipeline = [&] {
        end_command();
        if (!pipeline.empty()) result.push_back(pipeline);
        pipeline.clear();
    };
    for (std::size_t at = 0; at < text.size(); ++at) {
        const char c = text[at];
        if (c == '\'' || c == '"') {
            std::size_t end = at + 1;
            while (end < text.size() && text[end] != c) end += text[end] == '\\' && c == '"' ? 2U : 1U;
            word += text.substr(at + 1, std::min(end, text.size()) - at - 1);
            in_word = true;
            at = end;
        } else if (c == '\\' && at + 1 < text.size()) {
            word.push_back(text[++at]);
            in_word = true;
        } else if (c == '|') {
            if (at + 1 < text.size() && text[at + 1] == '|') {
                ++at;
                end_pipeline();
            } else {
                end_command();
            }
        } else if (c == ';' || c == '\n' || c == '(' || c == ')' || c == '`' || c == '{' || c == '}') {
            end_pipeline();
        } else if (c == '&') {
            // ">&" and "&>" redirect.
            if ((at > 0 && text[at - 1] == '>') || (at + 1 < text.size() && text[at + 1] == '>')) {
                word.push_back(c);
                in_word = true;
            } else {
                end_pipeline();
            }
        } else if (std::isspace(static_cast<unsigned char>(c)) != 0) {
            end_word();
        } else {
            word.push_back(c);
            in_word = true;
        }
    }
    end_pipeline();
    return result;
}

std::string program_of(const ShellCommand& command) {
    for (const std::string& word : command) {
        if (is_one_of(word, {"sudo", "env", "nohup", "time", "exec", "command", "setsid", "then", "do", "if", "while",
                             "!", "else", "-c", "-i", "nice", "busybox"}))
            continue;
        if (contains(word, "=") && !contains(word, "/")) continue;
        if (starts_with(word, "$")) continue;
        if (starts_with(word, ">") || starts_with(word, "<") || starts_with(word, "2>")) continue;
        const std::size_t slash = word.rfind('/');
        return slash == std::string::npos ? word : word.substr(slash + 1);
    }
    return {};
}

std::string shell_text(const Event& event) {
    if (event.act == Act::shell) return event.data.text;
    if (event.act == Act::program) return event.target.text + " " + event.data.text;
    return {};
}

std::string show(std::string_view text) {
    std::string out;
    for (const char c : text.substr(0, 200)) {
        if (c == k_hole)
            out += "...";
        else if (static_cast<unsigned char>(c) >= 0x20 && static_cast<unsigned char>(c) < 0x7F)
            out.push_back(c);
        else
            out.push_back(' ');
    }
    return out.size() > 80 ? out.substr(0, 77) + "..." : out;
}

bool is_node_builtin(std::string_view module) {
    if (starts_with(module, "node:")) module.remove_prefix(5);
    const std::string_view root = module.substr(0, module.find('/'));
    return std::find(std::begin(k_node_builtins), std::end(k_node_builtins), root) != std::end(k_node_builtins);
}

bool is_python_builtin(std::string_view module) {
    const std::string_view root = module.substr(0, module.find('.'));
    return std::binary_search(std::begin(k_python_builtins), std::end(k_python_builtins), root);
}

std::string package_of(std::string_view module) {
    std::size_t slash = module.find('/');
    if (!module.empty() && module[0] == '@' && slash != std::string_view::npos) slash = module.find('/', slash + 1);
    return std::string(module.substr(0, slash));
}

}  // namespace spawnai::validate::rules
