#pragma once

#include <map>
#include <optional>
#include <string>

namespace spawnai {

/// The environment variables as they were when the process started. An empty variable counts as unset.
/// Read-only after construction, so safe from any thread. Tests build their own.
class Environment {
 public:
    Environment() = default;
    explicit Environment(std::map<std::string, std::string> variables) : variables_(std::move(variables)) {}
    [[nodiscard]] static Environment of_process();

    [[nodiscard]] std::optional<std::string> get(const std::string& name) const {
        const auto found = variables_.find(name);
        if (found == variables_.end() || found->second.empty()) return std::nullopt;
        return found->second;
    }
    [[nodiscard]] std::string get_or(const std::string& name, const std::string& fallback) const {
        return get(name).value_or(fallback);
    }
    [[nodiscard]] const std::map<std::string, std::string>& all() const noexcept { return variables_; }

 private:
    std::map<std::string, std::string> variables_;
};

}  // namespace spawnai
