#include <spawnai/core/error.hpp>
#include <spawnai/core/paths.hpp>

#include <fmt/format.h>
#include <pwd.h>
#include <unistd.h>

#include <vector>

namespace spawnai {

namespace {

std::filesystem::path absolute_or_refuse(const std::string& variable, const std::string& value) {
    std::filesystem::path path(value);
    if (!path.is_absolute())
        throw Error(ErrorKind::usage,
                    fmt::format("{} must be an absolute path, it is '{}'", variable, value));
    return path.lexically_normal();
}

std::filesystem::path home_directory(const Environment& environment) {
    if (const auto home = environment.get("HOME")) return absolute_or_refuse("HOME", *home);
    std::vector<char> buffer(16384);
    passwd entry{};
    passwd* found = nullptr;
    if (::getpwuid_r(::getuid(), &entry, buffer.data(), buffer.size(), &found) == 0 && found != nullptr &&
        *found->pw_dir == '/')
        return found->pw_dir;
    throw Error(ErrorKind::usage, "no home directory is known",
                "set HOME, or SPAWNAI_HOME to a directory for spawnai's files");
}

}  // namespace

Paths Paths::resolve(const Environment& environment) {
    if (const auto own = environment.get("SPAWNAI_HOME")) {
        const std::filesystem::path base = absolute_or_refuse("SPAWNAI_HOME", *own);
        return {base / "config.json", base / "keys.json", base / "spawnai.db",
                base / "run",         base / "engine",    base / "spawnai.log"};
    }
    const auto place = [&](const char* variable, const char* below_home) {
        if (const auto value = environment.get(variable))
            // The XDG specification has relative values ignored.
            if (std::filesystem::path(*value).is_absolute()) return std::filesystem::path(*value) / "spawnai";
        return home_directory(environment) / below_home / "spawnai";
    };
    const auto config = place("XDG_CONFIG_HOME", ".config");
    const auto data = place("XDG_DATA_HOME", ".local/share");
    const auto state = place("XDG_STATE_HOME", ".local/state");
    return {config / "config.json", config / "keys.json", data / "spawnai.db",
            state / "run",          data / "engine",      state / "spawnai.log"};
}

}  // namespace spawnai
