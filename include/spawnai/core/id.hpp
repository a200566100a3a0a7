#pragma once

#include <spawnai/core/error.hpp>

#include <compare>
#include <string>
#include <string_view>

namespace spawnai {

/// A checked identifier. `Tag` supplies `static bool valid(std::string_view)` and `static constexpr
/// std::string_view name`; ids with different tags do not mix. Built only by parse().
template <class Tag>
class Id {
 public:
    /// @throws Error{usage} when `text` does not have the tag's form.
    [[nodiscard]] static Id parse(std::string_view text) {
        if (!Tag::valid(text))
            throw Error(ErrorKind::usage, "not a valid " + std::string(Tag::name) + ": '" +
                                              std::string(text.substr(0, 80)) + "'");
        return Id(std::string(text));
    }
    [[nodiscard]] const std::string& str() const noexcept { return text_; }
    auto operator<=>(const Id&) const = default;

 private:
    explicit Id(std::string text) : text_(std::move(text)) {}
    std::string text_;
};

struct SessionTag {
    static constexpr std::string_view name = "session id";
    static bool valid(std::string_view text) noexcept;  ///< a UUID in lower case with its four dashes
};
struct SandboxTag {
    static constexpr std::string_view name = "sandbox id";
    static bool valid(std::string_view text) noexcept;  ///< [a-z0-9]{1,64}, with an optional "-clientid" that
                                                        ///< older servers append
};

using SessionId = Id<SessionTag>;
using SandboxId = Id<SandboxTag>;

/// A new random session id (UUID version 4).
[[nodiscard]] SessionId new_session_id();
/// `count` random characters of [a-z0-9], from the kernel's generator.
[[nodiscard]] std::string random_token(std::size_t count);
/// `bytes` random bytes as lower-case hex.
[[nodiscard]] std::string random_hex(std::size_t bytes);

}  // namespace spawnai
