#include "engine/agent/entry_info.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

namespace spawnai::engine::agent {
namespace {

constexpr std::string_view k_attribute_prefix = "user.e2b.";
constexpr std::size_t k_attribute_room = 64U << 10U;

std::string owner_name(std::uint32_t id, const char* nobody) {
    if (id == 1000) return "user";
    if (id == 0) return "root";
    // What belongs to others on the host appears under the overflow id.
    return id == 65534 ? nobody : std::to_string(id);
}

const char* type_name(unsigned mode) {
    if (S_ISREG(mode)) return "FILE_TYPE_FILE";
    if (S_ISDIR(mode)) return "FILE_TYPE_DIRECTORY";
    return nullptr;
}

std::string time_text(const timespec& time) {
    std::tm parts{};
    ::gmtime_r(&time.tv_sec, &parts);
    std::string text = fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", parts.tm_year + 1900, parts.tm_mon + 1,
                                   parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec);
    if (time.tv_nsec != 0) {
        std::string fraction = fmt::format(".{:09}", time.tv_nsec);
        while (fraction.back() == '0') fraction.pop_back();
        text += fraction;
    }
    return text + "Z";
}

std::vector<std::string> attribute_names(const std::string& list) {
    std::vector<std::string> names;
    for (std::size_t position = 0; position < list.size();) {
        const std::size_t end = std::min(list.find('\0', position), list.size());
        names.push_back(list.substr(position, end - position));
        position = end + 1;
    }
    return names;
}

bool is_ours(const std::string& name) {
    return name.rfind(k_attribute_prefix, 0) == 0;
}

}  // namespace

std::string permissions_text(unsigned mode) {
    std::string text;
    switch (mode & S_IFMT) {
        case S_IFDIR:
            text += 'd';
            break;
        case S_IFLNK:
            text += 'L';
            break;
        case S_IFBLK:
            text += 'D';
            break;
        case S_IFCHR:
            text += "Dc";
            break;
        case S_IFIFO:
            text += 'p';
            break;
        case S_IFSOCK:
            text += 'S';
            break;
        default:
            break;
    }
    if ((mode & S_ISUID) != 0) text += 'u';
    if ((mode & S_ISGID) != 0) text += 'g';
    if ((mode & S_ISVTX) != 0) text += 't';
    if (text.empty()) text = "-";
    constexpr std::string_view k_letters = "rwxrwxrwx";
    for (unsigned bit = 0; bit < k_letters.size(); ++bit) text += (mode & (0400U >> bit)) != 0 ? k_letters[bit] : '-';
    return text;
}

std::optional<Json> entry_info(const std::string& path) {
    struct stat own {};
    if (::lstat(path.c_str(), &own) != 0) return std::nullopt;
    struct stat target = own;
    Json entry = {{"name", path == "/" ? path : path.substr(path.rfind('/') + 1)},
                  {"path", path},
                  {"permissions", permissions_text(own.st_mode)},
                  {"owner", owner_name(own.st_uid, "nobody")},
                  {"group", owner_name(own.st_gid, "nogroup")},
                  {"modifiedTime", time_text(own.st_mtim)}};
    const char* type = type_name(own.st_mode);
    if (S_ISLNK(own.st_mode)) {
        const std::unique_ptr<char, decltype(&std::free)> resolved(::realpath(path.c_str(), nullptr), &std::free);
        if (resolved && ::stat(path.c_str(), &target) == 0) {
            entry["symlinkTarget"] = std::string(resolved.get());
            type = type_name(target.st_mode);
        } else {
            std::array<char, 4096> link{};
            const ssize_t size = ::readlink(path.c_str(), link.data(), link.size());
            if (size > 0) entry["symlinkTarget"] = std::string(link.data(), static_cast<std::size_t>(size));
        }
    }
    if (type != nullptr) entry["type"] = type;
    if (own.st_size != 0) entry["size"] = std::to_string(own.st_size);
    if (const unsigned mode = target.st_mode & 0777U; mode != 0) entry["mode"] = mode;
    if (S_ISREG(own.st_mode)) {
        if (Metadata metadata = read_metadata(path); !metadata.empty()) entry["metadata"] = std::move(metadata);
    }
    errno = 0;
    return entry;
}

Metadata read_metadata(const std::string& path) {
    Metadata metadata;
    const ssize_t needed = ::llistxattr(path.c_str(), nullptr, 0);
    if (needed <= 0) return metadata;
    std::string list(static_cast<std::size_t>(needed), '\0');
    const ssize_t size = ::llistxattr(path.c_str(), list.data(), list.size());
    if (size <= 0) return metadata;
    list.resize(static_cast<std::size_t>(size));
    std::string value(k_attribute_room, '\0');
    for (const std::string& name : attribute_names(list)) {
        if (!is_ours(name)) continue;
        const ssize_t length = ::lgetxattr(path.c_str(), name.c_str(), value.data(), value.size());
        if (length >= 0) {
            metadata[name.substr(k_attribute_prefix.size())] = value.substr(0, static_cast<std::size_t>(length));
        }
    }
    return metadata;
}

int write_metadata(int file, const Metadata& metadata) {
    std::string list(k_attribute_room, '\0');
    const ssize_t size = ::flistxattr(file, list.data(), list.size());
    list.resize(static_cast<std::size_t>(std::max<ssize_t>(size, 0)));
    for (const std::string& name : attribute_names(list)) {
        if (is_ours(name)) ::fremovexattr(file, name.c_str());
    }
    for (const auto& [name, value] : metadata) {
        const std::string key = std::string(k_attribute_prefix) + name;
        if (::fsetxattr(file, key.c_str(), value.data(), value.size(), 0) != 0) return errno;
    }
    return 0;
}

}  // namespace spawnai::engine::agent
