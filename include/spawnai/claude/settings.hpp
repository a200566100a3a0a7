#pragma once

#include <spawnai/core/environment.hpp>
#include <spawnai/core/keys.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/net/http.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::claude {

inline constexpr std::string_view k_default_model = "claude-haiku-5-5";
inline constexpr std::string_view k_escalation_model = "claude-sonnet-5-5";  ///< of the last repair

/// How a key goes into a request.
enum class AuthStyle { api_key, bearer, both };

struct Credential {
    Secret key;
    AuthStyle style = AuthStyle::api_key;
    std::string origin;  ///< the variable, or the keys file: safe to print
};

/// Everything about the model's server that does not change from request to request.
struct ModelSettings {
    std::string base_url;                  ///< without a trailing slash and without /v1
    std::string base_url_origin;           ///< the variable, or "default"
    std::optional<Credential> credential;  ///< empty only when the server needs none
    std::string model;                     ///< the model to ask unless a request names one
    std::string model_origin;
    std::string api_version;
    std::vector<net::Header> extra_headers;
    std::optional<std::int64_t> max_output;  ///< the user's own cap on output tokens
    net::Timeouts timeouts;
    std::chrono::milliseconds first_token{180000};  ///< from the request to the first sign of content, pings aside
    bool official = true;                           ///< the base URL is Anthropic's own
    std::vector<std::string> warnings;              ///< for the user, once; they hold no value of a key
};

/// What flags may override; empty means not given.
struct ModelFlags {
    std::string model;
    std::string base_url;
    std::string configured_model;  ///< from config.json
};

/// Whether a model could be asked at all: a key is set or the base URL is a loopback address. Touches no
/// network.
[[nodiscard]] bool model_available(const Environment& environment, const Keys& keys);

/// Decides the server, the key and the model by the documented precedence.
/// key: CLAUDE_API_KEY > ANTHROPIC_API_KEY > ANTHROPIC_AUTH_TOKEN > keys file; base URL: flag >
/// CLAUDE_BASE_URL > ANTHROPIC_BASE_URL > Anthropic's; model: flag > CLAUDE_MODEL > configuration >
/// ANTHROPIC_MODEL (aliases mapped) > default.
/// @throws Error{auth} when a key is needed and none is set, Error{usage} for an unusable base URL or header
/// list.
[[nodiscard]] ModelSettings resolve_model_settings(const Environment& environment, const Keys& keys,
                                                   const ModelFlags& flags);

}  // namespace spawnai::claude
