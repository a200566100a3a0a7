#include "help.hpp"

#include <spawnai/core/config.hpp>
#include <spawnai/core/exit_code.hpp>
#include <spawnai/pipeline/starters.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace spawnai::cli {

namespace {

struct Variable {
    std::string_view name;
    std::string_view meaning;
};

constexpr Variable k_variables[] = {
    {"CLAUDE_API_KEY", "key of the model's API; else ANTHROPIC_API_KEY, else ANTHROPIC_AUTH_TOKEN, else the keys file"},
    {"ANTHROPIC_BASE_URL", "any compatible server; a loopback address needs no key. CLAUDE_BASE_URL comes first"},
    {"CLAUDE_MODEL", "model that writes the app; ANTHROPIC_MODEL is read when nothing else names one"},
    {"ANTHROPIC_CUSTOM_HEADERS", "more headers for the model's server, one 'Name: value' per line"},
    {"SPAWNAI_MAX_OUTPUT_TOKENS", "most tokens of one reply; 32000 for Claude, 8192 for other models"},
    {"API_TIMEOUT_MS", "most milliseconds of one call to the model; default 15 minutes"},
    {"CLAUDE_STREAM_IDLE_TIMEOUT_MS", "a stream that is silent for so long is given up; default 3 minutes, 5 for other servers"},
    {"E2B_API_KEY", "key of E2B's cloud; with it apps run there unless --provider says otherwise"},
    {"E2B_DOMAIN", "domain of a self-hosted E2B cluster; default e2b.app"},
    {"E2B_API_URL", "address of its control plane, when it is not https://api.DOMAIN"},
    {"E2B_SANDBOX_URL", "one address for all its sandboxes, when they have no host names of their own"},
    {"SPAWNAI_HOME", "one directory for everything that spawnai keeps, instead of the XDG directories"},
    {"XDG_CONFIG_HOME", "spawnai/config.json and keys.json are below it; default ~/.config"},
    {"XDG_DATA_HOME", "spawnai/spawnai.db and the engine's state; default ~/.local/share"},
    {"XDG_STATE_HOME", "lock files and the diagnostic log; default ~/.local/state"},
    {"XDG_RUNTIME_DIR", "sockets of the local engine"},
    {"SPAWNAI_DEBUG", "as --debug: write the diagnostic log"},
    {"LOG_LEVEL", "debug, info, warn or error: what the diagnostic log holds"},
    {"NO_COLOR", "no colours; SPAWNAI_NO_COLOR the same for spawnai alone. TERM=dumb means no colours and no redraw"},
    {"CLICOLOR_FORCE", "colours also without a terminal"},
    {"SPAWNAI_FORCE_TTY", "a number of columns: write as to a terminal of that width"},
    {"BROWSER", "what 'open' runs"},
    {"SPAWNAI_AGENT", "path of the sandbox agent, when it is not where the installation put it"},
    {"HTTPS_PROXY", "proxy for the clouds; NO_PROXY, ALL_PROXY, CURL_CA_BUNDLE and SSL_CERT_FILE are honoured too"},
};

void row(std::string& text, std::string_view name, std::string_view meaning, std::size_t left) {
    text += fmt::format("  {:<{}}  {}\n", name, left, wrap(meaning, 96 - left, left + 4));
}

std::string environment_topic() {
    std::string text =
        "An empty variable counts as unset. A flag comes before a variable, a variable before config.json.\n\n";
    for (const Variable& variable : k_variables) row(text, variable.name, variable.meaning, 18);
    text += "\nVariables for settings (see 'spawnai config list'):\n\n";
    for (const SettingSpec& spec : setting_specs())
        if (!spec.environment.empty()) row(text, spec.environment, fmt::format("{}: {}", spec.name, spec.meaning), 18);
    text +=
        "\nURLs of local apps end in .localhost, which browsers, curl and most resolvers take for this machine. Where "
        "one\n"
        "does not, connect to 127.0.0.1 and the URL's port, and send the URL's host name as Host:\n\n"
        "  curl -H \"Host: 3000-ID.localhost:PORT\" http://127.0.0.1:PORT/\n";
    return text;
}

std::string exit_codes_topic() {
    std::string text =
        "Every command ends with one of these. 'kind' and 'class' are words of the error object of --json.\n\n";
    text += "  CODE  KIND         CLASS           MEANING\n";
    text += "  0                                  done\n";
    for (const ExitCode& code : exit_codes())
        text += fmt::format("  {:<4}  {:<11}  {:<14}  {}\n", code.code, code.name, code.error_class, code.meaning);
    text += "  130   interrupted  user_error      Ctrl-C, after clean-up\n";
    text += "  143   terminated   user_error      SIGTERM, after clean-up\n";
    text += "\nThe same command may work later, unchanged, after: ";
    std::string later;
    for (const ExitCode& code : exit_codes())
        if (code.recoverable) later += (later.empty() ? "" : ", ") + std::to_string(code.code);
    return text + later + ".\n";
}

std::string formatting_topic() {
    return "stdout carries the result and nothing else; progress, remarks and errors go to stderr.\n"
           "\n"
           "Without a terminal there are no colours and no redrawing; tables become tab-separated lines.\n"
           "\n"
           "--json    one object on one line, with \"schemaVersion\". Fields are only ever added.\n"
           "          times   \"2026-01-02T03:04:05Z\" (RFC 3339, UTC), null when there is none\n"
           "          money   {\"usd\":\"0.003\",\"nanoUsd\":3000000}: exact decimal text and integer nano-dollars\n"
           "          spans   whole seconds, in fields whose names end in Seconds\n"
           "          errors  {\"schemaVersion\":1,\"error\":{\"code\",\"kind\",\"class\",\"message\",\"hint\",\n"
           "                  \"recoverable\",\"session\"}} on stdout; the exit code is the same as without --json\n"
           "\n"
           "--events  (spawn) one object per line as things happen, field \"type\":\n"
           "          session_update   status, message, appUrl, progress (0 to 1), session\n"
           "          session_error    error, recoverable\n"
           "          session_expired  finalCost\n"
           "          result           the last line: the object of --json, or its \"error\"\n"
           "\n"
           "Durations are written 90s, 15m, 2h, 1h30m; a bare number is refused, because nobody knows its unit.\n"
           "Amounts are US dollars: 0.50 or $0.50.\n"
           "\n"
           "A session is named by its id, by the beginning of it if that is unique, by its name (todo-app-k3f9), or "
           "by\n"
           "@last, the newest one.\n";
}

std::string security_topic() {
    return "Generated code is treated as hostile. It runs in a sandbox, never in this process, and what it prints is\n"
           "stripped of escape sequences before it reaches your terminal.\n"
           "\n"
           "Keys      are read from the environment or from keys.json (0600, by 'spawnai keys set'). They are sent to "
           "the\n"
           "          service that they belong to and nowhere else: not to a sandbox, the store, a log or a process "
           "list.\n"
           "          There is no flag for a key, because command lines are visible to other users.\n"
           "\n"
           "local     apps run under bubblewrap on this machine: own user, process, mount and network namespaces, a\n"
           "          system-call filter and limits on memory, processes and disk. They share the kernel with you; a "
           "hole\n"
           "          in the kernel is a hole in the sandbox. E2B's cloud runs each app in a virtual machine of its "
           "own,\n"
           "          which is the stronger wall. The network is off for pages and scripts unless --internet is "
           "given.\n"
           "\n"
           "engine    listens on loopback only, demands its own key, and refuses requests for other host names.\n"
           "\n"
           "URLs      of local apps can be reached from this machine alone. URLs of E2B's cloud are public to whoever "
           "knows\n"
           "          them: put nothing into an app that should not be read.\n"
           "\n"
           "Data      Prompts and generated code are kept in the store on this machine. Nothing is sent anywhere but "
           "to the\n"
           "          model and the sandbox provider that you chose. There is no telemetry.\n";
}

std::string starters_topic() {
    std::string text =
        "Apps that are part of spawnai. They are used with --offline, or when no key is set and the prompt asks for "
        "one.\n\n";
    std::size_t left = 0;
    for (const pipeline::Starter& starter : pipeline::list_starters()) left = std::max(left, starter.id.size());
    for (const pipeline::Starter& starter : pipeline::list_starters())
        row(text, starter.id,
            fmt::format("{}: {}  ({})", to_string(starter.app.type), starter.description, starter.example), left);
    return text;
}

constexpr HelpTopic k_topics[] = {
    {"environment", "environment variables", &environment_topic},
    {"exit-codes", "what the exit code says", &exit_codes_topic},
    {"formatting", "output for people and for scripts", &formatting_topic},
    {"security", "what is protected and what is not", &security_topic},
    {"starters", "the built-in apps", &starters_topic},
};

}  // namespace

std::span<const HelpTopic> help_topics() noexcept {
    return k_topics;
}

}  // namespace spawnai::cli
