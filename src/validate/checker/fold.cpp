#include "fold.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <set>

namespace spawnai::validate::checker {
namespace {

constexpr std::size_t k_max_text = 200'000;

Known text_value(std::string text, std::uint32_t taint = 0, bool exact = true) {
    Known known;
    known.text = std::move(text);
    known.exact = exact;
    known.taint = taint;
    return known;
}

Known hidden(std::uint32_t taint) {
    return text_value(std::string(1, k_hole), taint | t_decoded, false);
}

std::optional<std::string> base64(std::string_view text) {
    std::string out;
    std::uint32_t bits = 0;
    int count = 0;
    for (const char c : text) {
        int digit = 0;
        if (c >= 'A' && c <= 'Z')
            digit = c - 'A';
        else if (c >= 'a' && c <= 'z')
            digit = c - 'a' + 26;
        else if (c >= '0' && c <= '9')
            digit = c - '0' + 52;
        else if (c == '+' || c == '-')
            digit = 62;
        else if (c == '/' || c == '_')
            digit = 63;
        else if (c == '=' || std::isspace(static_cast<unsigned char>(c)) != 0)
            continue;
        else
            return std::nullopt;
        bits = bits << 6U | static_cast<std::uint32_t>(digit);
        if (++count == 4) {
            out.push_back(static_cast<char>(bits >> 16U));
            out.push_back(static_cast<char>(bits >> 8U));
            out.push_back(static_cast<char>(bits));
            bits = 0;
            count = 0;
        }
    }
    if (count == 3) {
        out.push_back(static_cast<char>(bits >> 10U));
        out.push_back(static_cast<char>(bits >> 2U));
    } else if (count == 2) {
        out.push_back(static_cast<char>(bits >> 4U));
    }
    return out;
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

std::optional<std::string> hex(std::string_view text) {
    std::string out;
    int high = -1;
    for (const char c : text) {
        if (std::isspace(static_cast<unsigned char>(c)) != 0) continue;
        const int digit = hex_digit(c);
        if (digit < 0) return std::nullopt;
        if (high < 0) {
            high = digit;
        } else {
            out.push_back(static_cast<char>(high * 16 + digit));
            high = -1;
        }
    }
    return out;
}

std::string percent(std::string_view text, bool& any) {
    std::string out;
    for (std::size_t at = 0; at < text.size(); ++at) {
        if (text[at] == '%' && at + 5 < text.size() && text[at + 1] == 'u' && hex_digit(text[at + 2]) >= 0) {
            const int code = hex_digit(text[at + 4]) * 16 + hex_digit(text[at + 5]);
            out.push_back(static_cast<char>(code));
            at += 5;
            any = true;
        } else if (text[at] == '%' && at + 2 < text.size() && hex_digit(text[at + 1]) >= 0 &&
                   hex_digit(text[at + 2]) >= 0) {
            out.push_back(static_cast<char>(hex_digit(text[at + 1]) * 16 + hex_digit(text[at + 2])));
            at += 2;
            any = true;
        } else {
            out.push_back(text[at]);
        }
    }
    return out;
}

std::string rot13(std::string text) {
    for (char& c : text) {
        if (c >= 'a' && c <= 'z')
            c = static_cast<char>('a' + (c - 'a' + 13) % 26);
        else if (c >= 'A' && c <= 'Z')
            c = static_cast<char>('A' + (c - 'A' + 13) % 26);
    }
    return text;
}

/// Bytes that are no text stand for something unknown, so that rules do not read noise.
Known decoded(const std::optional<std::string>& bytes, std::uint32_t taint) {
    if (!bytes) return hidden(taint);
    std::string out;
    for (const char c : *bytes)
        out.push_back((static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\r' && c != '\t') ||
                              static_cast<unsigned char>(c) >= 0x7F
                          ? '\x01'
                          : c);
    return text_value(std::move(out), taint | t_decoded);
}

constexpr std::array<std::string_view, 36> k_foldable{"atob",
                                                      "Buffer.from",
                                                      "Buffer",
                                                      "unescape",
                                                      "decodeURIComponent",
                                                      "decodeURI",
                                                      "String.fromCharCode",
                                                      "String.fromCodePoint",
                                                      "String",
                                                      "JSON.stringify",
                                                      "encodeURIComponent",
                                                      "encodeURI",
                                                      "btoa",
                                                      "path.join",
                                                      "path.resolve",
                                                      "parseInt",
                                                      "Number",
                                                      "base64.b64decode",
                                                      "base64.urlsafe_b64decode",
                                                      "base64.standard_b64decode",
                                                      "base64.b32decode",
                                                      "bytes.fromhex",
                                                      "bytearray.fromhex",
                                                      "binascii.unhexlify",
                                                      "codecs.decode",
                                                      "zlib.decompress",
                                                      "gzip.decompress",
                                                      "marshal.loads",
                                                      "chr",
                                                      "str",
                                                      "os.path.join",
                                                      "os.path.expanduser",
                                                      "bytes",
                                                      "open",
                                                      "lzma.decompress",
                                                      "bz2.decompress"};

}  // namespace

bool folds(std::string_view path) {
    return std::find(k_foldable.begin(), k_foldable.end(), path) != k_foldable.end();
}

std::optional<Known> fold_call(std::string_view path, const std::vector<Known>& arguments) {
    if (arguments.empty()) {
        if (path == "String" || path == "str") return text_value("");
        return std::nullopt;
    }
    const Known& first = arguments[0];
    const auto is = [&](std::string_view name) { return path == name; };
    if (is("atob") || is("base64.b64decode") || is("base64.urlsafe_b64decode") || is("base64.standard_b64decode"))
        return first.exact ? decoded(base64(first.text), first.taint) : hidden(first.taint);
    if (is("base64.b32decode") || is("marshal.loads")) return hidden(first.taint);
    if (is("zlib.decompress") || is("gzip.decompress") || is("lzma.decompress") || is("bz2.decompress"))
        return hidden(first.taint);
    if (is("bytes.fromhex") || is("bytearray.fromhex") || is("binascii.unhexlify"))
        return first.exact ? decoded(hex(first.text), first.taint) : hidden(first.taint);
    if (is("codecs.decode")) {
        const std::string encoding = arguments.size() > 1 ? arguments[1].text : "";
        if (encoding.find("rot") == 0 && first.exact) return text_value(rot13(first.text), first.taint | t_decoded);
        if (encoding == "hex" && first.exact) return decoded(hex(first.text), first.taint);
        if (encoding.find("base64") == 0 && first.exact) return decoded(base64(first.text), first.taint);
        return std::nullopt;
    }
    if (is("Buffer.from") || is("Buffer")) {
        const std::string encoding = arguments.size() > 1 ? arguments[1].text : "";
        Known known = text_value(std::string(1, k_hole), first.taint, false);
        known.path = "Buffer()";
        if (first.items != nullptr) {
            std::string text;
            for (const Known& item : *first.items) {
                if (!item.number) return known;
                text.push_back(static_cast<char>(*item.number));
            }
            known = decoded(text, first.taint);
        } else if (encoding.rfind("base64", 0) == 0 && first.exact) {
            known = decoded(base64(first.text), first.taint);
        } else if (encoding == "hex" && first.exact) {
            known = decoded(hex(first.text), first.taint);
        } else if (encoding.empty() || encoding.rfind("utf", 0) == 0 || encoding == "ascii" || encoding == "binary") {
            known.text = first.text;
            known.exact = first.exact;
        } else {
            known = hidden(first.taint);
        }
        known.path = "Buffer()";
        return known;
    }
    if (is("unescape") || is("decodeURIComponent") || is("decodeURI")) {
        if (!first.exact) return text_value(std::string(1, k_hole), first.taint, false);
        bool any = false;
        std::string text = percent(first.text, any);
        return text_value(std::move(text), first.taint | (any ? t_decoded : 0U));
    }
    if (is("String.fromCharCode") || is("String.fromCodePoint") || is("chr")) {
        std::string text;
        std::uint32_t taint = 0;
        std::vector<Known> all;
        for (const Known& one : arguments) {
            if (one.items != nullptr)
                all.insert(all.end(), one.items->begin(), one.items->end());
            else
                all.push_back(one);
        }
        for (const Known& one : all) {
            taint |= one.taint;
            if (!one.number || text.size() > k_max_text) return hidden(taint);
            text.push_back(*one.number < 0x7F ? static_cast<char>(*one.number) : '\x01');
        }
        return text_value(std::move(text), taint | (all.size() > 3 ? t_decoded : 0U));
    }
    if (is("String") || is("str") || is("bytes")) {
        Known known = text_value(first.text, first.taint, first.exact);
        if (is("bytes") && first.items != nullptr) {
            std::string text;
            for (const Known& item : *first.items) {
                if (!item.number) return hidden(first.taint);
                text.push_back(static_cast<char>(*item.number));
            }
            return decoded(text, first.taint);
        }
        return known;
    }
    if (is("open")) return std::nullopt;
    if (is("JSON.stringify") || is("encodeURIComponent") || is("encodeURI") || is("btoa")) {
        Known known = text_value(std::string(1, k_hole), first.taint, false);
        if (!is("btoa") && !is("JSON.stringify") && first.exact) known = text_value(first.text, first.taint);
        if (first.path == "process.env") known.taint |= t_environment;
        return known;
    }
    if (is("path.join") || is("path.resolve") || is("os.path.join")) {
        Known known = text_value("", 0, true);
        for (const Known& one : arguments) {
            if (!known.text.empty() && known.text.back() != '/') known.text += '/';
            known.text += one.text;
            known.exact = known.exact && one.exact;
            known.taint |= one.taint;
        }
        return known;
    }
    if (is("os.path.expanduser")) return text_value(first.text, first.taint, first.exact);
    if (is("parseInt") || is("Number")) {
        Known known = text_value(std::string(1, k_hole), first.taint, false);
        if (first.number) known = first;
        if (first.exact && !first.number && is("parseInt")) {
            const int radix = arguments.size() > 1 && arguments[1].number ? static_cast<int>(*arguments[1].number) : 10;
            if (radix >= 2 && radix <= 36) {
                char* end = nullptr;
                const long parsed = std::strtol(first.text.c_str(), &end, radix);
                if (end != first.text.c_str()) {
                    known.number = static_cast<double>(parsed);
                    known.text = std::to_string(parsed);
                    known.exact = true;
                }
            }
        }
        return known;
    }
    return std::nullopt;
}

std::optional<Known> fold_method(const Known& receiver, std::string_view name, const std::vector<Known>& arguments) {
    const auto is = [&](std::string_view other) { return name == other; };
    // Lists.
    if (receiver.items != nullptr) {
        if (is("join")) {
            if (arguments.empty() ? false : !arguments[0].exact) return std::nullopt;
            const std::string separator = arguments.empty() ? "," : arguments[0].text;
            Known known = text_value("", receiver.taint);
            bool first = true;
            for (const Known& item : *receiver.items) {
                if (!first) known.text += separator;
                first = false;
                known.text += item.text;
                known.exact = known.exact && item.exact;
                known.taint |= item.taint;
                if (known.text.size() > k_max_text) return std::nullopt;
            }
            if (receiver.items->size() > 3 && separator.empty() && known.exact) known.taint |= 0U;
            return known;
        }
        if (is("reverse") || is("slice") || is("concat")) {
            Known known = receiver;
            known.items = std::make_shared<std::vector<Known>>(*receiver.items);
            if (is("reverse")) {
                std::reverse(known.items->begin(), known.items->end());
                // A text that is written backwards is not to be read.
                if (known.items->size() > 12 && std::all_of(known.items->begin(), known.items->end(),
                                                            [](const Known& one) { return one.text.size() == 1; }))
                    known.taint |= t_decoded;
            }
            if (is("slice") && !arguments.empty()) return std::nullopt;
            if (is("concat"))
                for (const Known& one : arguments) {
                    if (one.items != nullptr)
                        known.items->insert(known.items->end(), one.items->begin(), one.items->end());
                    else
                        known.items->push_back(one);
                }
            return known;
        }
        return std::nullopt;
    }
    // Python's "".join(list)
    if (is("join") && receiver.exact && arguments.size() == 1 && arguments[0].items != nullptr) {
        Known list = arguments[0];
        Known separator = receiver;
        return fold_method(list, "join", {separator});
    }
    if (receiver.path == "Buffer()" && (is("toString") || is("decode"))) {
        Known known = text_value(receiver.text, receiver.taint, receiver.exact);
        if (!arguments.empty() && (arguments[0].text.rfind("base64", 0) == 0 || arguments[0].text == "hex"))
            known = text_value(std::string(1, k_hole), receiver.taint & ~static_cast<std::uint32_t>(t_decoded), false);
        return known;
    }
    if (!receiver.exact || receiver.node != nullptr || receiver.number) {
        if ((is("toString") || is("trim") || is("decode") || is("encode") || is("strip")) && receiver.node == nullptr)
            return text_value(receiver.text, receiver.taint, receiver.exact);
        if (is("replace") || is("replaceAll")) {
            // What was taken apart with replace may have been put together from hidden text; the text itself is lost.
            return std::nullopt;
        }
        return std::nullopt;
    }
    const std::string& text = receiver.text;
    const auto number = [&](std::size_t index, long fallback) {
        if (index >= arguments.size() || !arguments[index].number) return fallback;
        return static_cast<long>(*arguments[index].number);
    };
    const long size = static_cast<long>(text.size());
    const bool counts =
        is("slice") || is("substring") || is("substr") || is("charAt") || is("charCodeAt") || is("codePointAt");
    if (counts && std::any_of(arguments.begin(), arguments.end(), [](const Known& one) { return !one.number; })) {
        Known part = text_value(std::string(1, k_hole), receiver.taint, false);
        return part;
    }
    if (is("toString") || is("valueOf") || is("trim") || is("strip") || is("decode") || is("encode") || is("normalize"))
        return text_value(text, receiver.taint);
    if (is("toLowerCase") || is("toUpperCase") || is("lower") || is("upper")) {
        std::string out = text;
        for (char& c : out)
            c = static_cast<char>(is("toLowerCase") || is("lower") ? std::tolower(static_cast<unsigned char>(c))
                                                                   : std::toupper(static_cast<unsigned char>(c)));
        return text_value(out, receiver.taint);
    }
    if (is("split") && !arguments.empty() && arguments[0].exact) {
        Known known = text_value(text, receiver.taint, false);
        known.items = std::make_shared<std::vector<Known>>();
        const std::string& separator = arguments[0].text;
        if (text.size() > 50'000) return std::nullopt;
        if (separator.empty()) {
            for (const char c : text) known.items->push_back(text_value(std::string(1, c)));
        } else {
            std::size_t begin = 0;
            for (std::size_t at = text.find(separator); at != std::string::npos; at = text.find(separator, begin)) {
                known.items->push_back(text_value(text.substr(begin, at - begin)));
                begin = at + separator.size();
            }
            known.items->push_back(text_value(text.substr(begin)));
        }
        return known;
    }
    if (is("concat")) {
        Known known = receiver;
        for (const Known& one : arguments) {
            known.text += one.text;
            known.exact = known.exact && one.exact;
            known.taint |= one.taint;
        }
        return known;
    }
    if (is("slice") || is("substring") || is("substr")) {
        long from = number(0, 0);
        long to = is("substr") ? size : number(1, size);
        if (from < 0) from = std::max(0L, size + from);
        if (to < 0) to = is("slice") ? size + to : 0;
        if (is("substr") && arguments.size() > 1) to = from + number(1, size);
        from = std::clamp(from, 0L, size);
        to = std::clamp(to, from, size);
        return text_value(text.substr(static_cast<std::size_t>(from), static_cast<std::size_t>(to - from)),
                          receiver.taint);
    }
    if (is("charAt")) {
        const long at = number(0, 0);
        if (at < 0 || at >= size) return text_value("");
        return text_value(std::string(1, text[static_cast<std::size_t>(at)]), receiver.taint);
    }
    if (is("charCodeAt") || is("codePointAt")) {
        const long at = number(0, 0);
        if (at < 0 || at >= size) return std::nullopt;
        Known known = text_value(std::to_string(static_cast<int>(text[static_cast<std::size_t>(at)])));
        known.number = static_cast<double>(text[static_cast<std::size_t>(at)]);
        return known;
    }
    if (is("repeat") && !arguments.empty() && arguments[0].number) {
        std::string out;
        const long times = std::clamp(number(0, 0), 0L, 100'000L);
        for (long count = 0; count < times && out.size() < k_max_text; ++count) out += text;
        return text_value(out, receiver.taint);
    }
    if ((is("replace") || is("replaceAll")) && arguments.size() >= 2 && arguments[0].exact && arguments[1].exact &&
        !arguments[0].text.empty()) {
        std::string out = text;
        std::size_t at = 0;
        while ((at = out.find(arguments[0].text, at)) != std::string::npos && out.size() < k_max_text) {
            out.replace(at, arguments[0].text.size(), arguments[1].text);
            at += arguments[1].text.size();
            if (is("replace")) break;
        }
        return text_value(out, receiver.taint);
    }
    if (is("format") && receiver.text.find('{') != std::string::npos) {
        std::string out = text;
        std::uint32_t taint = receiver.taint;
        bool exact = true;
        for (const Known& one : arguments) {
            const std::size_t open = out.find('{');
            const std::size_t close = open == std::string::npos ? open : out.find('}', open);
            taint |= one.taint;
            exact = exact && one.exact;
            if (close != std::string::npos) out.replace(open, close - open + 1, one.text);
        }
        return text_value(out, taint, exact);
    }
    return std::nullopt;
}

bool makes_characters(const Node* function) {
    if (function == nullptr || function->kind != Kind::function) return false;
    std::vector<const Node*> stack{function};
    while (!stack.empty()) {
        const Node* node = stack.back();
        stack.pop_back();
        if (node->kind == Kind::identifier && (node->text == "fromCharCode" || node->text == "fromCodePoint"))
            return true;
        each_child(*node, [&](Node& child) { stack.push_back(&child); });
    }
    return false;
}

}  // namespace spawnai::validate::checker
