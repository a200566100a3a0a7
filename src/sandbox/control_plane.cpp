#include "control_plane.hpp"

#include "envd_version.hpp"
#include "failure.hpp"

#include <spawnai/net/url.hpp>

#include <fmt/format.h>

#include <set>

namespace spawnai::sandbox {

using std::chrono::milliseconds;

namespace {

constexpr std::size_t k_answer_limit = 16U << 20U;
constexpr int k_most_pages = 1000;

bool success(const net::Response& response) {
    return response.status >= 200 && response.status < 300;
}

/// The API's own 404. A bare one comes from a server without that path, or from something that is no E2B server at all: to take
/// that for "gone" would lose track of sandboxes that run.
bool says_unknown(const net::Response& response) {
    return response.status == 404 && wire::parse_failure(response.body).code == 404;
}

bool says_unknown_sandbox(const net::Response& response) {
    return says_unknown(response) && wire::parse_failure(response.body).message.find("andbox") != std::string::npos;
}

/// A create call with this answer was not carried out. Of a 408 and all server errors but one, nobody knows.
bool refuses(const net::Response& response) {
    return (response.status >= 300 && response.status < 500 && response.status != 408) || says_not_created(response);
}

bool no_other_meaning(const net::Response& /*response*/) {
    return false;
}

std::string path_of(const SandboxId& id, std::string_view action = {}) {
    return fmt::format("/sandboxes/{}{}", id.str(), action);
}

}  // namespace

net::Response ControlPlane::call(std::string_view method, const std::string& path, std::string body, Repeat repeat,
                                 const std::stop_token& stop) {
    net::Request request;
    request.method = method;
    request.url = options_->api_url + path;
    request.headers = {{wire::header::k_api_key, options_->api_key.reveal()},
                       {"User-Agent", options_->user_agent},
                       {"Accept", wire::media::k_json}};
    if (!body.empty()) request.headers.push_back({"Content-Type", wire::media::k_json});
    request.body = std::move(body);
    request.timeouts.first_byte = options_->request_timeout;
    request.timeouts.idle = options_->request_timeout;
    request.timeouts.total = options_->request_timeout;
    request.response_limit = k_answer_limit;
    request.at_most_once = repeat == Repeat::when_not_executed;
    net::RetryPolicy policy;
    policy.repeatable = repeat == Repeat::always;
    policy.says_not_executed = says_not_created;
    return net::send_with_retry(*transport_, request, policy, *clock_, options_->request_timeout, stop);
}

net::Response ControlPlane::call_newest(std::string_view method, const Call& v2, const Call& v1, Family& family,
                                        Repeat repeat, bool (*means_other)(const net::Response&),
                                        const std::stop_token& stop) {
    const auto no_such_path = [&](const net::Response& response) {
        return response.status == 405 || (response.status == 404 && !means_other(response));
    };
    if (!family.only_v1) {
        net::Response response = call(method, v2.path, v2.body, repeat, stop);
        if (!no_such_path(response)) return response;
    }
    net::Response response = call(method, v1.path, v1.body, repeat, stop);
    if (!no_such_path(response)) family.only_v1 = true;
    return response;
}

wire::Access ControlPlane::create(const SandboxRequest& request, const std::stop_token& stop) {
    const auto ask = [&] {
        try {
            return call_newest("POST", {"/v2/sandboxes", wire::create_body(request, wire::Api::v2)},
                               {"/sandboxes", wire::create_body(request, wire::Api::v1)}, lifecycle_,
                               Repeat::when_not_executed, says_no_template, stop);
        } catch (const net::TransportError& error) {
            if (error.may_have_arrived()) throw;
            throw NotCreated(error);
        }
    };
    const net::Response response = ask();
    if (!success(response)) {
        const Error error = error_of(Service::control_plane, response, "cannot create a sandbox");
        if (refuses(response)) throw NotCreated(error);
        throw Error(error);
    }
    wire::Access access = wire::parse_access(response.body);
    const auto give_up = [&](const std::string& why) {
        // It runs and costs; the stop of the caller must not keep it alive.
        try {
            kill(access.id, {});
        } catch (const Error& error) {
            return Error(ErrorKind::unavailable, fmt::format("cannot create a sandbox: {}; and {}", why, error.what()));
        }
        return Error(ErrorKind::unavailable, "cannot create a sandbox: " + why);
    };
    if (access.envd_token.empty()) throw give_up("the server gave it no access token, so anybody could control it");
    if (older_than(access.envd_version, 0, 1, 0))
        throw give_up("the daemon of template " + request.template_id + " is too old (" + access.envd_version + ")");
    return access;
}

std::optional<wire::Access> ControlPlane::connect(const SandboxId& id, std::chrono::seconds lifetime,
                                                  const std::stop_token& stop) {
    const std::string body = wire::timeout_body(lifetime);
    const net::Response response =
        call_newest("POST", {"/v2" + path_of(id, "/connect"), body}, {path_of(id, "/connect"), body}, lifecycle_,
                    Repeat::always, says_unknown_sandbox, stop);
    if (says_unknown(response)) return std::nullopt;
    if (!success(response))
        throw error_of(Service::control_plane, response, "cannot connect to the sandbox " + id.str());
    return wire::parse_access(response.body);
}

std::optional<ControlPlane::Detail> ControlPlane::detail(const SandboxId& id, const std::stop_token& stop) {
    const net::Response response = call("GET", path_of(id), "", Repeat::always, stop);
    if (says_unknown(response)) return std::nullopt;
    if (!success(response)) throw error_of(Service::control_plane, response, "cannot look up the sandbox " + id.str());
    return Detail{wire::parse_access(response.body), wire::parse_detail(response.body)};
}

std::vector<SandboxInfo> ControlPlane::list(const std::map<std::string, std::string>& metadata,
                                            const std::stop_token& stop) {
    std::vector<SandboxInfo> all;
    std::string token;
    std::set<std::string> seen;
    const std::string filter = metadata.empty() ? "" : "metadata=" + wire::metadata_query(metadata);
    // The older list has no pages, and leaves out what is paused.
    const Call v1{"/sandboxes" + (filter.empty() ? "" : "?" + filter)};
    for (int page = 0; page < k_most_pages; ++page) {
        Call v2{fmt::format("/v2/sandboxes?limit={}", wire::k_page_limit)};
        if (!filter.empty()) v2.path += "&" + filter;
        if (!token.empty()) v2.path += "&nextToken=" + net::percent_encode(token);
        const net::Response response = call_newest("GET", v2, v1, listing_, Repeat::always, no_other_meaning, stop);
        if (!success(response)) throw error_of(Service::control_plane, response, "cannot list the sandboxes");
        for (SandboxInfo& info : wire::parse_list(response.body)) all.push_back(std::move(info));
        const std::string next = response.header(wire::header::k_next_token).value_or("");
        // A page that was there already means that the list runs in a circle.
        if (next.empty() || !seen.insert(next).second) return all;
        token = next;
    }
    throw Error(ErrorKind::unavailable, "cannot list the sandboxes: the server's list has no end");
}

bool ControlPlane::kill(const SandboxId& id, const std::stop_token& stop) {
    const net::Response response = call("DELETE", path_of(id), "", Repeat::always, stop);
    if (says_unknown(response)) return false;
    if (!success(response)) throw error_of(Service::control_plane, response, "cannot end the sandbox " + id.str());
    return true;
}

bool ControlPlane::set_timeout(const SandboxId& id, std::chrono::seconds lifetime, const std::stop_token& stop) {
    const net::Response response =
        call("POST", path_of(id, "/timeout"), wire::timeout_body(lifetime), Repeat::always, stop);
    if (says_unknown(response)) return false;
    if (!success(response))
        throw error_of(Service::control_plane, response, "cannot change the lifetime of the sandbox " + id.str());
    return true;
}

bool ControlPlane::pause(const SandboxId& id, const std::stop_token& stop) {
    const net::Response response = call("POST", path_of(id, "/pause"), "{}", Repeat::always, stop);
    if (says_unknown(response)) return false;
    if (success(response)) return true;
    if (response.status == 409) {
        // Paused already, or on its way to something else: only a look tells.
        const auto now = detail(id, stop);
        if (!now) return false;
        if (now->info.state == SandboxState::paused) return true;
    }
    const Error error = error_of(Service::control_plane, response, "cannot pause the sandbox " + id.str());
    const bool cannot = response.status == 405 || response.status == 501;
    throw cannot ? Error(ErrorKind::usage, error.what(), "this provider cannot pause sandboxes") : Error(error);
}

std::vector<SandboxMetrics> ControlPlane::metrics(const SandboxId& id, const std::stop_token& stop) {
    const net::Response response = call("GET", path_of(id, "/metrics"), "", Repeat::always, stop);
    if (says_unknown(response)) throw gone(id);
    if (!success(response)) throw error_of(Service::control_plane, response, "cannot read the metrics of " + id.str());
    return wire::parse_metrics(response.body);
}

std::string ControlPlane::app_log(const SandboxId& id, const std::stop_token& stop) {
    const net::Response response = call("GET", path_of(id, "/logs"), "", Repeat::always, stop);
    if (says_unknown(response)) return {};
    if (!success(response)) throw error_of(Service::control_plane, response, "cannot read the log of " + id.str());
    return wire::parse_app_log(response.body);
}

}  // namespace spawnai::sandbox
