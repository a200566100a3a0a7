#include "api_error.hpp"

#include "clean_text.hpp"

#include <spawnai/core/log.hpp>
#include <spawnai/core/text.hpp>

#include <fmt/format.h>

namespace spawnai::claude {
namespace {

constexpr std::size_t k_quoted = 300;
constexpr std::string_view k_spend_limit = "You have reached your specified API usage limits";

std::string quoted(const std::string& text) {
    return one_line(redact(text), k_quoted);
}

std::string current_models(const ModelPrices& prices) {
    std::string list;
    for (std::size_t i = 0; i < prices.models().size() && i < 4; ++i)
        list += (i == 0 ? "" : ", ") + prices.models()[i].id;
    return list;
}

bool looks_like_html(std::string_view body) {
    const std::string head = ascii_lower(trim(body).substr(0, 64));
    return head.starts_with("<!doctype") || head.starts_with("<html") || head.starts_with("<head");
}

std::string html_title(const std::string& body) {
    const std::string lower = ascii_lower(body);
    const std::size_t open = lower.find("<title>");
    const std::size_t close = lower.find("</title>");
    if (open == std::string::npos || close == std::string::npos || close < open) return "an HTML page";
    return "an HTML page titled \"" + body.substr(open + 7, close - open - 7) + "\"";
}

}  // namespace

ApiFault read_fault(const net::Response& response) {
    ApiFault fault;
    const Json body = Json::parse(valid_utf8(response.body), nullptr, false);
    if (!body.is_discarded()) fault = read_fault(body);
    if (fault.message.empty())
        fault.message = looks_like_html(response.body) ? html_title(response.body)
                                                       : std::string(trim(response.body).substr(0, 4 * k_quoted));
    for (const char* const name : {"request-id", "x-request-id", "x-generation-id"})
        if (const auto id = response.header(name); id && fault.request_id.empty()) fault.request_id = *id;
    return fault;
}

bool spent_allowance(const ApiFault& fault) {
    return fault.code == "enforced_spend_limit_reached" || fault.code == "contract_spend_limit_reached" ||
           fault.message.starts_with(k_spend_limit);
}

Error to_error(int status, const ApiFault& fault, const std::string& model, const ModelSettings& settings,
               const ModelPrices& prices) {
    const std::string& type = fault.type;
    const bool foreign_404 = status == 404 && type.empty();
    std::string said = fault.message.empty() ? type : quoted(fault.message);
    if (said.empty()) said = "no explanation";
    std::string message = status == 0 ? fmt::format("the model's server reported an error: {}", said)
                                      : fmt::format("the model's server answered {}: {}", status, said);
    if (!fault.request_id.empty()) message += fmt::format(" (request {})", one_line(fault.request_id, 80));
    const std::string where = settings.credential ? settings.credential->origin : std::string("the environment");
    const auto make = [&message](ErrorKind kind, const std::string& hint) { return Error(kind, message, hint); };

    if (spent_allowance(fault))
        return make(ErrorKind::limit,
                    "the account's own spend limit is reached: raise it in the console of the account");
    if (status == 401 || type == "authentication_error") {
        if (!settings.credential)
            return make(ErrorKind::auth, "this server wants a key: set CLAUDE_API_KEY, or `spawnai keys set claude`");
        return make(ErrorKind::auth, fmt::format("the key from {} was refused: check it, or set another one", where));
    }
    if (status == 402 || type == "billing_error")
        return make(ErrorKind::limit, "the account has no credit: see its billing page");
    if (status == 403 || type == "permission_error")
        return make(ErrorKind::auth,
                    fmt::format("the key from {} may not use {}: choose another model with -m, or another key", where,
                                one_line(model, 80)));
    if (foreign_404)
        return make(ErrorKind::usage,
                    fmt::format("{} has no Messages API: check {}", settings.base_url, settings.base_url_origin));
    if (status == 404 || type == "not_found_error")
        return make(ErrorKind::usage, fmt::format("is '{}' the right model? current ones: {}", one_line(model, 80),
                                                  current_models(prices)));
    if (status == 413 || type == "request_too_large")
        return make(ErrorKind::usage, "the request is too large: shorten the prompt or the attached files");
    if (status >= 300 && status < 400)
        return make(ErrorKind::usage, fmt::format("redirects are not followed with a key: set {} to the final address",
                                                  settings.base_url_origin));
    if (status == 429 || type == "rate_limit_error")
        return make(ErrorKind::unavailable,
                    "the account's rate limit is reached: wait a little and run the command again");
    if (status == 529 || type == "overloaded_error")
        return make(ErrorKind::unavailable,
                    "the whole service is busy, not this account: try again in a minute, or another model with -m");
    if (status >= 500 || status == 0 || status == 408 || status == 409)
        return make(ErrorKind::unavailable, "run the command again; nothing was deployed");
    return make(ErrorKind::usage, fmt::format("the server did not accept the request for {}: try another model with -m",
                                              one_line(model, 80)));
}

Error wrong_server(const std::string& what, const ModelSettings& settings) {
    return Error(
        ErrorKind::usage,
        fmt::format("{} answered {} instead of a message", settings.base_url, one_line(redact(what), k_quoted)),
        fmt::format("check the base URL ({})", settings.base_url_origin));
}

}  // namespace spawnai::claude
