#pragma once

#include <spawnai/claude/settings.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/net/http.hpp>

#include <cstdint>
#include <string>
#include <vector>

namespace spawnai::claude {

struct Turn {
    enum class Role { user, assistant } role = Role::user;
    std::string text;
};

/// One call as the client makes it.
struct CallSpec {
    std::string model;
    std::int64_t max_tokens = 0;
    std::string effort;  ///< empty: not sent
    std::string system;
    std::vector<Turn> turns;
};

/// A model of Anthropic's, whoever serves it: it takes structured system prompts and effort.
[[nodiscard]] bool is_claude(std::string_view model) noexcept;

/// How much a reply may hold when the user sets no cap.
[[nodiscard]] std::int64_t default_max_tokens(std::string_view model, const ModelPrices& prices);

/// The effort to ask for: low for the small fast family, medium for others, nothing where it is refused.
[[nodiscard]] std::string default_effort(std::string_view model, const ModelPrices& prices);
/// The level below `effort` that the model accepts, or `effort` itself when there is none.
[[nodiscard]] std::string lower_effort(const std::string& effort, std::string_view model, const ModelPrices& prices);

/// The JSON body. `plain` leaves out everything that a strict server may refuse (cache marks, effort, text blocks).
[[nodiscard]] std::string request_body(const CallSpec& spec, bool plain);

/// The whole request. `auth` overrides the style of the credential.
[[nodiscard]] net::Request http_request(const std::string& body, const ModelSettings& settings, AuthStyle auth);

}  // namespace spawnai::claude
