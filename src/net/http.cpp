#include <spawnai/core/text.hpp>
#include <spawnai/net/http.hpp>

namespace spawnai::net {

std::optional<std::string> Response::header(std::string_view name) const {
    const std::string wanted = ascii_lower(name);
    for (const Header& entry : headers)
        if (ascii_lower(entry.name) == wanted) return entry.value;
    return std::nullopt;
}

}  // namespace spawnai::net
