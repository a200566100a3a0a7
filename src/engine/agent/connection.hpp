#pragma once

#include "engine/agent/exchange.hpp"
#include "engine/agent/loop.hpp"

#include <spawnai/core/fd.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace spawnai::engine::agent {

/// One HTTP/1.1 connection: request after request, each body and each answer streamed. Keeps itself alive
/// through the loop until the other side or an error ends it.
class HttpConnection : public Reply, public std::enable_shared_from_this<HttpConnection> {
 public:
    /// `received` is what was read after the preface.
    static void serve(Loop& loop, Fd socket, Origin origin, Router& router, std::string received);
    ~HttpConnection() override;

    void send(int status, Headers headers, std::string_view body) override;
    void begin(int status, Headers headers, std::optional<std::uint64_t> length) override;
    void write(std::string_view bytes) override;
    void finish() override;
    void abort() override;
    [[nodiscard]] bool begun() const override { return begun_; }
    [[nodiscard]] std::size_t backlog() const override { return output_.size() - sent_; }
    void pause_body() override;
    void resume_body() override;

 private:
    enum class Stage { head, body, answer };

    HttpConnection(Loop& loop, Fd socket, Origin origin, Router& router, std::string received);
    void on_events(std::uint32_t events);
    void read_some();
    void process();
    bool process_head();
    bool process_body();
    void refuse(int status, const std::string& message);
    void next_request();
    void queue(std::string_view bytes);
    void flush();
    void update_interest();
    void schedule();
    void close() noexcept;

    Loop& loop_;
    Fd socket_;
    Origin origin_;
    Router& router_;
    std::string input_;
    std::size_t consumed_ = 0;
    std::string output_;
    std::size_t sent_ = 0;
    Stage stage_ = Stage::head;
    BodyDecoder decoder_;
    std::shared_ptr<Exchange> exchange_;
    bool keep_alive_ = true;
    bool head_request_ = false;
    bool chunked_answer_ = false;
    std::optional<std::uint64_t> answer_left_;
    bool begun_ = false;
    bool finished_ = false;
    bool input_ended_ = false;
    bool paused_ = false;
    bool was_congested_ = false;
    bool processing_ = false;
    bool scheduled_ = false;
    bool closed_ = false;
    std::uint32_t interest_ = 0;
};

}  // namespace spawnai::engine::agent
