#include "engine/agent/http_message.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace spawnai::engine::agent {
namespace {

constexpr std::size_t k_size_line_limit = 256;
constexpr std::size_t k_trailer_limit = 8U << 10U;

char lower(char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

std::string lower(std::string_view text) {
    std::string result(text);
    std::transform(result.begin(), result.end(), result.begin(), [](char c) { return lower(c); });
    return result;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
    while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
    return text;
}

bool is_token(std::string_view text) {
    constexpr std::string_view k_extra = "!#$%&'*+-.^_`|~";
    return !text.empty() && std::all_of(text.begin(), text.end(), [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
               k_extra.find(c) != std::string_view::npos;
    });
}

bool is_field_value(std::string_view text) {
    return std::none_of(text.begin(), text.end(), [](char c) {
        const auto byte = static_cast<unsigned char>(c);
        return (byte < 0x20 && c != '\t') || byte == 0x7f;
    });
}

int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    c = lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

std::optional<std::uint64_t> parse_number(std::string_view text, int base = 10) {
    std::uint64_t value = 0;
    const char* end = text.data() + text.size();
    const auto [stop, failure] = std::from_chars(text.data(), end, value, base);
    if (text.empty() || failure != std::errc{} || stop != end) return std::nullopt;
    return value;
}

HeadResult invalid(int status, std::string reason) {
    HeadResult result;
    result.state = HeadResult::State::invalid;
    result.error_status = status;
    result.error = std::move(reason);
    return result;
}

bool parse_query(std::string_view text, std::map<std::string, std::string>& query) {
    while (!text.empty()) {
        const std::size_t end = std::min(text.find('&'), text.size());
        const std::string_view pair = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (pair.empty()) continue;
        const std::size_t equals = std::min(pair.find('='), pair.size());
        const auto name = percent_decode(pair.substr(0, equals), true);
        const auto value = percent_decode(pair.substr(std::min(equals + 1, pair.size())), true);
        if (!name || !value) return false;
        query.emplace(*name, *value);
    }
    return true;
}

/// @return an error, or empty
std::string parse_target(std::string_view target, RequestHead& head) {
    // The absolute form is what a client sends to a proxy.
    if (target.substr(0, 7) == "http://" || target.substr(0, 8) == "https://") {
        const std::size_t slash = target.find('/', target.find("//") + 2);
        target = slash == std::string_view::npos ? std::string_view("/") : target.substr(slash);
    }
    if (target == "*") target = "/";
    if (target.empty() || target.front() != '/') return "the request target is not a path";
    const std::size_t mark = std::min(target.find('?'), target.size());
    auto path = percent_decode(target.substr(0, mark));
    if (!path || path->find('\0') != std::string::npos) return "the path is malformed";
    head.path = std::move(*path);
    if (mark < target.size() && !parse_query(target.substr(mark + 1), head.query)) return "the query is malformed";
    return {};
}

bool list_has(std::string_view list, std::string_view wanted) {
    while (!list.empty()) {
        const std::size_t comma = std::min(list.find(','), list.size());
        if (lower(trim(list.substr(0, comma))) == wanted) return true;
        list.remove_prefix(std::min(comma + 1, list.size()));
    }
    return false;
}

/// What the headers say about the message as a whole. @return an error result, or a complete one
HeadResult apply_headers(HeadResult result) {
    RequestHead& head = result.head;
    head.keep_alive = !head.http_1_0;
    bool has_length = false;
    for (const auto& [name, value] : head.headers) {
        if (name == "content-length") {
            const auto length = parse_number(value);
            if (!length || (has_length && *length != head.content_length)) return invalid(400, "bad Content-Length");
            head.content_length = *length;
            has_length = true;
        } else if (name == "transfer-encoding") {
            if (head.chunked || lower(value) != "chunked") return invalid(501, "unsupported Transfer-Encoding");
            head.chunked = true;
        } else if (name == "connection") {
            if (list_has(value, "close")) head.keep_alive = false;
            if (list_has(value, "keep-alive") && head.http_1_0) head.keep_alive = true;
        } else if (name == "expect") {
            if (lower(value) != "100-continue") return invalid(417, "unsupported Expect");
            head.expects_continue = !head.http_1_0;
        }
    }
    if (head.chunked && (has_length || head.http_1_0)) {
        return invalid(400, "a request has Content-Length or Transfer-Encoding, not both");
    }
    return result;
}

}  // namespace

std::string_view RequestHead::header(std::string_view name) const noexcept {
    for (const auto& [key, value] : headers) {
        if (key == name) return value;
    }
    return {};
}

bool RequestHead::has_header(std::string_view name) const noexcept {
    return std::any_of(headers.begin(), headers.end(), [&](const auto& header) { return header.first == name; });
}

HeadResult parse_request_head(std::string_view bytes) {
    std::size_t start = 0;
    // An empty line before a request is tolerated (RFC 9112, 2.2).
    while (bytes.substr(start, 2) == "\r\n" && start < 8) start += 2;
    const std::size_t end = bytes.find("\r\n\r\n", start);
    if (end == std::string_view::npos) {
        if (bytes.size() - start > k_head_limit) return invalid(431, "the head of the request is too large");
        return {};
    }
    if (end - start > k_head_limit) return invalid(431, "the head of the request is too large");

    HeadResult result;
    result.state = HeadResult::State::complete;
    result.consumed = end + 4;
    std::string_view text = bytes.substr(start, end - start);
    const auto take_line = [&text] {
        const std::size_t stop = std::min(text.find("\r\n"), text.size());
        const std::string_view line = text.substr(0, stop);
        text.remove_prefix(std::min(stop + 2, text.size()));
        return line;
    };

    const std::string_view line = take_line();
    const std::size_t first = line.find(' ');
    const std::size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
    if (second == std::string_view::npos) return invalid(400, "malformed request line");
    const std::string_view version = line.substr(second + 1);
    result.head.method = line.substr(0, first);
    if (!is_token(result.head.method)) return invalid(400, "malformed method");
    if (version == "HTTP/1.0") {
        result.head.http_1_0 = true;
    } else if (version != "HTTP/1.1") {
        return version.substr(0, 5) == "HTTP/" ? invalid(505, "only HTTP/1.1 is spoken here")
                                               : invalid(400, "malformed request line");
    }
    const std::string_view target = line.substr(first + 1, second - first - 1);
    if (!is_field_value(target)) return invalid(400, "the request target is malformed");
    if (const std::string error = parse_target(target, result.head); !error.empty()) return invalid(400, error);

    while (!text.empty()) {
        const std::string_view field = take_line();
        const std::size_t colon = field.find(':');
        if (colon == std::string_view::npos || !is_token(field.substr(0, colon)))
            return invalid(400, "malformed header");
        const std::string_view value = trim(field.substr(colon + 1));
        if (!is_field_value(value)) return invalid(400, "malformed header value");
        if (result.head.headers.size() == k_header_limit) return invalid(431, "too many headers");
        result.head.headers.emplace_back(lower(field.substr(0, colon)), value);
    }
    return apply_headers(std::move(result));
}

BodyDecoder::BodyDecoder(const RequestHead& head) : remaining_(head.content_length) {
    state_ = head.chunked ? State::chunk_size : remaining_ == 0 ? State::complete : State::fixed;
}

BodyDecoder::Step BodyDecoder::next(std::string_view input) {
    if (input.empty()) return {};
    switch (state_) {
        case State::fixed:
        case State::chunk_data: {
            const std::size_t size = static_cast<std::size_t>(std::min<std::uint64_t>(remaining_, input.size()));
            remaining_ -= size;
            if (remaining_ == 0) state_ = state_ == State::fixed ? State::complete : State::chunk_end;
            return {size, input.substr(0, size)};
        }
        case State::chunk_end:
            if (input.size() < 2) {
                if (input.front() != '\r') state_ = State::failed;
                return {};
            }
            state_ = input.substr(0, 2) == "\r\n" ? State::chunk_size : State::failed;
            return {failed() ? 0U : 2U, {}};
        case State::chunk_size:
        case State::trailers:
            return line_step(input);
        case State::complete:
        case State::failed:
            break;
    }
    return {};
}

BodyDecoder::Step BodyDecoder::line_step(std::string_view input) {
    const bool size_line = state_ == State::chunk_size;
    const std::size_t limit = size_line ? k_size_line_limit : k_trailer_limit - trailer_bytes_;
    const std::size_t end = input.substr(0, limit + 2).find("\r\n");
    if (end == std::string_view::npos) {
        if (input.size() > limit) state_ = State::failed;
        return {};
    }
    const std::string_view line = input.substr(0, end);
    if (!size_line) {
        trailer_bytes_ += end;
        if (line.empty()) state_ = State::complete;
        return {end + 2, {}};
    }
    const std::optional<std::uint64_t> size = parse_number(trim(line.substr(0, line.find(';'))), 16);
    if (!size) {
        state_ = State::failed;
        return {};
    }
    remaining_ = *size;
    state_ = remaining_ == 0 ? State::trailers : State::chunk_data;
    return {end + 2, {}};
}

std::optional<std::string> percent_decode(std::string_view text, bool plus_is_space) {
    std::string result;
    result.reserve(text.size());
    for (std::size_t index = 0; index < text.size(); ++index) {
        const char c = text[index];
        if (c == '+' && plus_is_space) {
            result += ' ';
        } else if (c != '%') {
            result += c;
        } else {
            if (index + 2 >= text.size()) return std::nullopt;
            const int high = hex_digit(text[index + 1]);
            const int low = hex_digit(text[index + 2]);
            if (high < 0 || low < 0) return std::nullopt;
            result += static_cast<char>(high * 16 + low);
            index += 2;
        }
    }
    return result;
}

std::string_view status_text(int status) noexcept {
    struct Entry {
        int status;
        std::string_view text;
    };
    static constexpr std::array<Entry, 27> k_texts{{{200, "OK"},
                                                    {204, "No Content"},
                                                    {206, "Partial Content"},
                                                    {304, "Not Modified"},
                                                    {400, "Bad Request"},
                                                    {401, "Unauthorized"},
                                                    {403, "Forbidden"},
                                                    {404, "Not Found"},
                                                    {405, "Method Not Allowed"},
                                                    {406, "Not Acceptable"},
                                                    {409, "Conflict"},
                                                    {412, "Precondition Failed"},
                                                    {413, "Content Too Large"},
                                                    {414, "URI Too Long"},
                                                    {415, "Unsupported Media Type"},
                                                    {416, "Range Not Satisfiable"},
                                                    {417, "Expectation Failed"},
                                                    {429, "Too Many Requests"},
                                                    {431, "Request Header Fields Too Large"},
                                                    {499, "Client Closed Request"},
                                                    {500, "Internal Server Error"},
                                                    {501, "Not Implemented"},
                                                    {502, "Bad Gateway"},
                                                    {503, "Service Unavailable"},
                                                    {504, "Gateway Timeout"},
                                                    {505, "HTTP Version Not Supported"},
                                                    {507, "Insufficient Storage"}}};
    for (const Entry& entry : k_texts) {
        if (entry.status == status) return entry.text;
    }
    return "Unknown";
}

RangeResult parse_range(std::string_view header, std::uint64_t size) {
    constexpr std::string_view k_unit = "bytes=";
    if (header.substr(0, k_unit.size()) != k_unit) return {};
    const std::string_view text = trim(header.substr(k_unit.size()));
    const std::size_t dash = text.find('-');
    if (dash == std::string_view::npos || text.find(',') != std::string_view::npos) return {};
    const std::string_view from = trim(text.substr(0, dash));
    const std::string_view to = trim(text.substr(dash + 1));
    RangeResult result;
    if (from.empty()) {
        const auto suffix = parse_number(to);
        if (!suffix) return {};
        if (*suffix == 0 || size == 0) {
            result.state = RangeResult::State::unsatisfiable;
            return result;
        }
        result.range = {size - std::min(*suffix, size), size - 1};
    } else {
        const auto first = parse_number(from);
        const auto last = to.empty() ? std::optional(~std::uint64_t{0}) : parse_number(to);
        if (!first || !last || *last < *first) return {};
        if (*first >= size) {
            result.state = RangeResult::State::unsatisfiable;
            return result;
        }
        result.range = {*first, std::min(*last, size - 1)};
    }
    result.state = RangeResult::State::satisfiable;
    return result;
}

ParameterizedValue parse_parameterized(std::string_view header) {
    ParameterizedValue result;
    const std::size_t first = std::min(header.find(';'), header.size());
    result.value = lower(trim(header.substr(0, first)));
    std::size_t position = first;
    while (position < header.size()) {
        ++position;  // the semicolon
        const std::size_t equals = header.find('=', position);
        const std::size_t semicolon = header.find(';', position);
        if (equals == std::string_view::npos || semicolon < equals) {
            position = std::min(semicolon, header.size());
            continue;
        }
        const std::string name = lower(trim(header.substr(position, equals - position)));
        position = equals + 1;
        while (position < header.size() && (header[position] == ' ' || header[position] == '\t')) ++position;
        std::string value;
        if (position < header.size() && header[position] == '"') {
            ++position;
            while (position < header.size() && header[position] != '"') {
                // Only quote and backslash are ever escaped; a Windows path keeps its backslashes.
                if (header[position] == '\\' && position + 1 < header.size() &&
                    (header[position + 1] == '"' || header[position + 1] == '\\')) {
                    ++position;
                }
                value += header[position++];
            }
            position = std::min(header.find(';', std::min(position, header.size())), header.size());
        } else {
            const std::size_t stop = std::min(header.find(';', position), header.size());
            value = trim(header.substr(position, stop - position));
            position = stop;
        }
        result.parameters.emplace(name, std::move(value));
    }
    return result;
}

}  // namespace spawnai::engine::agent
