#include "failure.hpp"

#include <spawnai/core/text.hpp>

#include <fmt/format.h>

namespace spawnai::sandbox {

namespace {

constexpr const char* k_is_it_e2b = "does E2B_API_URL name the API of an E2B server?";

bool contains(const std::string& text, std::string_view part) {
    return ascii_lower(text).find(part) != std::string::npos;
}

/// What the other side said, or what can be said about its silence.
std::string reason_of(const net::Response& response, const wire::Failure& failure) {
    if (!failure.message.empty()) return failure.message;
    if (is_page(response))
        return fmt::format("HTTP {} with a web page, perhaps of a proxy in between", response.status);
    return fmt::format("HTTP {}", response.status);
}

Error too_many(const net::Response& response, const std::string& message) {
    if (contains(message, "concurrent"))
        return Error(ErrorKind::limit, message, "end sandboxes with 'spawnai kill', or see 'spawnai plan'");
    const auto wait = response.header("Retry-After");
    const bool seconds = wait && !wait->empty() && wait->find_first_not_of("0123456789") == std::string::npos;
    return Error(ErrorKind::limit, message, seconds ? fmt::format("try again in {} s", *wait) : "try again in a while");
}

Error control_plane_error(const net::Response& response, const wire::Failure& failure, const std::string& message) {
    switch (response.status) {
        case 400:
            if (contains(failure.message, "timeout cannot be greater"))
                return Error(ErrorKind::limit, message, "ask for a shorter --ttl, or see 'spawnai plan'");
            return Error(ErrorKind::usage, message);
        case 401:
            return Error(ErrorKind::auth, message, "check E2B_API_KEY, or set the key with 'spawnai keys set e2b'");
        case 403:
            return Error(ErrorKind::auth, message,
                         "the key is known but not allowed to do this: see the E2B dashboard");
        case 404:
            if (failure.code == 404) return Error(ErrorKind::not_found, message);
            return Error(ErrorKind::unavailable, message, k_is_it_e2b);
        case 409:
            return Error(ErrorKind::unavailable, message, "the sandbox is changing its state: try again");
        case 429:
            return too_many(response, message);
        case 503:
        case 504:
            return Error(ErrorKind::unavailable, message, "the provider has no room now: try again in a while");
        default:
            break;
    }
    if (response.status >= 500) return Error(ErrorKind::unavailable, message, "try again");
    if (response.status < 400) return Error(ErrorKind::unavailable, message, k_is_it_e2b);
    return Error(ErrorKind::unavailable, message);
}

ErrorKind kind_of_code(std::string_view code) {
    if (code == "not_found") return ErrorKind::not_found;
    if (code == "resource_exhausted") return ErrorKind::limit;
    if (code == "invalid_argument" || code == "already_exists" || code == "failed_precondition" ||
        code == "permission_denied" || code == "out_of_range")
        return ErrorKind::usage;
    return ErrorKind::unavailable;
}

}  // namespace

bool is_page(const net::Response& response) {
    return response.header("Content-Type").value_or("").starts_with("text/html") ||
           trim(std::string_view(response.body).substr(0, 64)).starts_with('<');
}

Error error_of(Service service, const net::Response& response, const std::string& doing) {
    const wire::Failure failure = wire::parse_failure(response.body);
    const std::string message = doing + ": " + reason_of(response, failure);
    if (service == Service::control_plane) {
        const Error error = control_plane_error(response, failure, message);
        const auto trace = response.header("X-E2B-Trace-ID");
        // What the provider's support asks for first.
        return trace ? Error(error.kind(), error.what(), error.hint(), "trace id: " + one_line(*trace, 80)) : error;
    }
    if (!failure.connect_code.empty()) return Error(kind_of_code(failure.connect_code), message);
    switch (response.status) {
        case 400:
            return Error(ErrorKind::usage, message);
        case 429:
            return Error(ErrorKind::limit, message, "try again in a while");
        case 507:
            return Error(ErrorKind::limit, message, "the disk inside the sandbox is full");
        default:
            return Error(ErrorKind::unavailable, message);
    }
}

Error error_of(const wire::Failure& failure, const std::string& doing) {
    return Error(kind_of_code(failure.connect_code),
                 doing + ": " + (failure.message.empty() ? failure.connect_code : failure.message));
}

bool says_gone(const net::Response& response) {
    // A page comes from some other proxy, and an open sandbox with a closed port is not gone.
    return response.status == 502 && !is_page(response) && !wire::parse_failure(response.body).port;
}

bool says_no_template(const net::Response& response) {
    return response.status == 404 && contains(wire::parse_failure(response.body).message, "template");
}

bool says_not_created(const net::Response& response) {
    return response.status == 503 && wire::parse_failure(response.body).code == 503;
}

Error gone(const SandboxId& id) {
    return Error(ErrorKind::not_found, "the sandbox " + id.str() + " is gone: it was killed or its time was over");
}

}  // namespace spawnai::sandbox
