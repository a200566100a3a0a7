#include "prober.hpp"

#include "context.hpp"

#include <spawnai/net/http.hpp>

#include <chrono>

namespace spawnai::cli {

namespace {

constexpr std::size_t k_beginning = 256U << 10U;  // bytes of a page that are enough to tell that it is the right one

}  // namespace

pipeline::ProbeAnswer HttpProber::get(const std::string& url, std::stop_token stop) {
    using std::chrono::seconds;
    net::Request request;
    request.url = url;
    request.headers = {{"Accept", "text/html,application/json;q=0.9,*/*;q=0.8"},
                       {"User-Agent", std::string("spawnai/") + SPAWNAI_VERSION}};
    request.timeouts = {.connect = seconds(5), .first_byte = seconds(10), .idle = seconds(10), .total = seconds(20)};
    std::string body;
    const net::Response response = context_.transport().stream(
        request, [](const net::Response&) {},
        [&body](std::string_view piece) {
            body += piece.substr(0, k_beginning - body.size());
            return body.size() < k_beginning;
        },
        std::move(stop));
    return {.status = response.status,
            .content_type = response.header("content-type").value_or(""),
            .body = body.empty() ? response.body : std::move(body)};
}

}  // namespace spawnai::cli
