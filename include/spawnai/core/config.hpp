#pragma once

#include <spawnai/core/environment.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

/// One setting that may stand in config.json. The table is the single source for `config`, the manual and
/// validation.
struct SettingSpec {
    std::string_view name;         ///< "ttl", "local.max_sandboxes"
    std::string_view environment;  ///< variable that overrides the file, or empty
    std::string_view default_value;
    std::string_view meaning;
    enum class Type { text, duration, money, integer, boolean, choice } type;
    std::string_view choices;  ///< "a|b|c" for Type::choice
};

[[nodiscard]] std::span<const SettingSpec> setting_specs() noexcept;

enum class Origin { built_in, file, environment, flag };
[[nodiscard]] std::string_view to_string(Origin origin) noexcept;

struct Setting {
    std::string value;
    Origin origin = Origin::built_in;
};

/// Settings with the precedence flag > environment > user's config.json > default. Immutable after load.
class Config {
 public:
    /// Reads `file` if it exists. Unknown names and values of the wrong type are refused with the line that
    /// holds them.
    /// @throws Error{usage}
    [[nodiscard]] static Config load(const std::filesystem::path& file, const Environment& environment,
                                     const std::map<std::string, std::string>& flags = {});

    /// @throws Error{internal} for a name that is not in setting_specs().
    [[nodiscard]] const Setting& get(std::string_view name) const;
    [[nodiscard]] std::string text(std::string_view name) const { return get(name).value; }
    [[nodiscard]] std::int64_t integer(std::string_view name) const;
    [[nodiscard]] bool boolean(std::string_view name) const;

    /// Writes one setting to `file`, keeping the others; an empty optional removes it. @throws Error{usage}
    static void set(const std::filesystem::path& file, std::string_view name,
                    const std::optional<std::string>& value);

 private:
    std::map<std::string, Setting, std::less<>> settings_;
};

}  // namespace spawnai
