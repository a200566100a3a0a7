#include <spawnai/claude/settings.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/text.hpp>
#include <spawnai/net/url.hpp>

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

namespace spawnai::claude {
namespace {

using std::chrono::milliseconds;
using std::chrono::minutes;
using std::chrono::seconds;

constexpr std::string_view k_official_url = "https://api.anthropic.com";
constexpr std::array<const char*, 3> k_key_variables{"CLAUDE_API_KEY", "ANTHROPIC_API_KEY", "ANTHROPIC_AUTH_TOKEN"};

std::optional<std::string> variable(const Environment& environment, const char* name) {
    const std::optional<std::string> value = environment.get(name);
    if (!value) return std::nullopt;
    std::string text(trim(*value));
    if (text.empty()) return std::nullopt;
    return text;
}

struct Found {
    std::string value;
    std::string origin;
};

Found base_url(const Environment& environment, const ModelFlags& flags) {
    if (!flags.base_url.empty()) return {flags.base_url, "--base-url"};
    for (const char* const name : {"CLAUDE_BASE_URL", "ANTHROPIC_BASE_URL"})
        if (const auto value = variable(environment, name)) return {*value, name};
    return {std::string(k_official_url), "default"};
}

// Users paste the address with and without /v1, with a slash behind it, and with a query.
std::string normal_base_url(const Found& found) {
    net::Url url;
    try {
        url = net::Url::parse(found.value);
    } catch (const Error& error) {
        throw error.within(found.origin);
    }
    if (url.scheme != "https" && !url.loopback())
        throw Error(
            ErrorKind::usage,
            fmt::format("{} is plain http to {}: the key would travel unencrypted", found.origin, url.authority()),
            "use an https address; plain http is for loopback only");
    if (!url.userinfo.empty())
        throw Error(ErrorKind::usage, fmt::format("{} holds a user name or password", found.origin),
                    "put the key into CLAUDE_API_KEY or ANTHROPIC_AUTH_TOKEN instead");
    if (url.host.starts_with("bedrock-runtime.") || url.host.ends_with("-aiplatform.googleapis.com"))
        throw Error(
            ErrorKind::usage,
            fmt::format("{} names a cloud's own signing endpoint ({}), which is not supported", found.origin, url.host),
            "use a gateway that offers the Anthropic Messages API");
    std::string target = url.target.substr(0, url.target.find_first_of("?#"));
    while (target.ends_with('/')) target.pop_back();
    if (target.ends_with("/v1")) target.resize(target.size() - 3);
    while (target.ends_with('/')) target.pop_back();
    return url.scheme + "://" + url.authority() + target;
}

std::optional<Credential> find_credential(const Environment& environment, const Keys& keys) {
    for (const char* const name : k_key_variables)
        if (const auto value = variable(environment, name)) return Credential{Secret(*value), AuthStyle::api_key, name};
    for (const char* const name : k_key_variables)
        if (const auto value = keys.get(name))
            return Credential{*value, AuthStyle::api_key, fmt::format("the keys file ({})", name)};
    return std::nullopt;
}

void check_key(const Credential& credential) {
    const std::string& key = credential.key.reveal();
    if (!std::all_of(key.begin(), key.end(), [](char c) { return c > ' ' && c < 0x7F; }))
        throw Error(ErrorKind::auth,
                    fmt::format("the key from {} has blanks or other characters that no key has", credential.origin),
                    "copy it again, without quotes or line breaks");
    if (key.starts_with("sk-ant-oat"))
        throw Error(ErrorKind::auth,
                    fmt::format("the value from {} is a login token, not an API key", credential.origin),
                    "create an API key in the console and set CLAUDE_API_KEY to it");
}

std::string resolve_alias(const std::string& text) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 7> k_aliases{{
        {"haiku", "claude-haiku-5-5"},
        {"sonnet", "claude-sonnet-5-5"},
        {"opus", "claude-opus-5-5"},
        {"fable", "claude-fable-5-1"},
        {"default", k_default_model},
        {"opusplan", k_default_model},
        {"best", "claude-opus-5-5"},
    }};
    std::string_view model = trim(text);
    if (model.ends_with("[1m]")) model.remove_suffix(4);
    for (const auto& [alias, id] : k_aliases)
        if (model == alias) return std::string(id);
    return std::string(model);
}

Found choose_model(const Environment& environment, const ModelFlags& flags) {
    if (!flags.model.empty()) return {resolve_alias(flags.model), "--model"};
    if (const auto value = variable(environment, "CLAUDE_MODEL")) return {resolve_alias(*value), "CLAUDE_MODEL"};
    if (!flags.configured_model.empty()) return {resolve_alias(flags.configured_model), "configuration"};
    if (const auto value = variable(environment, "ANTHROPIC_MODEL")) return {resolve_alias(*value), "ANTHROPIC_MODEL"};
    return {std::string(k_default_model), "default"};
}

std::vector<net::Header> custom_headers(const Environment& environment) {
    std::vector<net::Header> headers;
    const auto list = environment.get("ANTHROPIC_CUSTOM_HEADERS");
    if (!list) return headers;
    for (const std::string_view line : split_lines(*list)) {
        const std::string_view text = trim(line);
        if (text.empty()) continue;
        const std::size_t colon = text.find(':');
        const std::string_view name = trim(text.substr(0, colon));
        const bool good_name = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
            return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
        });
        const std::string_view value =
            colon == std::string_view::npos ? std::string_view{} : trim(text.substr(colon + 1));
        const bool good_value =
            std::none_of(value.begin(), value.end(), [](char c) { return static_cast<unsigned char>(c) < ' '; });
        if (colon == std::string_view::npos || !good_name || !good_value)
            throw Error(ErrorKind::usage, "ANTHROPIC_CUSTOM_HEADERS holds a line that is not 'Name: value'",
                        "write one header per line");
        headers.push_back({std::string(name), std::string(value)});
    }
    return headers;
}

std::optional<std::int64_t> positive_number(const Environment& environment, const char* name) {
    const auto text = variable(environment, name);
    if (!text) return std::nullopt;
    std::int64_t value = 0;
    const auto [end, failure] = std::from_chars(text->data(), text->data() + text->size(), value);
    if (failure != std::errc() || end != text->data() + text->size() || value <= 0 || value > 1'000'000'000)
        throw Error(ErrorKind::usage, fmt::format("{} must be a whole number above 0", name));
    return value;
}

}  // namespace

bool model_available(const Environment& environment, const Keys& keys) {
    if (find_credential(environment, keys)) return true;
    const Found found = base_url(environment, {});
    return found.origin != "default" && net::Url::parse(normal_base_url(found)).loopback();
}

ModelSettings resolve_model_settings(const Environment& environment, const Keys& keys, const ModelFlags& flags) {
    ModelSettings settings;
    const Found found = base_url(environment, flags);
    settings.base_url = normal_base_url(found);
    settings.base_url_origin = found.origin;
    const net::Url url = net::Url::parse(settings.base_url);
    settings.official = url.host == "api.anthropic.com";
    settings.api_version = settings.official ? "2026-10-21" : "2023-06-01";

    settings.credential = find_credential(environment, keys);
    if (settings.credential) {
        check_key(*settings.credential);
        const bool token = settings.credential->origin.find("ANTHROPIC_AUTH_TOKEN") != std::string::npos;
        settings.credential->style = token               ? AuthStyle::bearer
                                     : settings.official ? AuthStyle::api_key
                                                         : AuthStyle::both;
    } else if (!url.loopback()) {
        throw Error(ErrorKind::auth, fmt::format("no key for the model's server {} is set", url.host),
                    "set CLAUDE_API_KEY (or ANTHROPIC_API_KEY), or `spawnai keys set claude`; "
                    "or use a built-in app: `spawnai spawn --offline \"todo app\"`");
    }
    const auto own = variable(environment, "CLAUDE_API_KEY");
    const auto common = variable(environment, "ANTHROPIC_API_KEY");
    if (own && common && *own != *common)
        settings.warnings.emplace_back("CLAUDE_API_KEY and ANTHROPIC_API_KEY differ: CLAUDE_API_KEY is used");

    const Found model = choose_model(environment, flags);
    settings.model = model.value;
    settings.model_origin = model.origin;
    settings.extra_headers = custom_headers(environment);
    settings.max_output = positive_number(environment, "SPAWNAI_MAX_OUTPUT_TOKENS");

    settings.timeouts.connect = seconds(15);
    settings.timeouts.first_byte = settings.official ? seconds(120) : seconds(600);
    settings.timeouts.idle = settings.official ? seconds(180) : seconds(300);
    settings.timeouts.total = minutes(15);
    settings.first_token = settings.official ? seconds(180) : seconds(600);
    if (const auto limit = positive_number(environment, "API_TIMEOUT_MS")) {
        settings.timeouts.total = milliseconds(*limit);
        settings.timeouts.first_byte = std::min(settings.timeouts.first_byte, settings.timeouts.total);
        settings.first_token = std::min(settings.first_token, settings.timeouts.total);
    }
    if (const auto limit = positive_number(environment, "CLAUDE_STREAM_IDLE_TIMEOUT_MS"))
        settings.timeouts.idle = milliseconds(*limit);
    return settings;
}

}  // namespace spawnai::claude
