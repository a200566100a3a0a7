#include <spawnai/core/error.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/keys.hpp>
#include <spawnai/core/text.hpp>

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <utility>

namespace spawnai {

namespace {

constexpr std::size_t k_value_limit = 4096;

constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_names{{
    {"claude", "CLAUDE_API_KEY"},
    {"anthropic", "ANTHROPIC_API_KEY"},
    {"anthropic-token", "ANTHROPIC_AUTH_TOKEN"},
    {"e2b", "E2B_API_KEY"},
}};

// The check is made on the open descriptor, so that the file that was judged is the file that is read.
std::optional<std::string> read_private(const std::filesystem::path& file) {
    const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    if (!fd) {
        if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
        throw Error(ErrorKind::usage,
                    fmt::format("cannot read the keys file {}: {}", file.string(), errno_text(errno)));
    }
    struct stat status {};
    if (::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode))
        throw Error(ErrorKind::usage, fmt::format("the keys file {} is not a regular file", file.string()));
    if (status.st_uid != ::geteuid())
        throw Error(ErrorKind::usage, fmt::format("the keys file {} belongs to somebody else", file.string()),
                    "remove it and run `spawnai keys set` again");
    if ((status.st_mode & 077U) != 0)
        throw Error(
            ErrorKind::usage,
            fmt::format("the keys file {} can be read by others (mode {:04o})", file.string(), status.st_mode & 07777U),
            fmt::format("chmod 600 '{}'; if others had access, replace the keys", file.string()));
    std::string text;
    std::array<char, 4096> buffer{};
    while (true) {
        const ssize_t count = ::read(fd.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) continue;
        if (count < 0)
            throw Error(ErrorKind::usage,
                        fmt::format("cannot read the keys file {}: {}", file.string(), errno_text(errno)));
        if (count == 0) return text;
        text.append(buffer.data(), static_cast<std::size_t>(count));
        if (text.size() > (1U << 16U))
            throw Error(ErrorKind::usage, fmt::format("the keys file {} is too large", file.string()));
    }
}

// A parser's message would quote the text around the fault, which may be a key.
Json parse_keys(const std::filesystem::path& file) {
    const std::optional<std::string> text = read_private(file);
    if (!text || trim(*text).empty()) return Json::object();
    Json json = Json::parse(*text, nullptr, false);
    const bool good =
        json.is_object() && std::all_of(json.begin(), json.end(), [](const Json& value) { return value.is_string(); });
    if (!good)
        throw Error(ErrorKind::usage,
                    fmt::format("the keys file {} is not a JSON object of names and texts", file.string()),
                    "remove it and run `spawnai keys set` again");
    return json;
}

}  // namespace

std::optional<std::string> Keys::canonical_name(std::string_view name) {
    for (const auto& [word, variable] : k_names)
        if (name == word || name == variable) return std::string(variable);
    return std::nullopt;
}

Keys Keys::load(const std::filesystem::path& file) {
    Keys keys;
    const Json json = parse_keys(file);
    for (const auto& [name, value] : json.items()) {
        const std::string text(trim(value.get_ref<const std::string&>()));
        const std::optional<std::string> variable = canonical_name(name);
        if (variable && !text.empty()) keys.keys_.insert_or_assign(*variable, Secret(text));
    }
    return keys;
}

bool Keys::set(const std::filesystem::path& file, std::string_view name, const Secret& value) {
    const std::optional<std::string> variable = canonical_name(name);
    if (!variable) {
        std::string known;
        for (const auto& [word, full] : k_names)
            known += fmt::format("{}{} ({})", known.empty() ? "" : ", ", word, full);
        throw Error(ErrorKind::usage, fmt::format("no key is called '{}'", one_line(name, 60)), "known: " + known);
    }
    const std::string text(trim(value.reveal()));
    const bool printable = std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7F; });
    if (!printable || text.size() > k_value_limit)
        throw Error(ErrorKind::usage, "that cannot be a key: it has blanks or other characters that no key has");
    make_private_directories(file.parent_path());
    const FileLock lock = FileLock::acquire(file.string() + ".lock");
    Json json = parse_keys(file);
    const bool existed = json.contains(*variable);
    if (text.empty())
        json.erase(*variable);
    else
        json[*variable] = text;
    write_file_atomic(file, json.dump(2) + "\n", 0600);
    return existed;
}

std::optional<Secret> Keys::get(std::string_view name) const {
    const auto found = keys_.find(name);
    if (found == keys_.end()) return std::nullopt;
    return found->second;
}

std::vector<std::string> Keys::names() const {
    std::vector<std::string> names;
    for (const auto& [name, value] : keys_) names.push_back(name);
    return names;
}

}  // namespace spawnai
