#pragma once

#include <spawnai/core/secret.hpp>
#include <spawnai/sandbox/provider.hpp>

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

/// The E2B protocol as bytes: addresses, header and field names that client and engine share, and the
/// client's reading and writing of the JSON shapes. Source: E2B's OpenAPI and protobuf descriptions, and what
/// its SDKs send.
namespace spawnai::sandbox::wire {

inline constexpr int k_envd_port = 49983;
inline constexpr int k_default_lifetime_v1 = 15;   ///< seconds, when a v1 create names none
inline constexpr int k_default_lifetime_v2 = 300;  ///< seconds, when a v2 create or connect names none
inline constexpr int k_page_limit = 100;           ///< largest page of a list

namespace header {
inline constexpr const char* k_api_key = "X-API-KEY";
inline constexpr const char* k_access_token = "X-Access-Token";
inline constexpr const char* k_sandbox_id = "E2b-Sandbox-Id";
inline constexpr const char* k_sandbox_port = "E2b-Sandbox-Port";
inline constexpr const char* k_traffic_token = "e2b-traffic-access-token";
inline constexpr const char* k_next_token = "X-Next-Token";
inline constexpr const char* k_total_running = "X-Total-Running";
inline constexpr const char* k_connect_version = "Connect-Protocol-Version";
inline constexpr const char* k_connect_timeout = "Connect-Timeout-Ms";
inline constexpr const char* k_keepalive_interval = "Keepalive-Ping-Interval";
inline constexpr const char* k_envd_version = "X-Envd-Version";
}  // namespace header

namespace media {
inline constexpr const char* k_json = "application/json";
inline constexpr const char* k_connect_stream = "application/connect+json";
inline constexpr const char* k_octets = "application/octet-stream";
}  // namespace media

/// Names of JSON members of the control plane.
namespace field {
inline constexpr const char* k_template_id = "templateID";
inline constexpr const char* k_sandbox_id = "sandboxID";
inline constexpr const char* k_client_id = "clientID";
inline constexpr const char* k_alias = "alias";
inline constexpr const char* k_timeout = "timeout";
inline constexpr const char* k_duration = "duration";
inline constexpr const char* k_metadata = "metadata";
inline constexpr const char* k_env_vars = "envVars";
inline constexpr const char* k_secure = "secure";
inline constexpr const char* k_allow_internet_access_request = "allow_internet_access";
inline constexpr const char* k_allow_internet_access = "allowInternetAccess";
inline constexpr const char* k_auto_pause = "autoPause";
inline constexpr const char* k_auto_resume = "autoResume";
inline constexpr const char* k_enabled = "enabled";
inline constexpr const char* k_network = "network";
inline constexpr const char* k_lifecycle = "lifecycle";
inline constexpr const char* k_on_timeout = "onTimeout";
inline constexpr const char* k_memory = "memory";
inline constexpr const char* k_envd_version = "envdVersion";
inline constexpr const char* k_envd_access_token = "envdAccessToken";
inline constexpr const char* k_traffic_access_token = "trafficAccessToken";
inline constexpr const char* k_domain = "domain";
inline constexpr const char* k_started_at = "startedAt";
inline constexpr const char* k_end_at = "endAt";
inline constexpr const char* k_state = "state";
inline constexpr const char* k_cpu_count = "cpuCount";
inline constexpr const char* k_memory_mb = "memoryMB";
inline constexpr const char* k_disk_size_mb = "diskSizeMB";
inline constexpr const char* k_timestamp = "timestamp";
inline constexpr const char* k_timestamp_unix = "timestampUnix";
inline constexpr const char* k_cpu_used_pct = "cpuUsedPct";
inline constexpr const char* k_mem_used = "memUsed";
inline constexpr const char* k_mem_total = "memTotal";
inline constexpr const char* k_mem_cache = "memCache";
inline constexpr const char* k_disk_used = "diskUsed";
inline constexpr const char* k_disk_total = "diskTotal";
inline constexpr const char* k_logs = "logs";
inline constexpr const char* k_log_entries = "logEntries";
inline constexpr const char* k_line = "line";
inline constexpr const char* k_level = "level";
inline constexpr const char* k_logger = "logger";
inline constexpr const char* k_message = "message";
inline constexpr const char* k_fields = "fields";
inline constexpr const char* k_code = "code";
inline constexpr const char* k_error_code = "error_code";
inline constexpr const char* k_port = "port";
}  // namespace field

inline constexpr const char* k_state_running = "running";
inline constexpr const char* k_state_paused = "paused";
/// Where the app's own output goes inside a sandbox: the client redirects it there, the engine keeps its end
/// when the sandbox dies.
inline constexpr std::string_view k_app_log = "/home/user/app.log";

/// The `logger` of a log line that holds the app's own output; clouds log only envd's events, under other
/// names.
inline constexpr const char* k_app_logger = "app";

namespace rpc {
inline constexpr const char* k_start = "/process.Process/Start";
inline constexpr const char* k_connect = "/process.Process/Connect";
inline constexpr const char* k_list = "/process.Process/List";
inline constexpr const char* k_send_input = "/process.Process/SendInput";
inline constexpr const char* k_close_stdin = "/process.Process/CloseStdin";
inline constexpr const char* k_send_signal = "/process.Process/SendSignal";
inline constexpr const char* k_update = "/process.Process/Update";
inline constexpr const char* k_stat = "/filesystem.Filesystem/Stat";
inline constexpr const char* k_make_dir = "/filesystem.Filesystem/MakeDir";
inline constexpr const char* k_move = "/filesystem.Filesystem/Move";
inline constexpr const char* k_list_dir = "/filesystem.Filesystem/ListDir";
inline constexpr const char* k_remove = "/filesystem.Filesystem/Remove";
inline constexpr const char* k_watch_dir = "/filesystem.Filesystem/WatchDir";
}  // namespace rpc

/// The answer to create, connect and get: what is needed to talk to the sandbox.
struct Access {
    SandboxId id;
    Secret envd_token;   ///< empty when the sandbox is not secured
    std::string domain;  ///< of its host names, may have a port; empty: the configured one
    std::string envd_version;
};

enum class Api { v1, v2 };

/// Bodies of requests, as JSON text. v1 asks for a secured sandbox; v2 always makes one.
[[nodiscard]] std::string create_body(const SandboxRequest& request, Api api);
[[nodiscard]] std::string timeout_body(std::chrono::seconds lifetime);
/// The value of the `metadata` query parameter, percent-encoded as often as the servers undo it.
[[nodiscard]] std::string metadata_query(const std::map<std::string, std::string>& metadata);

/// Readers of answers. Unknown members are ignored. @throws Error{unavailable} naming the member that is
/// missing or wrong.
[[nodiscard]] Access parse_access(std::string_view body);
[[nodiscard]] SandboxInfo parse_detail(std::string_view body);
[[nodiscard]] std::vector<SandboxInfo> parse_list(std::string_view body);
[[nodiscard]] std::vector<SandboxMetrics> parse_metrics(std::string_view body);
/// The app's own output out of a v1 logs answer: the messages of lines whose logger is k_app_logger, one per
/// line.
[[nodiscard]] std::string parse_app_log(std::string_view body);
[[nodiscard]] std::vector<FileEntry> parse_entries(std::string_view body);
[[nodiscard]] std::vector<ProcessInfo> parse_processes(std::string_view body);

/// An error body of any origin: the API's (integer code), envd's, a Connect error (word as code), or
/// something else.
struct Failure {
    std::optional<int> code;   ///< the API's integer code
    std::string connect_code;  ///< Connect's word, e.g. "not_found"
    std::string error_code;    ///< the API's machine word, may be empty
    std::string message;       ///< one line, safe for a terminal; empty when the body says nothing readable
    std::optional<int> port;   ///< of a "port is not open" answer
};
/// Never throws for any bytes.
[[nodiscard]] Failure parse_failure(std::string_view body);

/// Messages of a process stream.
struct Started {
    std::int64_t pid = 0;
};
struct Output {
    Stream stream = Stream::standard_output;
    std::string bytes;
};
struct Ended {
    ExitStatus status;
};
struct Nothing {};  ///< a keepalive, or an event that we do not know
using ProcessEvent = std::variant<Started, Output, Ended, Nothing>;
[[nodiscard]] ProcessEvent parse_process_event(std::string_view payload);

/// Messages of a watch stream.
struct WatchBegun {};
using WatchEvent = std::variant<WatchBegun, FileChange, Nothing>;
[[nodiscard]] WatchEvent parse_watch_event(std::string_view payload);

/// The error that an end-of-stream frame carries, if any.
[[nodiscard]] std::optional<Failure> parse_end_of_stream(std::string_view payload);

/// Bodies of envd calls, as JSON text.
[[nodiscard]] std::string start_body(const Command& command);
[[nodiscard]] std::string path_body(const std::string& path);
[[nodiscard]] std::string list_body(const std::string& path, int depth);
[[nodiscard]] std::string move_body(const std::string& source, const std::string& destination);
[[nodiscard]] std::string watch_body(const std::string& path, bool recursive);
[[nodiscard]] std::string select_body(std::int64_t pid);
[[nodiscard]] std::string input_body(std::int64_t pid, std::string_view bytes, bool terminal);
/// `signal` is SIGTERM or SIGKILL. @throws Error{usage} for another.
[[nodiscard]] std::string signal_body(std::int64_t pid, int signal);
[[nodiscard]] std::string resize_body(std::int64_t pid, TerminalSize size);

/// Standard or URL-safe base64, with or without padding; empty for text that is neither.
[[nodiscard]] std::optional<std::string> base64_decode(std::string_view text);

}  // namespace spawnai::sandbox::wire
