#include "engine/file_signature.hpp"

#include <spawnai/core/digest.hpp>

#include <charconv>

namespace spawnai::engine {

std::string sign_file(const SignedFile& file, std::string_view token) {
    std::string raw = file.path + (file.write ? ":write:" : ":read:") + file.username + ":";
    raw += token;
    if (file.expiration) raw += ":" + *file.expiration;
    return "v1_" + base64_encode(sha256_raw(raw), false);
}

SignatureVerdict check_signature(const SignedFile& file, std::string_view token, std::int64_t now) {
    if (file.signature.empty()) return SignatureVerdict::missing;
    if (!equal_constant_time(file.signature, sign_file(file, token))) return SignatureVerdict::invalid;
    if (!file.expiration) return SignatureVerdict::valid;
    std::int64_t expiry = 0;
    const std::string& text = *file.expiration;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), expiry);
    if (error != std::errc{} || end != text.data() + text.size()) return SignatureVerdict::invalid;
    return expiry >= now ? SignatureVerdict::valid : SignatureVerdict::expired;
}

}  // namespace spawnai::engine
