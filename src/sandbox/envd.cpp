#include "envd.hpp"

#include "envd_version.hpp"
#include "failure.hpp"
#include "multipart.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/net/connect.hpp>
#include <spawnai/net/url.hpp>

#include <fmt/format.h>

#include <csignal>
#include <map>

namespace spawnai::sandbox {

using std::chrono::milliseconds;
using std::chrono::seconds;

namespace {

constexpr seconds k_keepalive(50);
constexpr milliseconds k_health_patience(5000);
constexpr milliseconds k_abandon_patience(1000);
/// How much later than the daemon we end a command that it should have ended.
constexpr milliseconds k_grace(5000);
constexpr std::size_t k_message_limit = 16U << 20U;
constexpr std::size_t k_slowest_line = 32U << 10U;  // bytes in a second

bool success(const net::Response& response) {
    return response.status >= 200 && response.status < 300;
}

}  // namespace

milliseconds Envd::patience_for(std::size_t bytes) const {
    return address_.patience + seconds(static_cast<seconds::rep>(bytes / k_slowest_line));
}

net::Request Envd::request(std::string_view method, const std::string& path) const {
    net::Request request;
    request.method = method;
    request.url = address_.base_url + path;
    request.headers = {{wire::header::k_sandbox_id, address_.id.str()},
                       {wire::header::k_sandbox_port, std::to_string(wire::k_envd_port)},
                       {wire::header::k_access_token, address_.token.reveal()},
                       {"User-Agent", address_.user_agent}};
    request.response_limit = k_message_limit;
    return request;
}

net::Response Envd::guarded(const std::function<net::Response()>& exchange, Repeat repeat,
                            const std::stop_token& stop) const {
    const auto checked = [&] {
        net::Response response = exchange();
        if (says_gone(response)) throw gone(address_.id);
        return response;
    };
    try {
        return checked();
    } catch (const net::TransportError& error) {
        if (error.fault() == net::TransportFault::too_large) throw;
        // A sandbox that ended takes its connections along; only the health call tells that from a bad network.
        if (error.may_have_arrived() && !alive(stop)) throw gone(address_.id);
        if (error.may_have_arrived() && repeat == Repeat::when_not_arrived) throw;
        if (error.fault() == net::TransportFault::timeout || error.fault() == net::TransportFault::tls) throw;
    }
    return checked();
}

bool Envd::alive(const std::stop_token& stop) const {
    net::Request health = request("GET", "/health");
    health.timeouts = {k_health_patience, k_health_patience, k_health_patience, k_health_patience};
    const net::Response response = transport_->send(health, stop);
    if (success(response)) return true;
    if (says_gone(response)) return false;
    throw error_of(Service::envd, response, "the sandbox " + address_.id.str() + " is not healthy");
}

// ---------------------------------------------------------------------------------------------------- files

void Envd::write_files(std::span<const FileUpload> files, const std::stop_token& stop) const {
    // The same path twice is refused by the daemon; the later content is the one that is meant.
    std::map<std::string_view, const FileUpload*> last;
    for (const FileUpload& file : files) last[file.path] = &file;
    std::vector<const FileUpload*> together;
    for (const FileUpload& file : files) {
        if (last[file.path] != &file) continue;
        if (MultipartBody::can_name(file.path)) {
            together.push_back(&file);
            continue;
        }
        const FileUpload* alone = &file;
        upload("?path=" + net::percent_encode(file.path), {&alone, 1}, stop);
    }
    if (!together.empty()) upload("", together, stop);
}

void Envd::upload(const std::string& query, std::span<const FileUpload* const> files,
                  const std::stop_token& stop) const {
    const auto exchange = [&] {
        MultipartBody body(files, "spawnai-" + random_token(32));
        net::Request post = request("POST", "/files" + query);
        post.headers.push_back({"Content-Type", body.content_type()});
        post.headers.push_back({"Content-Length", std::to_string(body.size())});
        post.timeouts.total = patience_for(body.size());
        post.body_source = [&body](char* buffer, std::size_t size) { return body.read(buffer, size); };
        return transport_->send(post, stop);
    };
    const net::Response response = guarded(exchange, Repeat::once_more, stop);
    if (!success(response)) throw error_of(Service::envd, response, "cannot write files into the sandbox");
}

std::string Envd::read_file(const std::string& path, std::size_t limit, const std::stop_token& stop) const {
    std::string content;
    bool too_large = false;
    const auto exchange = [&] {
        content.clear();
        net::Request get = request("GET", "/files?path=" + net::percent_encode(path));
        get.timeouts.total = patience_for(limit);
        return transport_->stream(
            get, nullptr,
            [&](std::string_view piece) {
                too_large = content.size() + piece.size() > limit;
                if (!too_large) content.append(piece);
                return !too_large;
            },
            stop);
    };
    const net::Response response = guarded(exchange, Repeat::once_more, stop);
    const std::string doing = "cannot read " + path + " in the sandbox";
    if (too_large) throw Error(ErrorKind::limit, fmt::format("{}: it is larger than {} bytes", doing, limit));
    if (success(response)) return content;
    if (response.status == 404) throw Error(ErrorKind::not_found, error_of(Service::envd, response, doing).what());
    throw error_of(Service::envd, response, doing);
}

std::vector<FileEntry> Envd::list(const std::string& path, int depth, const std::stop_token& stop) const {
    const std::string body = wire::list_body(path, depth);
    return wire::parse_entries(unary(wire::rpc::k_list_dir, body, Repeat::once_more, "cannot list " + path, stop).body);
}

void Envd::move(const std::string& source, const std::string& destination, const std::stop_token& stop) const {
    (void)unary(wire::rpc::k_move, wire::move_body(source, destination), Repeat::when_not_arrived,
                fmt::format("cannot move {} to {}", source, destination), stop);
}

void Envd::remove(const std::string& path, const std::stop_token& stop) const {
    (void)unary(wire::rpc::k_remove, wire::path_body(path), Repeat::once_more, "cannot remove " + path, stop);
}

// ------------------------------------------------------------------------------------------------ processes

net::Request Envd::connect_call(const char* method, const std::string& body) const {
    net::Request post = request("POST", method);
    post.headers.push_back({"Content-Type", wire::media::k_json});
    post.headers.push_back({wire::header::k_connect_version, "1"});
    post.body = body;
    post.timeouts.total = address_.patience;
    return post;
}

net::Response Envd::unary(const char* method, const std::string& body, Repeat repeat, const std::string& doing,
                          const std::stop_token& stop) const {
    net::Request post = connect_call(method, body);
    post.at_most_once = repeat == Repeat::when_not_arrived;
    const auto exchange = [&] { return transport_->send(post, stop); };
    net::Response response = guarded(exchange, repeat, stop);
    if (!success(response)) throw error_of(Service::envd, response, doing);
    return response;
}

std::vector<ProcessInfo> Envd::processes(const std::stop_token& stop) const {
    return wire::parse_processes(
        unary(wire::rpc::k_list, "{}", Repeat::once_more, "cannot list the processes", stop).body);
}

bool Envd::signal(std::int64_t pid, int signal, const std::stop_token& stop) const {
    const std::string body = wire::signal_body(pid, signal);
    try {
        (void)unary(wire::rpc::k_send_signal, body, Repeat::when_not_arrived,
                    fmt::format("cannot signal process {}", pid), stop);
        return true;
    } catch (const Error& error) {
        // A sandbox that is gone has no processes, but that is for the caller to hear.
        if (error.kind() != ErrorKind::not_found || !alive(stop)) throw;
        return false;
    }
}

void Envd::abandon(std::int64_t pid) const noexcept {
    try {
        net::Request post = connect_call(wire::rpc::k_send_signal, wire::signal_body(pid, SIGKILL));
        post.timeouts.total = k_abandon_patience;
        (void)transport_->send(post, {});
    } catch (...) {
        // It ends with its sandbox at the latest.
        return;
    }
}

void Envd::send_input(std::int64_t pid, std::string_view bytes, bool terminal, const std::stop_token& stop) const {
    constexpr std::size_t k_piece = 64U << 10U;
    for (std::size_t at = 0; at < bytes.size(); at += k_piece)
        (void)unary(wire::rpc::k_send_input, wire::input_body(pid, bytes.substr(at, k_piece), terminal),
                    Repeat::when_not_arrived, fmt::format("cannot send input to process {}", pid), stop);
}

void Envd::close_input(std::int64_t pid, const std::stop_token& stop) const {
    (void)unary(wire::rpc::k_close_stdin, wire::select_body(pid), Repeat::once_more,
                fmt::format("cannot close the input of process {}", pid), stop);
}

void Envd::resize(std::int64_t pid, TerminalSize size, const std::stop_token& stop) const {
    (void)unary(wire::rpc::k_update, wire::resize_body(pid, size), Repeat::once_more,
                fmt::format("cannot resize the terminal of process {}", pid), stop);
}

// -------------------------------------------------------------------------------------------------- streams

Envd::MessagesEnd Envd::messages(const char* method, const std::string& body, milliseconds timeout,
                                 const std::string& doing, const std::function<bool(std::string_view)>& take,
                                 const std::stop_token& stop) const {
    net::Request post = request("POST", method);
    post.headers.push_back({"Content-Type", wire::media::k_connect_stream});
    post.headers.push_back({wire::header::k_connect_version, "1"});
    post.headers.push_back({wire::header::k_keepalive_interval, std::to_string(k_keepalive.count())});
    if (timeout.count() > 0) post.headers.push_back({wire::header::k_connect_timeout, std::to_string(timeout.count())});
    // Newer daemons know whose commands these are by themselves.
    if (older_than(address_.version, 0, 4, 0))
        post.headers.push_back({"Authorization", "Basic " + base64_encode("user:")});
    post.body = net::encode_connect_frame(body);
    post.at_most_once = true;
    post.timeouts.idle = k_keepalive + k_keepalive / 2;
    if (timeout.count() > 0) post.timeouts.total = timeout + k_grace;

    net::ConnectFrameDecoder decoder(k_message_limit);
    std::optional<LastFrame> last;
    const auto feed = [&](std::string_view piece) {
        decoder.feed(piece);
        while (const auto frame = decoder.next()) {
            if (frame->end_of_stream()) {
                last = LastFrame{wire::parse_end_of_stream(frame->payload)};
                return false;
            }
            if (!take(frame->payload)) {
                last = LastFrame{};
                return false;
            }
        }
        if (decoder.failed()) throw Error(ErrorKind::unavailable, "the sandbox sent something that is no event stream");
        return true;
    };
    net::Response response;
    try {
        response = transport_->stream(post, nullptr, feed, stop);
    } catch (const net::TransportError& error) {
        if (!error.may_have_arrived()) throw;
        return NoLastFrame{error.what()};
    }
    if (!success(response)) {
        if (says_gone(response)) throw gone(address_.id);
        throw error_of(Service::envd, response, doing);
    }
    if (last) return *last;
    return NoLastFrame{"the stream was cut"};
}

Envd::StreamEnd Envd::stream(const char* method, const std::string& body, milliseconds timeout, const EventSink& sink,
                             const std::stop_token& stop) const {
    std::optional<ExitStatus> status;
    const auto take = [&](std::string_view message) {
        const wire::ProcessEvent event = wire::parse_process_event(message);
        if (const auto* end = std::get_if<wire::Ended>(&event)) status = end->status;
        sink(event);
        return true;
    };
    const MessagesEnd end = messages(method, body, timeout, "the sandbox refused to run the command", take, stop);
    if (status) return *status;
    if (const auto* cut = std::get_if<NoLastFrame>(&end)) return Broken{cut->why};
    if (const auto& failure = std::get<LastFrame>(end).failure) return *failure;
    return Broken{"the stream ended without a result"};
}

void Envd::watch(const std::string& path, bool recursive, const std::function<void()>& begun, const ChangeSink& change,
                 const std::stop_token& stop) const {
    const std::string doing = "cannot watch " + path;
    if (recursive && older_than(address_.version, 0, 1, 4))
        throw Error(ErrorKind::usage, doing + ": the daemon of this template watches single directories only");
    bool wanted = true;
    const auto take = [&](std::string_view message) {
        const wire::WatchEvent event = wire::parse_watch_event(message);
        if (std::holds_alternative<wire::WatchBegun>(event) && begun) begun();
        if (const auto* changed = std::get_if<FileChange>(&event)) wanted = change(*changed);
        return wanted;
    };
    const MessagesEnd end =
        messages(wire::rpc::k_watch_dir, wire::watch_body(path, recursive), milliseconds(0), doing, take, stop);
    if (!wanted) return;
    if (const auto* last = std::get_if<LastFrame>(&end); last != nullptr && last->failure)
        throw error_of(*last->failure, doing);
    // A sandbox that ended takes its connections along.
    if (!alive(stop)) throw gone(address_.id);
    const auto* cut = std::get_if<NoLastFrame>(&end);
    throw Error(ErrorKind::unavailable, doing + ": " + (cut != nullptr ? cut->why : "the stream ended"));
}

}  // namespace spawnai::sandbox
