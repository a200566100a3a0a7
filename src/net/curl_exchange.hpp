#pragma once

#include "curl_handles.hpp"

#include <spawnai/core/clock.hpp>
#include <spawnai/core/environment.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/net/url.hpp>

#include <array>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <string>

namespace spawnai::net {

/// Which of our own limits ended an exchange.
enum class Ended {
    by_curl,
    connect_timeout,
    first_byte_timeout,
    idle_timeout,
    total_timeout,
    too_large,
    head_too_large,
    shut_down,
    not_again
};

/// One request on its way: the meeting point of the thread that sends and the thread that runs libcurl. The
/// sender owns it and must not let it go before `finished()` or CurlLoop::cancel(). Methods say which side
/// calls them.
class Exchange {
 public:
    /// Sender. @throws Error{usage} for a URL or header that cannot be sent.
    Exchange(const Request& request, bool to_sink, const Environment& environment);
    Exchange(const Exchange&) = delete;
    Exchange& operator=(const Exchange&) = delete;

    [[nodiscard]] CURL* easy() const noexcept { return easy_.get(); }

    // Sender side.

    struct News {
        bool finished = false;
        bool head = false;          ///< first time that the head is complete
        std::string pieces{};       ///< body for the sink
        bool resume = false;        ///< libcurl waits: call CurlLoop::resume()
        std::size_t body_room = 0;  ///< bytes of body_source wanted
    };
    /// Waits until there is something to do. @throws Interrupted
    [[nodiscard]] News wait(const std::stop_token& stop);
    [[nodiscard]] const Response& head() const noexcept { return response_; }  ///< after News::head
    /// Hands over body bytes; none means the end. @return true when libcurl waits for them.
    [[nodiscard]] bool supply(std::string_view bytes);
    /// The answer, or the reason why there is none. After News::finished. @throws TransportError
    [[nodiscard]] Response take();
    void wait_finished();

    // Side of libcurl's thread.

    /// The next moment at which a limit passes, if nothing happens until then.
    struct Limit {
        SteadyTime when;
        Ended which;
    };
    [[nodiscard]] std::optional<Limit> next_limit() const;
    void begin();
    void unpause();
    void finish(Ended ended, CURLcode code);

 private:
    enum class Phase { connecting, sending, receiving };

    static std::size_t on_header(char* data, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_body(char* data, std::size_t size, std::size_t count, void* self) noexcept;
    static std::size_t on_upload(char* buffer, std::size_t size, std::size_t count, void* self) noexcept;
    static int on_progress(void* self, curl_off_t, curl_off_t, curl_off_t, curl_off_t sent) noexcept;
    static int on_connected(void* self, char*, char*, int, int) noexcept;

    void set_up_body();
    void set_up_headers();
    void set_up_connection(const Environment& environment);
    [[nodiscard]] bool header_line(std::string_view line);
    [[nodiscard]] std::size_t body_piece(std::string_view piece);
    [[nodiscard]] TransportError explain() const;

    const Request* request_;
    Url url_;
    bool to_sink_;
    EasyHandle easy_;
    StringList headers_;
    StringList resolve_;
    std::array<char, CURL_ERROR_SIZE> error_text_{};

    // Only libcurl's thread.
    Phase phase_ = Phase::connecting;
    SteadyTime started_;
    SteadyTime last_activity_;
    curl_off_t body_size_ = -1;  ///< -1: known only at its end
    curl_off_t sent_ = 0;
    bool body_sent_ = false;
    std::size_t head_bytes_ = 0;
    Response arriving_;
    Ended refusal_ = Ended::by_curl;  ///< why a callback of ours made libcurl give up

    std::mutex mutex_;  ///< guards what follows
    std::condition_variable_any changed_;
    Response response_;
    bool head_complete_ = false;
    bool head_told_ = false;
    std::string pieces_;
    bool receive_paused_ = false;
    std::string upload_;
    bool upload_ended_ = false;
    bool send_paused_ = false;
    bool connected_ = false;
    std::optional<Ended> ended_;
    CURLcode code_ = CURLE_OK;
    std::exception_ptr escaped_;  ///< an exception that a callback caught
};

}  // namespace spawnai::net
