#include <spawnai/core/text.hpp>
#include <spawnai/validate/secrets.hpp>

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>

namespace spawnai::validate {
namespace {

bool is_alnum(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0;
}
bool is_token(char c) {
    return is_alnum(c) || c == '_' || c == '-';
}

/// Bits per character.
double entropy(std::string_view text) {
    std::array<std::size_t, 256> counts{};
    for (const char c : text) ++counts[static_cast<unsigned char>(c)];
    double bits = 0;
    for (const std::size_t count : counts) {
        if (count == 0) continue;
        const double share = static_cast<double>(count) / static_cast<double>(text.size());
        bits -= share * std::log2(share);
    }
    return bits;
}

/// Whether it is only there to show what a key looks like.
bool is_placeholder(std::string_view token) {
    const std::string low = ascii_lower(token);
    for (const std::string_view word :
         {"xxx",          "example",  "your",       "placeholder", "changeme",         "dummy",
          "fake",         "sample",   "insert",     "replace",     "redacted",         "00000",
          "11111",        "aaaaa",    "....",       "****",        "test_key",         "testkey",
          "secret_here",  "key_here", "token_here", "12345678901", "1234567890abcdef", "abcdefghij",
          "abcdef123456", "deadbeef", "notareal",   "demo"})
        if (low.find(word) != std::string::npos) return true;
    // The same letter, or few of them, throughout.
    return entropy(token) < 2.6;
}

enum class Alphabet { alnum, token, upper, hex, base64 };
bool fits(char c, Alphabet alphabet) {
    switch (alphabet) {
        case Alphabet::alnum:
            return is_alnum(c);
        case Alphabet::token:
            return is_token(c);
        case Alphabet::upper:
            return (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        case Alphabet::hex:
            return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
        case Alphabet::base64:
            return is_alnum(c) || c == '+' || c == '/' || c == '=' || c == '_' || c == '-';
    }
    return false;
}

struct Shape {
    std::string_view prefix;
    std::size_t least;  ///< characters after the prefix
    std::size_t most;
    Alphabet alphabet;
    std::string_view kind;
    double bits = 3.0;  ///< least entropy
    bool certain = true;
};

constexpr std::array k_shapes{
    Shape{"sk-ant-", 40, 200, Alphabet::token, "Anthropic API key"},
    Shape{"sk-proj-", 40, 200, Alphabet::token, "OpenAI API key"},
    Shape{"sk-svcacct-", 40, 200, Alphabet::token, "OpenAI API key"},
    Shape{"sk-or-v1-", 40, 100, Alphabet::token, "OpenRouter API key"},
    Shape{"sk-", 40, 64, Alphabet::alnum, "API key (sk-...)", 3.5},
    Shape{"e2b_", 30, 80, Alphabet::hex, "E2B API key"},
    Shape{"ghp_", 36, 40, Alphabet::alnum, "GitHub token"},
    Shape{"gho_", 36, 40, Alphabet::alnum, "GitHub token"},
    Shape{"ghs_", 36, 40, Alphabet::alnum, "GitHub token"},
    Shape{"ghu_", 36, 40, Alphabet::alnum, "GitHub token"},
    Shape{"ghr_", 36, 80, Alphabet::alnum, "GitHub token"},
    Shape{"github_pat_", 60, 100, Alphabet::token, "GitHub token"},
    Shape{"glpat-", 20, 60, Alphabet::token, "GitLab token"},
    Shape{"AKIA", 16, 16, Alphabet::upper, "AWS access key"},
    Shape{"ASIA", 16, 16, Alphabet::upper, "AWS access key"},
    Shape{"xoxb-", 30, 100, Alphabet::token, "Slack token"},
    Shape{"xoxp-", 30, 100, Alphabet::token, "Slack token"},
    Shape{"xoxa-", 30, 100, Alphabet::token, "Slack token"},
    Shape{"xapp-", 40, 120, Alphabet::token, "Slack token"},
    Shape{"sk_live_", 20, 120, Alphabet::alnum, "Stripe secret key"},
    Shape{"rk_live_", 20, 120, Alphabet::alnum, "Stripe secret key"},
    Shape{"whsec_", 28, 80, Alphabet::base64, "Stripe webhook secret"},
    Shape{"npm_", 36, 36, Alphabet::alnum, "npm token"},
    Shape{"pypi-AgE", 50, 250, Alphabet::token, "PyPI token"},
    Shape{"hf_", 34, 40, Alphabet::alnum, "Hugging Face token"},
    Shape{"dop_v1_", 64, 64, Alphabet::hex, "DigitalOcean token"},
    Shape{"shpat_", 32, 32, Alphabet::hex, "Shopify token"},
    Shape{"sq0atp-", 22, 22, Alphabet::token, "Square token"},
    Shape{"EAACEdEose0cBA", 20, 300, Alphabet::alnum, "Facebook token"},
    Shape{"AIza", 35, 35, Alphabet::token, "Google API key", 3.0, false},
    Shape{"ya29.", 40, 300, Alphabet::token, "Google access token"},
    Shape{"GOCSPX-", 28, 28, Alphabet::token, "Google client secret"},
    Shape{"gsk_", 48, 60, Alphabet::alnum, "Groq API key"},
    Shape{"xai-", 60, 90, Alphabet::alnum, "xAI API key"},
    Shape{"pplx-", 40, 60, Alphabet::alnum, "Perplexity API key"},
    Shape{"r8_", 37, 40, Alphabet::alnum, "Replicate token"},
    Shape{"lin_api_", 36, 48, Alphabet::alnum, "Linear API key"},
    Shape{"secret_", 40, 50, Alphabet::alnum, "Notion token", 3.8},
    Shape{"key-", 32, 32, Alphabet::hex, "Mailgun key"},
    Shape{"vercel_", 24, 40, Alphabet::alnum, "Vercel token", 3.5},
    Shape{"doo_v1_", 64, 64, Alphabet::hex, "DigitalOcean token"},
};

/// So that most characters cost one look.
const std::array<std::vector<const Shape*>, 256>& shapes_by_letter() {
    static const auto table = [] {
        std::array<std::vector<const Shape*>, 256> map;
        for (const Shape& shape : k_shapes) map[static_cast<unsigned char>(shape.prefix.front())].push_back(&shape);
        return map;
    }();
    return table;
}

class Scanner {
 public:
    explicit Scanner(std::string_view text) : text_(text) {}

    std::vector<SecretHit> run() {
        for (std::size_t at = 0; at < text_.size(); ++at) {
            const char c = text_[at];
            if (at == 0 || !is_token(text_[at - 1])) shapes(at);
            if (c == ':' && at > 0) {
                if (text_.substr(at, 3) == "://") url_password(at);
                telegram(at);
            }
            if (c == '-' && text_.substr(at, 11) == "-----BEGIN ") private_key(at);
            if (c == '.' && at > 1) sendgrid(at);
            if (c == 'h') webhooks(at);
            if (c == 's' || c == 'S') aws_secret(at);
            if (c == 'e') json_web_token(at);
        }
        locate();
        return std::move(hits_);
    }

 private:
    void hit(std::string_view kind, std::size_t at, bool certain = true) {
        if (hits_.size() < 100 && (hits_.empty() || hits_.back().offset != at))
            hits_.push_back({std::string(kind), at, 1, 1, certain});
    }

    [[nodiscard]] std::string_view take(std::size_t at, Alphabet alphabet, std::size_t most) const {
        std::size_t end = at;
        while (end < text_.size() && end - at <= most && fits(text_[end], alphabet)) ++end;
        return text_.substr(at, end - at);
    }

    void shapes(std::size_t at) {
        for (const Shape* one : shapes_by_letter()[static_cast<unsigned char>(text_[at])]) {
            const Shape& shape = *one;
            if (text_.substr(at, shape.prefix.size()) != shape.prefix) continue;
            const std::string_view body = take(at + shape.prefix.size(), shape.alphabet, shape.most);
            if (body.size() < shape.least || body.size() > shape.most) continue;
            const std::size_t end = at + shape.prefix.size() + body.size();
            // A longer word is something else.
            if (end < text_.size() && is_token(text_[end])) continue;
            if (is_placeholder(body) || entropy(body) < shape.bits) continue;
            // Keys mix letters and digits; names and class lists do not.
            const bool digit = std::any_of(body.begin(), body.end(), [](char c) { return c >= '0' && c <= '9'; });
            const bool letter = std::any_of(body.begin(), body.end(),
                                            [](char c) { return std::isalpha(static_cast<unsigned char>(c)) != 0; });
            if (!digit || !letter) continue;
            bool certain = shape.certain;
            if (shape.prefix == "AIza") certain = !is_browser_key(at);
            hit(shape.kind, at, certain);
            return;
        }
    }

    /// Maps and Firebase give their keys to every visitor.
    [[nodiscard]] bool is_browser_key(std::size_t at) const {
        const std::size_t from = at > 600 ? at - 600 : 0;
        const std::string around = ascii_lower(text_.substr(from, 1200));
        for (const std::string_view word : {"authdomain", "projectid", "firebase", "maps.googleapis", "google.maps",
                                            "youtube", "storagebucket", "messagingsenderid"})
            if (around.find(word) != std::string::npos) return true;
        return false;
    }

    /// scheme://user:password@host
    void url_password(std::size_t colon) {
        std::size_t begin = colon;
        while (begin > 0 && (is_alnum(text_[begin - 1]) || text_[begin - 1] == '+')) --begin;
        const std::string scheme = ascii_lower(text_.substr(begin, colon - begin));
        if (scheme.empty()) return;
        const std::string_view rest = text_.substr(colon + 3, 300);
        const std::size_t end = rest.find_first_of("/ \t\r\n\"'`<>?#");
        const std::string_view authority = rest.substr(0, end);
        const std::size_t host_at = authority.rfind('@');
        const std::size_t split = authority.find(':');
        if (host_at == std::string_view::npos || split == std::string_view::npos || split > host_at) return;
        const std::string_view password = authority.substr(split + 1, host_at - split - 1);
        const std::string host = ascii_lower(authority.substr(host_at + 1));
        if (password.size() < 6 || host.find('.') == std::string::npos ||
            password.find_first_of("${}[]()%") != std::string_view::npos)
            return;
        const std::string low = ascii_lower(password);
        for (const std::string_view word :
             {"pass", "pwd", "secret", "your", "user", "admin", "root", "postgres", "example", "xxxx", "****", "token",
              "changeme", "123456", "test", "mysql", "guest"})
            if (low.find(word) != std::string::npos && low.size() < 14) return;
        if (host.find("example.") != std::string::npos || host.rfind("localhost", 0) == 0 ||
            host.rfind("127.", 0) == 0 || is_placeholder(password))
            return;
        const bool database = scheme.rfind("mongodb", 0) == 0 || scheme.rfind("postgres", 0) == 0 ||
                              scheme.rfind("mysql", 0) == 0 || scheme.rfind("redis", 0) == 0 ||
                              scheme.rfind("amqp", 0) == 0 || scheme == "mssql";
        if (entropy(password) < 2.5) return;
        hit(database ? "database password" : "password in a URL", begin, database || entropy(password) > 3.2);
    }

    /// 123456789:AA... of a bot
    void telegram(std::size_t colon) {
        std::size_t begin = colon;
        while (begin > 0 && std::isdigit(static_cast<unsigned char>(text_[begin - 1])) != 0) --begin;
        const std::size_t digits = colon - begin;
        if (digits < 8 || digits > 10) return;
        const std::string_view body = take(colon + 1, Alphabet::token, 36);
        if (body.size() != 35 || is_placeholder(body) || entropy(body) < 3.5 || body.substr(0, 2) != "AA") return;
        hit("Telegram bot token", begin);
    }

    void private_key(std::size_t at) {
        const std::string_view line = text_.substr(at, 60);
        if (line.find("PRIVATE KEY-----") == std::string_view::npos) return;
        const std::size_t begin = text_.find("-----", at + 11);
        if (begin == std::string_view::npos) return;
        // The lines after it, whether written out or as \n in a string.
        std::string body;
        for (std::size_t index = begin + 5; index < std::min(text_.size(), begin + 400) && body.size() < 64; ++index) {
            const char c = text_[index];
            if (c == '\\' && index + 1 < text_.size() && (text_[index + 1] == 'n' || text_[index + 1] == 'r')) {
                ++index;
                continue;
            }
            if (fits(c, Alphabet::base64) && c != '-')
                body.push_back(c);
            else if (c != '\n' && c != '\r' && c != ' ' && c != '"' && c != '\'' && c != ',' && c != '+')
                break;
        }
        if (body.size() >= 40 && !is_placeholder(body) && entropy(body) > 3.5) hit("private key", at);
    }

    /// SG.xxxxxxxxxxxxxxxxxxxxxx.yyyy
    void sendgrid(std::size_t dot) {
        if (text_.substr(dot - 2, 3) != "SG." || (dot >= 3 && is_token(text_[dot - 3]))) return;
        const std::string_view first = take(dot + 1, Alphabet::token, 30);
        if (first.size() != 22 || dot + 1 + first.size() >= text_.size() || text_[dot + 1 + first.size()] != '.')
            return;
        const std::string_view second = take(dot + 2 + first.size(), Alphabet::token, 60);
        if (second.size() == 43 && !is_placeholder(second)) hit("SendGrid key", dot - 2);
    }

    void webhooks(std::size_t at) {
        struct Hook {
            std::string_view prefix;
            std::size_t least;
            std::string_view kind;
        };
        static constexpr Hook k_hooks[] = {{"https://hooks.slack.com/services/T", 30, "Slack web hook"},
                                           {"https://discord.com/api/webhooks/", 60, "Discord web hook"},
                                           {"https://discordapp.com/api/webhooks/", 60, "Discord web hook"}};
        for (const Hook& hook : k_hooks) {
            if (text_.substr(at, hook.prefix.size()) != hook.prefix) continue;
            std::size_t end = at + hook.prefix.size();
            while (end < text_.size() && (is_token(text_[end]) || text_[end] == '/')) ++end;
            const std::string_view body = text_.substr(at + hook.prefix.size(), end - at - hook.prefix.size());
            if (body.size() >= hook.least && !is_placeholder(body) && entropy(body) > 3.5) hit(hook.kind, at);
        }
    }

    /// 40 characters after a name such as secretAccessKey
    void aws_secret(std::size_t at) {
        const std::string_view name = text_.substr(at, 24);
        const std::string low = ascii_lower(name);
        std::size_t length = 0;
        for (const std::string_view one : {"secretaccesskey", "secret_access_key", "secret_key", "secretkey"})
            if (low.rfind(one, 0) == 0) length = one.size();
        if (length == 0) return;
        std::size_t value = at + length;
        while (value < text_.size() && (text_[value] == ' ' || text_[value] == ':' || text_[value] == '=' ||
                                        text_[value] == '"' || text_[value] == '\''))
            ++value;
        if (value == at + length || value > at + length + 8) return;
        const std::string_view body = take(value, Alphabet::base64, 41);
        if (body.size() != 40 || is_placeholder(body) || entropy(body) < 4.0) return;
        hit("AWS secret key", value);
    }

    /// A signed token with a payload; many are harmless, so it is no certain hit.
    void json_web_token(std::size_t at) {
        if (text_.substr(at, 3) != "eyJ" || (at > 0 && is_token(text_[at - 1]))) return;
        std::size_t end = at;
        int dots = 0;
        std::size_t last = at;
        // A fourth part makes it something else; to look no further keeps a long run of beginnings from being read again for each.
        while (dots <= 2 && end < text_.size() && (is_token(text_[end]) || text_[end] == '.')) {
            if (text_[end] == '.') {
                ++dots;
                last = end;
            }
            ++end;
        }
        if (dots != 2 || end - last < 20 || end - at < 80) return;
        // The token of every documentation page.
        if (text_.substr(at, end - at).find("eyJzdWIiOiIxMjM0NTY3ODkwIiwibmFtZSI6IkpvaG4gRG9l") !=
            std::string_view::npos)
            return;
        hit("signed web token", at, false);
    }

    void locate() {
        std::sort(hits_.begin(), hits_.end(),
                  [](const SecretHit& left, const SecretHit& right) { return left.offset < right.offset; });
        int line = 1;
        int column = 1;
        std::size_t at = 0;
        for (SecretHit& one : hits_) {
            for (; at < one.offset; ++at) {
                if (text_[at] == '\n') {
                    ++line;
                    column = 1;
                } else if ((static_cast<unsigned char>(text_[at]) & 0xC0U) != 0x80U) {
                    ++column;
                }
            }
            one.line = line;
            one.column = column;
        }
    }

    std::string_view text_;
    std::vector<SecretHit> hits_;
};

}  // namespace

std::vector<SecretHit> scan_secrets(std::string_view text) {
    return Scanner(text).run();
}

}  // namespace spawnai::validate
