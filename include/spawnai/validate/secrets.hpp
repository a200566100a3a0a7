#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace spawnai::validate {

/// A credential found in a text. The credential itself is never part of it.
struct SecretHit {
    std::string kind;        ///< for people: "GitHub token", "private key" ...
    std::size_t offset = 0;  ///< byte where it begins
    int line = 1;            ///< from 1
    int column = 1;          ///< from 1, in characters
    bool certain = true;     ///< false: public by design in some uses (a browser key), so a warning is enough
};

/// Credentials with the real shape and entropy of their kind: placeholders and documented example keys are none.
/// For prompts, data files and code alike. Linear in the size of `text`, which need not be valid UTF-8.
[[nodiscard]] std::vector<SecretHit> scan_secrets(std::string_view text);

}  // namespace spawnai::validate
