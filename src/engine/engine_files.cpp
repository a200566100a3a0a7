#include "engine/engine_files.hpp"

#include "engine/host_name.hpp"

#include <spawnai/core/exit_code.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/text.hpp>

#include <algorithm>

namespace spawnai::engine {
namespace {

constexpr const char* k_passed_variables[] = {"PATH",
                                              "HOME",
                                              "NVM_DIR",
                                              "PYENV_ROOT",
                                              "NODE_EXTRA_CA_CERTS",
                                              "SSL_CERT_FILE",
                                              "PIP_CERT",
                                              "CURL_CA_BUNDLE",
                                              "GIT_SSL_CAINFO",
                                              "REQUESTS_CA_BUNDLE",
                                              "npm_config_registry",
                                              "NPM_CONFIG_REGISTRY",
                                              "PIP_INDEX_URL",
                                              "HTTP_PROXY",
                                              "HTTPS_PROXY",
                                              "NO_PROXY",
                                              "http_proxy",
                                              "https_proxy",
                                              "no_proxy"};

constexpr std::size_t k_key_length = 4 + 40;

}  // namespace

std::optional<std::uint16_t> read_port(const EngineFiles& files) {
    const auto text = read_file_if_exists(files.port, 64);
    const std::uint16_t port = text ? parse_port(trim(*text)) : std::uint16_t{0};
    if (port == 0) return std::nullopt;
    return port;
}

std::optional<Secret> read_api_key(const EngineFiles& files) {
    const auto text = read_file_if_exists(files.key, 256);
    if (!text) return std::nullopt;
    const std::string_view key = trim(*text);
    if (key.size() != k_key_length || !key.starts_with("e2b_")) return std::nullopt;
    return Secret(std::string(key));
}

Json options_to_json(const EngineOptions& options, bool check_only) {
    Json environment = Json::object();
    for (const char* name : k_passed_variables)
        if (const auto value = options.environment.get(name)) environment[name] = *value;
    return {{"stateDir", options.location.state_dir.string()},
            {"runtimeDir", options.location.runtime_dir.string()},
            {"dropsPrivileges", options.location.drops_privileges},
            {"executable", options.executable.string()},
            {"agent", options.agent.string()},
            {"environment", environment},
            {"version", options.version},
            {"maxSandboxes", options.max_sandboxes},
            {"maxLifetime", options.max_lifetime.count()},
            {"idleExit", options.idle_exit.count()},
            {"limits",
             {{"processes", options.limits.processes},
              {"dataBytes", options.limits.data_bytes},
              {"fileBytes", options.limits.file_bytes},
              {"openFiles", options.limits.open_files},
              {"memoryBytes", options.limits.memory_bytes},
              {"diskBytes", options.limits.disk_bytes}}},
            {"checkOnly", check_only}};
}

EngineOptions options_from_json(const Json& json) {
    const JsonReader reader(json, "engine options", ErrorKind::internal);
    EngineOptions options;
    options.location.state_dir = reader.string("stateDir");
    options.location.runtime_dir = reader.string("runtimeDir");
    options.location.drops_privileges = reader.boolean("dropsPrivileges");
    options.executable = reader.string("executable");
    options.agent = reader.string("agent");
    std::map<std::string, std::string> variables;
    for (const auto& [name, value] : reader.at("environment").raw().items()) variables[name] = value.get<std::string>();
    options.environment = Environment(std::move(variables));
    options.version = reader.string("version");
    options.max_sandboxes = static_cast<int>(reader.integer("maxSandboxes"));
    options.max_lifetime = std::chrono::seconds(reader.integer("maxLifetime"));
    options.idle_exit = std::chrono::seconds(reader.integer("idleExit"));
    const JsonReader limits = reader.at("limits");
    options.limits = {limits.integer("processes"), limits.integer("dataBytes"),   limits.integer("fileBytes"),
                      limits.integer("openFiles"), limits.integer("memoryBytes"), limits.integer("diskBytes")};
    return options;
}

Json error_to_json(const Error& error) {
    return {{"kind", exit_code(error.kind()).name}, {"message", error.what()}, {"hint", error.hint()}};
}

Error error_from_json(const Json& json) {
    const std::string name = json.value("kind", "");
    const auto codes = exit_codes();
    const auto found =
        std::find_if(codes.begin(), codes.end(), [&](const ExitCode& code) { return code.name == name; });
    return Error(found == codes.end() ? ErrorKind::internal : found->kind, json.value("message", "the engine failed"),
                 json.value("hint", ""));
}

}  // namespace spawnai::engine
