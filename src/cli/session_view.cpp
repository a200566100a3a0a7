#include "session_view.hpp"

#include "json_shape.hpp"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <ctime>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_short_id = 8;

std::tm broken_down(WallTime time) {
    const std::time_t seconds = std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
    std::tm parts{};
    ::localtime_r(&seconds, &parts);
    return parts;
}

}  // namespace

std::string short_id(const SessionId& id) {
    return id.str().substr(0, k_short_id);
}

std::string rough_duration(std::chrono::seconds duration) {
    auto count = duration.count() < 0 ? 0 : duration.count();
    // Half an hour that has just begun is half an hour.
    if (count >= 600) count = (count + 30) / 60 * 60;
    const auto two = [](std::int64_t large, char large_unit, std::int64_t small, char small_unit) {
        return small == 0 ? fmt::format("{}{}", large, large_unit)
                          : fmt::format("{}{} {}{}", large, large_unit, small, small_unit);
    };
    if (count < 60) return fmt::format("{}s", count);
    if (count < 600) return two(count / 60, 'm', count % 60, 's');
    if (count < 3600) return fmt::format("{}m", count / 60);
    if (count < 86400) return two(count / 3600, 'h', count % 3600 / 60, 'm');
    return two(count / 86400, 'd', count % 86400 / 3600, 'h');
}

std::string remaining_text(const store::Session& session, WallTime now) {
    if (!session.expires_at || !is_live(session.status) || session.status == store::Status::paused) return "-";
    return rough_duration(std::chrono::duration_cast<std::chrono::seconds>(*session.expires_at - now));
}

std::optional<WallTime> kept_until(const store::Session& session) {
    const bool known = session.status == store::Status::paused && session.provider == "local";
    return known ? session.expires_at : std::nullopt;
}

std::string local_time(WallTime time, WallTime now) {
    const std::tm parts = broken_down(time);
    const std::tm today = broken_down(now);
    if (parts.tm_year == today.tm_year && parts.tm_yday == today.tm_yday) return fmt::format("{:%H:%M}", parts);
    return fmt::format("{:%Y-%m-%d %H:%M}", parts);
}

Style style_of(store::Status status) noexcept {
    switch (status) {
        case store::Status::creating:
        case store::Status::generating:
        case store::Status::deploying:
            return Style::cyan;
        case store::Status::ready:
            return Style::green;
        case store::Status::paused:
            return Style::yellow;
        case store::Status::error:
        case store::Status::lost:
            return Style::red;
        case store::Status::expired:
        case store::Status::stopped:
            return Style::dim;
    }
    return Style::plain;
}

Json session_json(const store::Session& session, WallTime now) {
    const bool paused = session.status == store::Status::paused;
    const bool timed = session.expires_at && is_live(session.status) && !paused;
    const auto remaining =
        timed ? std::max<std::int64_t>(
                    0, std::chrono::duration_cast<std::chrono::seconds>(*session.expires_at - now).count())
              : 0;
    return Json{
        {"id", session.id.str()},
        {"name", session.name},
        {"tag", json_text(session.user_tag)},
        {"parent", session.parent ? Json(session.parent->str()) : Json()},
        {"prompt", session.prompt},
        {"appType", to_string(session.app_type)},
        {"status", to_string(session.status)},
        {"url", json_text(session.app_url)},
        {"createdAt", json_time(session.created_at)},
        {"readyAt", json_time(session.ready_at)},
        {"expiresAt", paused ? json_time(kept_until(session)) : json_time(session.expires_at)},
        {"endedAt", json_time(session.ended_at)},
        {"ttlSeconds", session.ttl.count()},
        {"onTimeout", session.on_timeout},
        {"remainingSeconds", timed ? Json(remaining) : Json()},
        {"provider", session.provider},
        {"plan", json_text(session.plan)},
        {"template", json_text(session.template_id)},
        {"cpuCount", session.cpu_count > 0 ? Json(session.cpu_count) : Json()},
        {"memoryMib", session.memory_mib > 0 ? Json(session.memory_mib) : Json()},
        {"sandboxId", session.sandbox_id ? Json(session.sandbox_id->str()) : Json()},
        {"port", session.port > 0 ? Json(session.port) : Json()},
        {"internet", session.internet},
        {"source", to_string(session.source)},
        {"sourceName", json_text(session.source_name)},
        {"model", json_text(session.model)},
        {"appVersion", session.app_version > 0 ? Json(session.app_version) : Json()},
        {"repairs", session.repairs},
        {"exitCode", session.exit_code ? Json(*session.exit_code) : Json()},
        {"cost", json_money(session.actual_cost)},
        {"estimatedCost", json_money(session.estimated_cost)},
        {"maxCost", json_money(session.max_cost)},
        {"error", session.error_message.empty()
                      ? Json()
                      : Json{{"kind", session.error_kind}, {"message", session.error_message}}},
    };
}

}  // namespace spawnai::cli
