#include "engine/routes.hpp"

#include "engine/file_signature.hpp"
#include "engine/host_name.hpp"
#include "engine/query.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

#include <algorithm>

namespace spawnai::engine {
namespace {

constexpr std::uint16_t k_daemon_port = sandbox::wire::k_envd_port;

Reply text_reply(int status, const std::string& text) {
    return {status, text, "text/plain; charset=utf-8", {}};
}

Reply unauthorised(const std::string& why) {
    return error_reply(401,
                       "unauthorized access, please provide a valid access token" + (why.empty() ? "" : ": " + why));
}

bool internal_route(const std::string& path) {
    static constexpr std::string_view k_routes[] = {"/init",     "/freeze", "/unfreeze", "/collapse",
                                                    "/fsfreeze", "/fsthaw", "/upgrade",  "/deadline"};
    return std::find(std::begin(k_routes), std::end(k_routes), path) != std::end(k_routes);
}

std::optional<SignedFile> signed_file(const RequestView& request, const Target& target) {
    if (target.path != "/files" || (request.method != "GET" && request.method != "POST")) return std::nullopt;
    return SignedFile{target.get("path").value_or(""), request.method == "POST", target.get("username").value_or(""),
                      target.get("signature").value_or(""), target.get("signature_expiration")};
}

/// Why the daemon's traffic is refused, or nothing.
std::optional<Reply> refuse_daemon_call(const RequestView& request, const LiveSandbox& sandbox, std::int64_t now) {
    const Target target = parse_target(request.target);
    if (internal_route(target.path)) return error_reply(404, "not found");
    if (target.path == "/health" && request.method == "GET") return std::nullopt;
    const std::string_view token = request.header("X-Access-Token");
    if (!token.empty()) {
        if (equal_constant_time(token, sandbox.record.access_token)) return std::nullopt;
        return unauthorised("");
    }
    const auto file = signed_file(request, target);
    if (!file) return unauthorised("");
    switch (check_signature(*file, sandbox.record.access_token, now)) {
        case SignatureVerdict::valid:
            return std::nullopt;
        case SignatureVerdict::missing:
            return unauthorised("missing signature query parameter");
        case SignatureVerdict::invalid:
            return unauthorised("invalid signature");
        case SignatureVerdict::expired:
            return unauthorised("signature is already expired");
    }
    return unauthorised("");
}

/// Traffic that has every right to come in, to a sandbox that is paused.
Decision at_the_door(const RequestView& request, const LiveSandbox& sandbox, std::uint16_t port) {
    if (sandbox.record.auto_resume) return ToWake{sandbox.record.id};
    return unreachable_reply(request, sandbox.record.id, port, Unreachable::paused);
}

Decision to_sandbox(const RequestView& request, const LiveSandboxPtr& sandbox, const std::string& id,
                    std::uint16_t port, std::int64_t now) {
    if (!sandbox) return unreachable_reply(request, id, port, Unreachable::gone);
    if (port == k_daemon_port) {
        if (auto refusal = refuse_daemon_call(request, *sandbox, now)) return std::move(*refusal);
        // Whoever only asks whether it runs is told, and does not wake it.
        if (sandbox->paused && parse_target(request.target).path == "/health")
            return unreachable_reply(request, id, port, Unreachable::paused);
        if (sandbox->paused) return at_the_door(request, *sandbox, port);
        return ToSandbox{sandbox->record.socket, "ENVD\n", false, id, port};
    }
    const std::string& wanted = sandbox->record.traffic_token;
    if (!wanted.empty() && !equal_constant_time(request.header("e2b-traffic-access-token"), wanted))
        return error_reply(403, "this sandbox takes no public traffic: send its token as e2b-traffic-access-token");
    if (sandbox->paused) return at_the_door(request, *sandbox, port);
    return ToSandbox{sandbox->record.socket, fmt::format("CONNECT {}\n", port), true, id, port};
}

/// A signed URL under the engine's own name holds no sandbox id: it belongs to the one whose token it was signed with.
Decision by_signature(const RequestView& request, const SandboxLookup& sandboxes, const SignedFile& file,
                      std::int64_t now) {
    bool expired = false;
    for (const LiveSandboxPtr& sandbox : sandboxes.all()) {
        const SignatureVerdict verdict = check_signature(file, sandbox->record.access_token, now);
        if (verdict == SignatureVerdict::valid)
            return to_sandbox(request, sandbox, sandbox->record.id, k_daemon_port, now);
        expired = expired || verdict == SignatureVerdict::expired;
    }
    return unauthorised(expired ? "signature is already expired" : "invalid signature");
}

bool daemon_path(const std::string& path) {
    return path == "/files" || path.starts_with("/files/") || path == "/envs" ||
           path.starts_with("/process.Process/") || path.starts_with("/filesystem.Filesystem/");
}

Decision under_engine_name(const RequestView& request, const SandboxLookup& sandboxes, std::int64_t now) {
    const std::string_view id_header = request.header("E2b-Sandbox-Id");
    const std::string_view port_header = request.header("E2b-Sandbox-Port");
    if (!id_header.empty() || !port_header.empty()) {
        if (id_header.empty() || port_header.empty()) return text_reply(400, "missing header");
        const std::string id = plain_sandbox_id(id_header);
        if (id.empty()) return text_reply(400, "Invalid sandbox ID");
        const std::uint16_t port = parse_port(port_header);
        if (port == 0) return text_reply(400, "Invalid sandbox port");
        return to_sandbox(request, sandboxes.find(id), id, port, now);
    }
    const Target target = parse_target(request.target);
    if (const auto file = signed_file(request, target); file && !file->signature.empty())
        return by_signature(request, sandboxes, *file, now);
    if (daemon_path(target.path)) return text_reply(400, "missing header");
    return ToControl{};
}

bool browser_navigates(const RequestView& request) {
    return request.header("Sec-Fetch-Mode") == "navigate" ||
           request.header("Accept").find("text/html") != std::string_view::npos;
}

}  // namespace

Reply error_reply(int status, const std::string& message, const std::string& error_code) {
    Json body{{"code", status}, {"message", message}};
    if (!error_code.empty()) body["error_code"] = error_code;
    return {status, dump_json(body), "application/json", {}};
}

Reply unreachable_reply(const RequestView& request, const std::string& id, std::uint16_t port, Unreachable why) {
    std::string message = "The sandbox was not found";
    std::string detail = fmt::format("Sandbox {} ended, or never was.", id);
    if (why == Unreachable::paused) {
        detail = fmt::format("Sandbox {} is paused; 'spawnai resume' wakes it.", id);
    } else if (why == Unreachable::port_closed) {
        message = "The sandbox is running but port is not open";
        detail = fmt::format("Nothing listens on port {} in sandbox {} (yet).", port, id);
    } else if (why == Unreachable::silent) {
        message = "The sandbox is running but gave no answer";
        detail = fmt::format("What listens on port {} in sandbox {} closed the connection or does not speak HTTP.",
                             port, id);
    }
    const int status = why == Unreachable::silent && port == k_daemon_port ? 503 : 502;
    if (browser_navigates(request)) {
        return {status,
                fmt::format("<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title>"
                            "<body style=\"font:16px/1.5 system-ui;margin:4rem auto;max-width:36rem\">"
                            "<h1>{0}</h1><p>{1}</p></body></html>\n",
                            message, detail),
                "text/html; charset=utf-8",
                {{"Cache-Control", "no-store"}}};
    }
    Json body{{"sandboxId", id}, {"message", message}, {"code", status}};
    if (why == Unreachable::port_closed || why == Unreachable::silent) body["port"] = port;
    return {status, dump_json(body), "application/json", {{"Cache-Control", "no-store"}}};
}

Decision decide(const RequestView& request, const SandboxLookup& sandboxes, std::int64_t now) {
    const HostTarget host = parse_host(request.header("Host"));
    if (std::holds_alternative<EngineHost>(host)) return under_engine_name(request, sandboxes, now);
    if (const auto* target = std::get_if<SandboxHost>(&host))
        return to_sandbox(request, sandboxes.find(target->id), target->id, target->port, now);
    if (const auto* malformed = std::get_if<MalformedHost>(&host)) return text_reply(400, malformed->message);
    return error_reply(403, "this host name is not served here: use 127.0.0.1, localhost or PORT-ID.localhost");
}

}  // namespace spawnai::engine
