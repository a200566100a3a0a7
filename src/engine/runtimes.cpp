#include "engine/runtimes.hpp"

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

std::vector<RuntimeMount> find_runtimes(const Environment& environment, const std::vector<fs::path>& kept_out) {
    std::vector<RuntimeMount> mounts;
    const std::vector<fs::path> places = places_to_look(environment);
    for (const auto& [program, inside] : {std::pair("node", "/opt/node"), std::pair("python3", "/opt/python")}) {
        for (const fs::path& place : places) {
            std::error_code error;
            const fs::path real = fs::canonical(place / program, error);
            if (error || !is_elf(real)) continue;
            if (within(real, "/usr")) break;
            const auto prefix = runtime_prefix(real, kept_out);
            if (!prefix) continue;
            Fd directory(::open(prefix->c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
            if (!directory) continue;
            mounts.push_back({std::move(directory), inside});
            break;
        }
    }
    return mounts;
}

}  // namespace spawnai::engine
