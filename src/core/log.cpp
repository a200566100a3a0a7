#include <spawnai/core/clock.hpp>
#include <spawnai/core/error.hpp>
#include <spawnai/core/fd.hpp>
#include <spawnai/core/file.hpp>
#include <spawnai/core/json.hpp>
#include <spawnai/core/log.hpp>

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>

namespace spawnai {

namespace {

constexpr std::array<std::pair<LogLevel, std::string_view>, 4> k_levels{{{LogLevel::debug, "debug"},
                                                                         {LogLevel::info, "info"},
                                                                         {LogLevel::warn, "warn"},
                                                                         {LogLevel::error, "error"}}};

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/// Replaces what follows each `prefix`, when it is long enough to be a key.
void redact_after(std::string& text, std::string_view prefix, std::size_t least) {
    for (std::size_t at = text.find(prefix); at != std::string::npos; at = text.find(prefix, at + 1)) {
        std::size_t end = at + prefix.size();
        while (end < text.size() && (is_key_character(text[end]) || text[end] == '.')) ++end;
        if (end - at - prefix.size() >= least) text.replace(at, end - at, "[redacted]");
    }
}

}  // namespace

struct Log::Sink {
    Fd fd;
    LogLevel least = LogLevel::info;
};

Log::Log(const std::filesystem::path& file, LogLevel least) : sink_(std::make_shared<Sink>()) {
    make_private_directories(file.parent_path());
    sink_->least = least;
    sink_->fd = Fd(::open(file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600));
    if (!sink_->fd)
        throw Error(ErrorKind::usage, "cannot write the log " + file.string() + ": " + errno_text(errno));
}

bool Log::enabled(LogLevel level) const noexcept {
    return sink_ != nullptr && level >= sink_->least;
}

void Log::write(LogLevel level, std::string_view event, const nlohmann::json& fields) const {
    if (!enabled(level)) return;
    Json line = {{"time", format_rfc3339(system_clock().now())}, {"pid", ::getpid()}, {"event", event}};
    for (const auto& [value, name] : k_levels)
        if (value == level) line["level"] = name;
    if (fields.is_object()) line.update(fields);
    const std::string text = redact(dump_json(line)) + "\n";
    // One write on an O_APPEND descriptor: lines of several processes do not mix. A full disk must not stop
    // the work itself.
    const ssize_t ignored = ::write(sink_->fd.get(), text.data(), text.size());
    static_cast<void>(ignored);
}

LogLevel parse_log_level(std::string_view text) {
    for (const auto& [value, name] : k_levels)
        if (name == text) return value;
    throw Error(ErrorKind::usage, "not a log level: '" + std::string(text.substr(0, 40)) + "'",
                "use debug, info, warn or error");
}

std::string redact(std::string_view text) {
    std::string safe(text);
    redact_after(safe, "sk-ant-", 6);
    redact_after(safe, "sk-", 16);
    redact_after(safe, "e2b_", 16);
    redact_after(safe, "Bearer ", 6);
    redact_after(safe, "bearer ", 6);
    for (std::size_t scheme = safe.find("://"); scheme != std::string::npos;
         scheme = safe.find("://", scheme + 3)) {
        const std::size_t start = scheme + 3;
        const std::size_t end = safe.find_first_of("/?# \"\n", start);
        const std::size_t at = safe.substr(start, end == std::string::npos ? end : end - start).rfind('@');
        if (at != std::string::npos) safe.replace(start, at, "[redacted]");
    }
    return safe;
}

}  // namespace spawnai
