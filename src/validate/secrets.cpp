#include <spawnai/validate/secrets.hpp>

#include <algorithm>
#include <array>

namespace spawnai::validate {

namespace {

struct KeyForm {
    std::string_view kind;
    std::string_view prefix;
    std::size_t least;  ///< characters after the prefix
};

constexpr std::array<KeyForm, 5> k_forms{{{"Anthropic API key", "sk-ant-", 20},
                                          {"E2B API key", "e2b_", 40},
                                          {"AWS access key id", "AKIA", 16},
                                          {"GitHub token", "ghp_", 36},
                                          {"private key", "-----BEGIN PRIVATE KEY-----", 0}}};

bool is_key_character(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

}  // namespace

std::vector<SecretHit> scan_secrets(std::string_view text) {
    std::vector<SecretHit> hits;
    for (const KeyForm& form : k_forms) {
        for (std::size_t at = text.find(form.prefix); at != std::string_view::npos;
             at = text.find(form.prefix, at + 1)) {
            std::size_t end = at + form.prefix.size();
            while (end < text.size() && is_key_character(text[end])) ++end;
            if (end - at - form.prefix.size() < form.least) continue;
            const std::string_view before = text.substr(0, at);
            const std::size_t line_start = before.rfind('\n') + 1;
            hits.push_back({std::string(form.kind), at,
                            1 + static_cast<int>(std::count(before.begin(), before.end(), '\n')),
                            1 + static_cast<int>(at - line_start), true});
        }
    }
    return hits;
}

}  // namespace spawnai::validate
