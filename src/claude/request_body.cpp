#include "request_body.hpp"

#include <spawnai/core/json.hpp>

#include <algorithm>
#include <utility>

namespace spawnai::claude {
namespace {

constexpr std::int64_t k_claude_output = 32000;
constexpr std::int64_t k_foreign_output = 8192;

Json text_block(const std::string& text) {
    return Json{{"type", "text"}, {"text", text}};
}

}  // namespace

bool is_claude(std::string_view model) noexcept {
    const std::size_t slash = model.rfind('/');
    return model.substr(slash == std::string_view::npos ? 0 : slash + 1).starts_with("claude-");
}

std::int64_t default_max_tokens(std::string_view model, const ModelPrices& prices) {
    if (!is_claude(model)) return k_foreign_output;
    const ModelInfo* info = prices.find(model);
    return info == nullptr ? k_claude_output : std::min(k_claude_output, info->max_output);
}

std::string default_effort(std::string_view model, const ModelPrices& prices) {
    const ModelInfo* info = prices.find(model);
    if (info == nullptr || info->efforts.empty()) return {};
    const std::string wanted = model.find("haiku") != std::string_view::npos ? "low" : "medium";
    return std::find(info->efforts.begin(), info->efforts.end(), wanted) == info->efforts.end() ? std::string()
                                                                                                : wanted;
}

std::string lower_effort(const std::string& effort, std::string_view model, const ModelPrices& prices) {
    const ModelInfo* info = prices.find(model);
    if (info == nullptr) return effort;
    const auto at = std::find(info->efforts.begin(), info->efforts.end(), effort);
    return at == info->efforts.end() || at == info->efforts.begin() ? effort : *std::prev(at);
}

std::string request_body(const CallSpec& spec, bool plain) {
    const bool structured = is_claude(spec.model) && !plain;
    Json body{{"model", spec.model}, {"max_tokens", spec.max_tokens}, {"stream", true}};
    if (structured) {
        Json system = text_block(spec.system);
        system["cache_control"] = Json{{"type", "ephemeral"}};
        body["system"] = Json::array({std::move(system)});
        if (!spec.effort.empty()) body["output_config"] = Json{{"effort", spec.effort}};
    } else {
        body["system"] = spec.system;
    }
    Json messages = Json::array();
    for (const Turn& turn : spec.turns) {
        Json message{{"role", turn.role == Turn::Role::user ? "user" : "assistant"}};
        if (structured)
            message["content"] = Json::array({text_block(turn.text)});
        else
            message["content"] = turn.text;
        messages.push_back(std::move(message));
    }
    body["messages"] = std::move(messages);
    return dump_json(body);
}

net::Request http_request(const std::string& body, const ModelSettings& settings, AuthStyle auth) {
    net::Request request;
    request.method = "POST";
    request.url = settings.base_url + "/v1/messages";
    request.headers = {{"content-type", "application/json"},
                       {"accept", "application/json"},
                       {"anthropic-version", settings.api_version},
                       {"user-agent", "spawnai"}};
    if (settings.credential) {
        const std::string& key = settings.credential->key.reveal();
        if (auth != AuthStyle::bearer) request.headers.push_back({"x-api-key", key});
        if (auth != AuthStyle::api_key) request.headers.push_back({"authorization", "Bearer " + key});
    }
    request.headers.insert(request.headers.end(), settings.extra_headers.begin(), settings.extra_headers.end());
    request.body = body;
    request.timeouts = settings.timeouts;
    request.response_limit = 4U << 20U;
    return request;
}

}  // namespace spawnai::claude
