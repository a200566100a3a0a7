#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace spawnai::engine {

/// What a signed file URL says: the query of `GET /files` (read) or `POST /files` (write).
struct SignedFile {
    std::string path;
    bool write = false;
    std::string username;
    std::string signature;
    std::optional<std::string> expiration;  ///< unix seconds in decimal, as it stands in the URL
};

/// "v1_" and the unpadded base64 SHA-256 of the URL's parts and the sandbox's token.
[[nodiscard]] std::string sign_file(const SignedFile& file, std::string_view token);

enum class SignatureVerdict { valid, missing, invalid, expired };
/// Compares in constant time. `now` is unix seconds.
[[nodiscard]] SignatureVerdict check_signature(const SignedFile& file, std::string_view token, std::int64_t now);

}  // namespace spawnai::engine
