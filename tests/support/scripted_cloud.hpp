#pragma once

#include "support/scripted_server.hpp"

#include <spawnai/net/connect.hpp>

#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace spawnai::testing {

/// An HTTP server whose routes ("POST /v2/sandboxes", without the query) are given one by one; a route that is not given answers
/// a bare 404. Remembers what was asked.
class ScriptedCloud {
 public:
    using Route = std::function<void(ServedConnection& connection, const ServedRequest& request)>;

    void on(const std::string& route, Route answer) {
        const std::lock_guard lock(mutex_);
        routes_[route] = std::move(answer);
    }
    void on(const std::string& route, int status, std::string body = {}, std::vector<std::string> headers = {}) {
        on(route,
           [status, body = std::move(body), headers = std::move(headers)](
               ServedConnection& connection, const ServedRequest&) { connection.respond(status, body, headers); });
    }
    /// Frames of a process stream, each flushed, then an orderly end of the response.
    void on_stream(const std::string& route, const std::vector<std::string>& frames) {
        on(route, [frames](ServedConnection& connection, const ServedRequest&) {
            connection.begin_chunked(200, {"Content-Type: application/connect+json"});
            for (const auto& frame : frames) connection.chunk(frame);
            connection.end_chunks();
        });
    }

    [[nodiscard]] std::string url() const { return server_.url(""); }
    [[nodiscard]] int port() const { return server_.port(); }
    [[nodiscard]] std::vector<ServedRequest> requests(const std::string& route) {
        const std::lock_guard lock(mutex_);
        return asked_[route];
    }
    [[nodiscard]] std::size_t count(const std::string& route) { return requests(route).size(); }
    [[nodiscard]] bool wait_for(const std::string& route, std::chrono::milliseconds patience) {
        std::unique_lock lock(mutex_);
        return changed_.wait_for(lock, patience, [&] { return !asked_[route].empty(); });
    }

 private:
    void serve(ServedConnection& connection) {
        while (const auto request = connection.read_request()) {
            const std::string route = request->method + " " + request->target.substr(0, request->target.find('?'));
            Route answer;
            {
                const std::lock_guard lock(mutex_);
                asked_[route].push_back(*request);
                changed_.notify_all();
                const auto found = routes_.find(route);
                if (found != routes_.end()) answer = found->second;
            }
            if (answer)
                answer(connection, *request);
            else
                connection.respond(404, "404 page not found");
        }
    }

    std::mutex mutex_;
    std::condition_variable changed_;
    std::map<std::string, Route> routes_;
    std::map<std::string, std::vector<ServedRequest>> asked_;
    ScriptedServer server_{[this](ServedConnection& connection) { serve(connection); }};
};

/// Connect frames: data, and the end of the stream.
inline std::string data_frame(std::string_view json) {
    return net::encode_connect_frame(json);
}
inline std::string end_frame(std::string_view json = "{}") {
    return net::encode_connect_frame(json, net::ConnectFrame::k_end_of_stream);
}

}  // namespace spawnai::testing
