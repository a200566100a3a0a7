#include <spawnai/store/session.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace spawnai::store {
namespace {

constexpr std::array<std::pair<Status, std::string_view>, 9> k_status_names{{
    {Status::creating, "creating"},
    {Status::generating, "generating"},
    {Status::deploying, "deploying"},
    {Status::ready, "ready"},
    {Status::paused, "paused"},
    {Status::error, "error"},
    {Status::expired, "expired"},
    {Status::stopped, "stopped"},
    {Status::lost, "lost"},
}};

constexpr std::array<Status, 9> k_statuses{Status::creating, Status::generating, Status::deploying,
                                           Status::ready,    Status::paused,     Status::error,
                                           Status::expired,  Status::stopped,    Status::lost};

}  // namespace

std::string_view to_string(Status status) noexcept {
    return k_status_names[static_cast<std::size_t>(status)].second;
}

std::optional<Status> parse_status(std::string_view text) noexcept {
    for (const auto& [status, name] : k_status_names)
        if (name == text) return status;
    return std::nullopt;
}

std::span<const Status> all_statuses() noexcept {
    return k_statuses;
}

bool is_working(Status status) noexcept {
    return status == Status::creating || status == Status::generating || status == Status::deploying;
}

bool is_live(Status status) noexcept {
    return is_working(status) || status == Status::ready || status == Status::paused;
}

std::string_view to_string(Source source) noexcept {
    switch (source) {
        case Source::model:
            return "model";
        case Source::store:
            return "store";
        case Source::starter:
            return "starter";
    }
    return "model";
}

std::optional<Source> parse_source(std::string_view text) noexcept {
    for (const Source source : {Source::model, Source::store, Source::starter})
        if (to_string(source) == text) return source;
    return std::nullopt;
}

}  // namespace spawnai::store
