#include "engine/runtimes.hpp"

#include <spawnai/core/digest.hpp>
#include <spawnai/core/id.hpp>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <functional>

namespace spawnai::engine {
namespace {

namespace fs = std::filesystem;

bool is_elf(const fs::path& path) {
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    char magic[4] = {};
    return file && ::read(file.get(), magic, sizeof magic) == sizeof magic && std::string_view(magic, 4) == "\177ELF" &&
           ::access(path.c_str(), X_OK) == 0;
}

bool within(const fs::path& path, const fs::path& directory) {
    const auto [end, rest] = std::mismatch(directory.begin(), directory.end(), path.begin(), path.end());
    return end == directory.end() || (end->empty() && std::next(end) == directory.end());
}

/// The "bin" directories of every version below `versions`, newest first as far as names tell.
void append_versions(std::vector<fs::path>& places, const fs::path& versions) {
    std::vector<fs::path> found;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(versions, error)) found.push_back(entry.path() / "bin");
    std::sort(found.begin(), found.end(), std::greater<>());
    places.insert(places.end(), found.begin(), found.end());
}

std::vector<fs::path> places_to_look(const Environment& environment) {
    std::vector<fs::path> places;
    const std::string path = environment.get_or("PATH", "");
    for (std::size_t at = 0; at <= path.size();) {
        const std::size_t colon = std::min(path.find(':', at), path.size());
        if (path[at] == '/') places.emplace_back(path.substr(at, colon - at));
        at = colon + 1;
    }
    places.insert(places.end(), {"/usr/local/bin", "/usr/bin"});
    if (const auto home = environment.get("HOME")) {
        append_versions(places, fs::path(environment.get_or("NVM_DIR", *home + "/.nvm")) / "versions/node");
        append_versions(places, fs::path(environment.get_or("PYENV_ROOT", *home + "/.pyenv")) / "versions");
    }
    return places;
}

constexpr std::uintmax_t k_largest_copy = 2ULL << 30U;

/// A copy of `prefix` that everybody can read, made when there is none yet. Empty when it is too large or cannot be made.
std::optional<fs::path> copy_prefix(const fs::path& prefix, const fs::path& program, const fs::path& copies) {
    std::error_code error;
    const auto changed = fs::last_write_time(program, error).time_since_epoch().count();
    const fs::path target = copies / sha256_hex(prefix.string() + std::to_string(changed)).substr(0, 16);
    if (fs::exists(target, error)) return target;
    std::uintmax_t size = 0;
    for (const auto& entry : fs::recursive_directory_iterator(prefix, error))
        if (entry.is_regular_file(error) && !entry.is_symlink(error)) size += entry.file_size(error);
    if (size > k_largest_copy) return std::nullopt;
    const fs::path unfinished = target.string() + "." + random_token(6);
    fs::create_directories(copies, error);
    fs::copy(prefix, unfinished, fs::copy_options::recursive | fs::copy_options::copy_symlinks, error);
    // In one step, so that a copy that was cut off is never taken for whole.
    if (!error) fs::rename(unfinished, target, error);
    if (!error) return target;
    std::error_code ignored;
    fs::remove_all(unfinished, ignored);
    return fs::exists(target, ignored) ? std::optional(target) : std::nullopt;
}

/// An installation of one program.
struct Installation {
    fs::path program;
    fs::path prefix;  ///< empty: visible inside anyway
};

std::vector<Installation> installations(const std::string& program, const std::vector<fs::path>& places,
                                        const std::vector<fs::path>& kept_out) {
    std::vector<Installation> found;
    for (const fs::path& place : places) {
        std::error_code error;
        const fs::path real = fs::canonical(place / program, error);
        if (error || !is_elf(real)) continue;
        if (within(real, "/usr"))
            found.push_back({real, {}});
        else if (const auto prefix = runtime_prefix(real, kept_out))
            found.push_back({real, *prefix});
    }
    return found;
}

}  // namespace

std::optional<fs::path> runtime_prefix(const fs::path& real_path, const std::vector<fs::path>& kept_out) {
    if (real_path.parent_path().filename() != "bin") return std::nullopt;
    fs::path prefix = real_path.parent_path().parent_path();
    // "/opt" or "/home" hold many things; "~/.local" holds what programs remember.
    if (std::distance(prefix.begin(), prefix.end()) < 3 || prefix.filename() == ".local") return std::nullopt;
    for (const fs::path& place : kept_out)
        if (within(place, prefix)) return std::nullopt;
    return prefix;
}

std::string place_inside(const std::string& program, const fs::path& prefix) {
    if (program == "node") return "/opt/node";
    static constexpr const char* k_sandbox_places[] = {"/app",   "/home/user", "/tmp",    "/dev", "/proc", "/usr",
                                                       "/etc",   "/run",       "/var",    "/bin", "/sbin", "/lib",
                                                       "/lib32", "/lib64",     "/libx32", "/sys"};
    for (const char* place : k_sandbox_places)
        if (within(prefix, place)) return "/opt/python";
    return prefix.string();
}

std::vector<RuntimeMount> find_runtimes(const Environment& environment, const std::vector<fs::path>& kept_out,
                                        const ReachPrefix& reach, const fs::path& copies) {
    std::vector<RuntimeMount> mounts;
    const std::vector<fs::path> places = places_to_look(environment);
    for (const std::string program : {"node", "python3"}) {
        const auto mount = [&](const fs::path& source, const fs::path& prefix) {
            Fd directory(::open(source.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            if (directory) mounts.push_back({std::move(directory), place_inside(program, prefix)});
        };
        bool settled = false;
        const std::vector<Installation> found = installations(program, places, kept_out);
        for (const Installation& installation : found) {
            const auto source =
                installation.prefix.empty() ? std::optional<fs::path>() : reach(installation.prefix, program);
            if (source) mount(*source, installation.prefix);
            settled = source || installation.prefix.empty();
            if (settled) break;
        }
        if (settled || found.empty()) continue;
        if (const auto copy = copy_prefix(found.front().prefix, found.front().program, copies))
            mount(*copy, found.front().prefix);
    }
    return mounts;
}

}  // namespace spawnai::engine
