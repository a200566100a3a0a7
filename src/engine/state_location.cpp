#include <spawnai/core/digest.hpp>
#include <spawnai/engine/engine.hpp>

#include <string>

namespace spawnai::engine {
namespace {

constexpr const char* k_root_base = "/var/lib/spawnai";
constexpr std::size_t k_hash_digits = 12;
// 107 bytes of a socket's path, less "/" and a sandbox id with ".sock".
constexpr std::size_t k_longest_runtime_dir = 107 - 27;

std::string short_hash(const std::filesystem::path& path) {
    return sha256_hex(path.string()).substr(0, k_hash_digits);
}

}  // namespace

StateLocation state_location(const Paths& paths, const Environment& environment, uid_t euid) {
    StateLocation location;
    location.drops_privileges = euid == 0;
    // root's home is closed to the account that the engine becomes, so its state lies where that account can
    // be.
    location.state_dir = euid == 0 && !environment.get("SPAWNAI_HOME")
                             ? std::filesystem::path(k_root_base) / short_hash(paths.engine_dir)
                             : paths.engine_dir;
    location.runtime_dir = location.state_dir / "run";
    // The session's runtime directory goes away when the user logs out, and sandboxes do not; so it is only the way out for
    // paths that are too long. root's is closed to the account that the engine becomes.
    const auto runtime = environment.get("XDG_RUNTIME_DIR");
    if (euid != 0 && runtime && runtime->front() == '/' && location.runtime_dir.string().size() > k_longest_runtime_dir)
        location.runtime_dir = std::filesystem::path(*runtime) / "spawnai" / short_hash(paths.engine_dir);
    return location;
}

}  // namespace spawnai::engine
