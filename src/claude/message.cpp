#include "message.hpp"

#include "clean_text.hpp"

#include <spawnai/core/text.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace spawnai::claude {
namespace {

const Json& member(const Json& object, const char* key) {
    static const Json k_null;
    if (!object.is_object()) return k_null;
    const auto found = object.find(key);
    return found == object.end() ? k_null : *found;
}

std::string string_member(const Json& object, const char* key) {
    const Json& value = member(object, key);
    return value.is_string() ? value.get<std::string>() : std::string();
}

std::string own_stop_reason(const std::string& reason) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 4> k_foreign{{
        {"stop", "end_turn"},
        {"length", "max_tokens"},
        {"content_filter", "refusal"},
        {"tool_calls", "tool_use"},
    }};
    for (const auto& [foreign, own] : k_foreign)
        if (reason == foreign) return std::string(own);
    return reason;
}

}  // namespace

ApiFault read_fault(const Json& payload) {
    ApiFault fault;
    fault.request_id = string_member(payload, "request_id");
    const Json& error = member(payload, "error");
    if (error.is_object()) {
        fault.type = string_member(error, "type");
        fault.message = string_member(error, "message");
        fault.code = string_member(member(error, "details"), "error_code");
    } else if (error.is_string()) {
        fault.message = error.get<std::string>();
    }
    if (!fault.message.empty()) return fault;
    const Json& detail = member(payload, "detail");
    if (detail.is_string())
        fault.message = detail.get<std::string>();
    else if (!detail.is_null())
        fault.message = dump_json(detail);
    if (fault.message.empty()) fault.message = string_member(payload, "message");
    return fault;
}

bool MessageFolder::fold(const SseEvent& event) {
    if (message_.fault) return false;
    if (trim(event.data) == "[DONE]") {
        message_.ended = true;
        return true;
    }
    if (event.data.empty()) return true;
    const std::string data = valid_utf8(event.data);
    Json payload = Json::parse(data, nullptr, false);
    marked_ = payload.is_discarded();
    if (marked_) payload = Json::parse(mark_halves(data), nullptr, false);
    if (payload.is_discarded()) {
        if (event.complete) ++message_.broken_events;
        return true;
    }
    return fold_payload(payload, event.name);
}

bool MessageFolder::fold_payload(const Json& payload, std::string_view name) {
    std::string type = string_member(payload, "type");
    if (type.empty()) type = name;
    if (type == "message_start") {
        message_.started = true;
        const Json& message = member(payload, "message");
        message_.id = string_member(message, "id");
        message_.model = string_member(message, "model");
        usage(member(message, "usage"), false);
    } else if (type == "content_block_start") {
        block(member(payload, "content_block"));
    } else if (type == "content_block_delta") {
        delta(member(payload, "delta"));
    } else if (type == "message_delta") {
        message_.started = true;
        stop(member(payload, "delta"));
        usage(member(payload, "usage"), true);
    } else if (type == "message_stop") {
        message_.ended = true;
    } else if (type == "message") {
        fold_whole(payload);
    } else if (type == "error" ||
               (type != "ping" && type != "content_block_stop" && !member(payload, "error").is_null())) {
        message_.fault = read_fault(payload);
        return false;
    }
    return true;
}

void MessageFolder::fold_whole(const Json& message) {
    message_.started = true;
    message_.id = string_member(message, "id");
    message_.model = string_member(message, "model");
    const Json& content = member(message, "content");
    if (content.is_string())
        text(message, "content");
    else if (content.is_array())
        for (const Json& each : content) block(each);
    stop(message);
    usage(member(message, "usage"), true);
    message_.ended = true;
}

void MessageFolder::block(const Json& content_block) {
    message_.started = message_.thinking = true;
    if (string_member(content_block, "type") == "text") text(content_block, "text");
}

void MessageFolder::delta(const Json& delta) {
    message_.started = message_.thinking = true;
    const std::string type = string_member(delta, "type");
    if (type == "text_delta") text(delta, "text");
    if (type == "thinking_delta") message_.thinking_bytes += string_member(delta, "thinking").size();
}

void MessageFolder::text(const Json& holder, const char* key) {
    const Json& value = member(holder, key);
    if (!value.is_string()) return;
    const std::string& piece = value.get_ref<const std::string&>();
    if (piece.empty()) return;
    if (!marked_ && !halves_.waiting()) {
        message_.text_bytes += piece.size();
        text_(piece);
        return;
    }
    const std::string joined = marked_ ? halves_.join(piece) : halves_.finish() + piece;
    message_.text_bytes += joined.size();
    if (!joined.empty()) text_(joined);
}

// Counts are cumulative: a later one replaces an earlier one, and a null or missing one says nothing.
void MessageFolder::usage(const Json& usage, bool final_count) {
    static constexpr std::int64_t k_most = 1'000'000'000;
    const auto take = [this](const Json& holder, const char* key, std::int64_t& target) {
        const Json& value = member(holder, key);
        if (!value.is_number_integer()) return false;
        const bool beyond =
            value.is_number_unsigned() && value.get<std::uint64_t>() > static_cast<std::uint64_t>(k_most);
        target = beyond ? k_most : std::clamp<std::int64_t>(value.get<std::int64_t>(), 0, k_most);
        if (target > 0) message_.usage_seen = true;
        return true;
    };
    take(usage, "input_tokens", message_.usage.input);
    take(usage, "cache_creation_input_tokens", message_.usage.cache_write);
    take(usage, "cache_read_input_tokens", message_.usage.cache_read);
    take(member(usage, "cache_creation"), "ephemeral_1h_input_tokens", message_.usage.cache_write_1h);
    message_.usage.cache_write_1h = std::min(message_.usage.cache_write_1h, message_.usage.cache_write);
    if (take(usage, "output_tokens", message_.usage.output) && final_count && message_.usage.output > 0)
        message_.output_final = true;
}

void MessageFolder::stop(const Json& holder) {
    const std::string reason = string_member(holder, "stop_reason");
    if (!reason.empty()) message_.stop_reason = own_stop_reason(reason);
    const Json& details = member(holder, "stop_details");
    const std::string category = string_member(details, "category");
    const std::string explanation = string_member(details, "explanation");
    if (category.empty() && explanation.empty()) return;
    message_.refusal = category.empty() || explanation.empty() ? category + explanation : category + ": " + explanation;
}

}  // namespace spawnai::claude
