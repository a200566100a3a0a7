#pragma once

#include <spawnai/core/clock.hpp>
#include <spawnai/core/secret.hpp>
#include <spawnai/net/http.hpp>
#include <spawnai/sandbox/provider.hpp>
#include <spawnai/sandbox/wire.hpp>

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace spawnai::sandbox {

/// The daemon inside one sandbox: where it is reached and with what.
struct EnvdAddress {
    std::string base_url;  ///< no slash at its end
    SandboxId id;
    Secret token{};
    std::string version{};
    std::string user_agent{};
    std::chrono::milliseconds patience{60000};  ///< of one call and its answer
};

/// Calls of the daemon: files, and processes by the Connect protocol. Safe from any thread. Throws as Sandbox does.
class Envd {
 public:
    Envd(EnvdAddress address, net::Transport& transport, const Clock& clock)
        : address_(std::move(address)), transport_(&transport), clock_(&clock) {}

    [[nodiscard]] const EnvdAddress& address() const noexcept { return address_; }
    [[nodiscard]] const Clock& clock() const noexcept { return *clock_; }

    void write_files(std::span<const FileUpload> files, const std::stop_token& stop) const;
    [[nodiscard]] std::string read_file(const std::string& path, std::size_t limit, const std::stop_token& stop) const;
    [[nodiscard]] std::vector<FileEntry> list(const std::string& path, int depth, const std::stop_token& stop) const;
    void move(const std::string& source, const std::string& destination, const std::stop_token& stop) const;
    void remove(const std::string& path, const std::stop_token& stop) const;
    void watch(const std::string& path, bool recursive, const std::function<void()>& begun, const ChangeSink& change,
               const std::stop_token& stop) const;
    [[nodiscard]] std::vector<ProcessInfo> processes(const std::stop_token& stop) const;
    bool signal(std::int64_t pid, int signal, const std::stop_token& stop) const;
    /// Kills a process that nobody waits for any more, in a second or not at all.
    void abandon(std::int64_t pid) const noexcept;
    void send_input(std::int64_t pid, std::string_view bytes, bool terminal, const std::stop_token& stop) const;
    void close_input(std::int64_t pid, const std::stop_token& stop) const;
    void resize(std::int64_t pid, TerminalSize size, const std::stop_token& stop) const;
    [[nodiscard]] bool alive(const std::stop_token& stop) const;

    /// How one stream of process events came to its end.
    struct Broken {
        std::string why;  ///< the connection went, the process perhaps not
    };
    using StreamEnd = std::variant<ExitStatus, wire::Failure, Broken>;
    using EventSink = std::function<void(const wire::ProcessEvent& event)>;
    /// Start or Connect: hands on each event until the stream ends. `timeout` zero: no limit is asked for.
    /// @throws Error for an answer that is no stream, TransportError when there is none.
    [[nodiscard]] StreamEnd stream(const char* method, const std::string& body, std::chrono::milliseconds timeout,
                                   const EventSink& sink, const std::stop_token& stop) const;

 private:
    enum class Repeat { once_more, when_not_arrived };

    /// How the messages of a stream came to their end: the end frame with or without an error, or neither.
    struct LastFrame {
        std::optional<wire::Failure> failure;
    };
    struct NoLastFrame {
        std::string why;
    };
    using MessagesEnd = std::variant<LastFrame, NoLastFrame>;
    /// The call of a streaming method: hands on each message until the stream ends or `take` says false. `timeout` zero: no
    /// limit is asked for. @throws as stream().
    [[nodiscard]] MessagesEnd messages(const char* method, const std::string& body, std::chrono::milliseconds timeout,
                                       const std::string& doing, const std::function<bool(std::string_view)>& take,
                                       const std::stop_token& stop) const;
    [[nodiscard]] net::Request request(std::string_view method, const std::string& path) const;
    /// What carries so many bytes is given the time of a slow line on top of that of a call.
    [[nodiscard]] std::chrono::milliseconds patience_for(std::size_t bytes) const;
    [[nodiscard]] net::Request connect_call(const char* method, const std::string& body) const;
    void upload(const std::string& query, std::span<const FileUpload* const> files, const std::stop_token& stop) const;
    [[nodiscard]] net::Response unary(const char* method, const std::string& body, Repeat repeat,
                                      const std::string& doing, const std::stop_token& stop) const;
    /// Runs `exchange`, once more if that is safe and the sandbox lives. @throws Error{not_found} when it does not.
    [[nodiscard]] net::Response guarded(const std::function<net::Response()>& exchange, Repeat repeat,
                                        const std::stop_token& stop) const;

    EnvdAddress address_;
    net::Transport* transport_;
    const Clock* clock_;
};

}  // namespace spawnai::sandbox
