// Reads model replies of 0.5 and 5 MB through the whole client, from the bytes of the event stream to finished files, and
// prints "what <TAB> ours <TAB> baseline's name <TAB> baseline <TAB> unit" for bench/run.py.
#include <spawnai/claude/claude_model.hpp>
#include <spawnai/core/json.hpp>

#include <fmt/core.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

using namespace spawnai;
using namespace spawnai::claude;

namespace {

constexpr std::size_t k_delta = 24;  // characters of one text_delta, about what the API sends
constexpr std::size_t k_line = 80;
constexpr std::size_t k_file = 1'000'000;

/// Makes the stream while it is being read, so that the bench itself holds none of it.
class StreamingServer : public net::Transport {
 public:
    explicit StreamingServer(std::size_t bytes) : bytes_(bytes) {}
    net::Response send(const net::Request&, std::stop_token) override { std::abort(); }
    net::Response stream(const net::Request& request, const net::HeadSink& head, const net::BodySink& sink,
                         std::stop_token) override {
        net::Response response;
        response.status = 200;
        response.headers = {{"content-type", "text/event-stream"}};
        head(response);
        const std::size_t at = request.body.find("<file-") + 6;
        const std::string nonce = request.body.substr(at, 6);
        say(R"({"type":"message_start","message":{"id":"m","model":"claude-haiku-5-5","usage":{"input_tokens":9,"output_tokens":1}}})",
            sink);
        text("<file-" + nonce + " path=\"index.html\">\n<!doctype html>\n", sink);
        const std::string line = std::string(k_line - 1, 'x') + "\n";
        std::size_t in_file = 0;
        int number = 0;
        for (std::size_t sent = 0; sent < bytes_; sent += k_line, in_file += k_line) {
            if (in_file + 4 * k_line > k_file) {
                text(fmt::format("</file-{}>\n<file-{} path=\"part{}.html\">\n", nonce, nonce, ++number), sink);
                in_file = 0;
            }
            text(line, sink);
        }
        text("</file-" + nonce + ">\n", sink);
        say(R"({"type":"message_delta","delta":{"stop_reason":"end_turn"},"usage":{"output_tokens":7}})", sink);
        say(R"({"type":"message_stop"})", sink);
        sink(pending_);
        return response;
    }

 private:
    void text(const std::string& text, const net::BodySink& sink) {
        for (std::size_t at = 0; at < text.size(); at += k_delta)
            say(R"({"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":)" +
                    Json(text.substr(at, k_delta)).dump() + "}}",
                sink);
    }
    void say(const std::string& data, const net::BodySink& sink) {
        pending_ += "event: x\ndata: " + data + "\n\n";
        if (pending_.size() < 16384) return;
        sink(pending_);
        pending_.clear();
    }
    std::size_t bytes_;
    std::string pending_;
};

struct Silent : GenerationObserver {
    void on_file(const GeneratedFile&) override { ++files; }
    void on_progress(const Usage&, std::size_t) override {}
    std::size_t files = 0;
};

double milliseconds(const auto& action) {
    const auto start = std::chrono::steady_clock::now();
    action();
    return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now() - start).count();
}

void read_reply(std::size_t bytes) {
    StreamingServer server(bytes);
    ModelSettings settings;
    settings.base_url = "http://127.0.0.1:1";
    settings.model = "claude-haiku-5-5";
    const Log log;
    const auto model = make_claude_model(settings, server, system_clock(), log);
    GenerationRequest request;
    request.prompt = "a large page";
    request.budget = Money::parse("1000");
    Silent seen;
    const auto outcome = model->generate(request, seen, {});
    if (!std::holds_alternative<Generated>(outcome) || seen.files == 0) std::abort();
}

/// Only makes the stream and parses the JSON of each event.
void parse_events(std::size_t bytes) {
    StreamingServer server(bytes);
    net::Request request;
    request.body = "<file-abcdef";
    std::string rest;
    server.stream(
        request, [](const net::Response&) {},
        [&rest](std::string_view piece) {
            for (std::size_t at = piece.find("data: "); at != std::string_view::npos;
                 at = piece.find("data: ", at + 1)) {
                const Json event = Json::parse(piece.substr(at + 6, piece.find('\n', at) - at - 6), nullptr, false);
                if (event.is_discarded()) std::abort();
            }
            return true;
        },
        {});
}

double status_mb(const char* name) {
    std::ifstream status("/proc/self/status");
    for (std::string line; std::getline(status, line);)
        if (line.starts_with(name)) return std::atof(line.c_str() + std::char_traits<char>::length(name) + 1) / 1024;
    return 0;
}

double median(std::vector<double> values) {
    std::sort(values.begin(), values.end());
    return values[values.size() / 2];
}

}  // namespace

int main() {
    constexpr std::size_t k_large = 5'000'000;
    constexpr std::size_t k_small = 500'000;
    read_reply(k_small);
    // Memory first: later runs find the heap warm.
    const double before = status_mb("VmRSS:");
    std::ofstream("/proc/self/clear_refs") << "5";
    read_reply(k_large);
    const double grown = status_mb("VmHWM:") - before;

    std::vector<double> large;
    std::vector<double> small;
    std::vector<double> parse;
    for (int round = 0; round < 5; ++round) {
        small.push_back(milliseconds([] { read_reply(k_small); }) / 0.5);
        large.push_back(milliseconds([] { read_reply(k_large); }) / 5);
        parse.push_back(milliseconds([] { parse_events(k_large); }) / 5);
    }
    fmt::print("reading a 5 MB reply, each MB\t{}\treading a 0.5 MB reply, each MB\t{}\tms\n", median(large),
               median(small));
    fmt::print("reading a 5 MB reply, each MB\t{}\tparsing the JSON of its events alone\t{}\tms\n", median(large),
               median(parse));
    fmt::print("memory added by reading a 5 MB reply\t{}\tsize of the reply\t{}\tMB\n", grown, 5.0);
}
