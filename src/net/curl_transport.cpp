#include "curl_loop.hpp"

#include <algorithm>
#include <utility>

namespace spawnai::net {

namespace {

/// Ends the exchange in the loop however the sender leaves: a sink or a body source may throw.
class Running {
 public:
    Running(CurlLoop& loop, Exchange& exchange) : loop_(&loop), exchange_(&exchange) { loop.add(exchange); }
    ~Running() {
        if (loop_ != nullptr) loop_->cancel(*exchange_);
    }
    Running(const Running&) = delete;
    Running& operator=(const Running&) = delete;
    void over() noexcept { loop_ = nullptr; }

 private:
    CurlLoop* loop_;
    Exchange* exchange_;
};

class CurlTransport final : public Transport {
 public:
    explicit CurlTransport(Environment environment) : environment_(std::move(environment)) {}

    Response send(const Request& request, std::stop_token stop) override {
        return exchange(request, false, nullptr, nullptr, stop);
    }
    Response stream(const Request& request, const HeadSink& head, const BodySink& sink, std::stop_token stop) override {
        return exchange(request, true, head, sink, stop);
    }

 private:
    Response exchange(const Request& request, bool to_sink, const HeadSink& head, const BodySink& sink,
                      const std::stop_token& stop) {
        if (stop.stop_requested()) throw Interrupted(0);
        Exchange state(request, to_sink, environment_);
        Running running(loop_, state);
        std::string buffer;
        while (true) {
            const Exchange::News news = state.wait(stop);
            if (news.head && head) head(state.head());
            if (news.resume) loop_.resume(state);
            if (!news.pieces.empty() && !sink(news.pieces)) return state.head();
            if (news.finished) {
                running.over();
                return state.take();
            }
            if (news.body_room > 0) {
                buffer.resize(std::min<std::size_t>(news.body_room, 64U << 10U));
                const std::size_t filled = request.body_source(buffer.data(), buffer.size());
                if (state.supply({buffer.data(), std::min(filled, buffer.size())})) loop_.resume(state);
            }
        }
    }

    Environment environment_;
    CurlLoop loop_;
};

}  // namespace

std::unique_ptr<Transport> make_curl_transport(const Environment& environment) {
    static const CURLcode started = curl_global_init(CURL_GLOBAL_DEFAULT);
    if (started != CURLE_OK) throw Error(ErrorKind::internal, "libcurl cannot start");
    return std::make_unique<CurlTransport>(environment);
}

}  // namespace spawnai::net
