#pragma once

#include <spawnai/core/secret.hpp>

#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai {

/// The user's keys file: one JSON object of variable names ("CLAUDE_API_KEY", "E2B_API_KEY") and values, mode
/// 0600.
class Keys {
 public:
    Keys() = default;
    /// An absent file holds no keys. A file that group or others can read, or that belongs to somebody else,
    /// is refused before it is read. Error texts name the file and the remedy, never a value. @throws
    /// Error{usage}
    [[nodiscard]] static Keys load(const std::filesystem::path& file);
    /// Writes one key to `file` (0600, atomically, parents 0700), keeping the others; an empty Secret removes
    /// it.
    /// @return whether the name was there before. @throws Error{usage} for an unknown name or an unusable
    /// value.
    static bool set(const std::filesystem::path& file, std::string_view name, const Secret& value);

    [[nodiscard]] std::optional<Secret> get(std::string_view name) const;
    [[nodiscard]] std::vector<std::string> names() const;  ///< sorted

    /// The variable that `name` stands for: itself, or a short word such as "claude" or "e2b". Empty for
    /// anything else.
    [[nodiscard]] static std::optional<std::string> canonical_name(std::string_view name);

 private:
    std::map<std::string, Secret, std::less<>> keys_;
};

}  // namespace spawnai
