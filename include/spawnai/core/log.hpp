#pragma once

#include <nlohmann/json_fwd.hpp>

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace spawnai {

enum class LogLevel { debug, info, warn, error };

/// The diagnostic log: one JSON object a line ({"time","level","event",...}), appended to a 0600 file. Says
/// why a decision was made; never the result of a command. Safe from any thread. Anything that looks like a
/// key is redacted as the line is made.
class Log {
 public:
    Log() = default;  ///< writes nowhere
    Log(const std::filesystem::path& file,
        LogLevel least);  ///< @throws Error{usage} when the file cannot be opened

    void write(LogLevel level, std::string_view event, const nlohmann::json& fields) const;
    [[nodiscard]] bool enabled(LogLevel level) const noexcept;

 private:
    struct Sink;
    std::shared_ptr<Sink> sink_;
};

/// "debug", "info", "warn", "error". @throws Error{usage}
[[nodiscard]] LogLevel parse_log_level(std::string_view text);
/// `text` with everything that has the form of an API key, a bearer token or a userinfo part of a URL
/// replaced by "[redacted]".
[[nodiscard]] std::string redact(std::string_view text);

}  // namespace spawnai
