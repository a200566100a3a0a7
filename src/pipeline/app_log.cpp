#include "ending.hpp"

#include <spawnai/core/text.hpp>
#include <spawnai/pipeline/lifecycle.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <fmt/format.h>

namespace spawnai::pipeline {
namespace {

using sandbox::wire::k_app_log;

// The end of the file, because the whole may be large. Empty when the sandbox or the file is gone.
std::optional<std::string> live_log(const Surroundings& with, const store::Session& session,
                                    const std::stop_token& stop) {
    if (!session.sandbox_id || !is_live(session.status) || session.status == store::Status::paused) return std::nullopt;
    const auto sandbox = with.provider.attach(*session.sandbox_id, stop);
    if (!sandbox) return std::nullopt;
    std::string text;
    const sandbox::Command tail{.shell = fmt::format("[ ! -e {1} ] || tail -c {0} {1}", store::k_log_limit, k_app_log)};
    const auto status = sandbox->run(
        tail,
        [&](sandbox::Stream stream, std::string_view piece) {
            if (stream == sandbox::Stream::standard_output) text += piece;
        },
        stop);
    if (!status.success()) return std::nullopt;
    return text;
}

}  // namespace

std::string read_log(const Surroundings& with, const SessionId& id, const std::stop_token& stop) {
    const store::Session session = with.store.get(id);
    // What a script printed was kept when it ended, and the sandbox serves only its page.
    if (session.app_type != AppType::script || is_working(session.status)) {
        try {
            if (const auto text = live_log(with, session, stop)) {
                with.store.keep_log(id, *text);
                return *text;
            }
        } catch (const Error& error) {
            // Gone or out of reach: what was kept is better than nothing.
            if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::unavailable) throw;
        }
    }
    if (!is_live(session.status)) collect_log(with, session, stop);
    const auto kept = with.store.kept_log(id);
    return kept ? kept->text : std::string();
}

void follow_log(const Surroundings& with, const SessionId& id, std::size_t lines,
                const std::function<void(std::string_view)>& sink, const std::stop_token& stop) {
    const store::Session session = with.store.get(id);
    std::unique_ptr<sandbox::Sandbox> sandbox;
    if (session.sandbox_id && is_live(session.status) && session.status != store::Status::paused)
        sandbox = with.provider.attach(*session.sandbox_id, stop);
    if (!sandbox) {
        sink(last_lines(read_log(with, id, stop), lines));
        return;
    }
    sandbox::Command tail{.shell = fmt::format("exec tail -n {} -F {} 2>/dev/null", lines, k_app_log)};
    tail.timeout = std::chrono::milliseconds(0);
    const auto process = sandbox->start(tail, stop);
    try {
        process->wait([&](sandbox::Stream, std::string_view piece) { sink(piece); }, stop);
    } catch (const Interrupted&) {
        sandbox->signal(process->pid(), 15, {});
        throw;
    } catch (const Error& error) {
        // The sandbox ended, and with it the output.
        if (error.kind() != ErrorKind::not_found && error.kind() != ErrorKind::unavailable) throw;
    }
}

}  // namespace spawnai::pipeline
