#pragma once

#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/model_prices.hpp>
#include <spawnai/core/money.hpp>

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace spawnai::claude {

/// Tokens of one or more calls, as the API counts them.
using Usage = TokenUsage;

/// A file of the user's that is placed beside the app. Untrusted: the model is told its name, its size and
/// its beginning.
struct DataFile {
    std::string path;  ///< relative to the app's directory
    std::uint64_t size = 0;
    std::string beginning;  ///< text of the first few kilobytes, or empty for binary content
};

struct GenerationRequest {
    std::string prompt;
    AppType type = AppType::webapp;
    std::string model;
    Money budget;          ///< the stream is ended when its cost passes this
    std::string evidence;  ///< for a repair: findings or deployment evidence; empty for the first attempt
    std::vector<GeneratedFile> previous;  ///< for a repair or an edit: the app as it is
    bool simpler = false;                 ///< use the fallback prompt
    std::string change;       ///< for an edit: what to change in `previous`; the answer is the whole new app
    bool internet = false;    ///< whether the app may reach the network
    std::optional<int> port;  ///< the port the user insists on
    std::vector<DataFile> data_files;
    std::vector<std::string> environment_names;  ///< variables that the user passes to the app; never their values
};

/// Why a request was made.
enum class CallPurpose {
    first,         ///< the request itself
    continuation,  ///< the rest of a reply that was cut
    reformat,      ///< the same app again, in the required format
    edit_repair,   ///< edit blocks that did not apply, again
};
[[nodiscard]] std::string_view to_string(CallPurpose purpose) noexcept;

/// One call that the API answered with at least the head of a message, so that it may have been billed.
struct ModelCall {
    CallPurpose purpose = CallPurpose::first;
    std::string model;  ///< as the API resolved it
    Usage usage;
    std::vector<TokenCharge> charges;  ///< empty when the price of the model is unknown
    std::optional<Money> cost;         ///< their sum; empty when the price of the model is unknown
    std::string stop_reason;           ///< as the API said it; empty when the stream ended without one
    std::string request_id;
    std::chrono::milliseconds until_text{0};  ///< from the call to the first character of the answer
    std::chrono::milliseconds duration{0};
};

/// Something worth telling that is neither a result nor an error. `detail` may quote a server: sanitise
/// before showing.
struct ModelNote {
    enum class Kind {
        retrying,      ///< the same request goes out again after `wait`
        continuing,    ///< the reply was cut and the rest is being asked for
        reformatting,  ///< the reply could not be used as it was and is asked for once more
        degraded,      ///< an option or credential form was refused by the server and left out
        repaired,      ///< the reply had a flaw that was mended without asking
    };
    Kind kind = Kind::repaired;
    std::string detail;
    int attempt = 0;  ///< of what is being retried or continued, from 1
    std::chrono::milliseconds wait{0};
};

/// Told while the reply streams. Calls come from the thread that called generate().
class GenerationObserver {
 public:
    virtual ~GenerationObserver() = default;
    /// A file closed. The same path may come again: the later one wins.
    virtual void on_file(const GeneratedFile& file) = 0;
    virtual void on_progress(const Usage& usage, std::size_t reply_bytes) = 0;
    /// The cost so far, after on_progress, when the price of the model is known.
    virtual void on_cost(Money /*so_far*/) {}
    /// Every file reported so far is void: the reply begins anew.
    virtual void on_restart() {}
    /// A call ended, well or badly; comes before generate() returns or throws. What is recorded as spent is
    /// the sum of these.
    virtual void on_call(const ModelCall& /*call*/) {}
    virtual void on_note(const ModelNote& /*note*/) {}
};

enum class NoAppReason { refusal, truncated, unparsable, over_budget };
[[nodiscard]] std::string_view to_string(NoAppReason reason) noexcept;

struct Generated {
    GeneratedApp app;
    Usage usage;
    std::string model;          ///< as the API resolved it
    std::optional<Money> cost;  ///< of all calls; empty when the price of the model is unknown
    std::string raw_reply;
};
struct NotGenerated {
    NoAppReason reason = NoAppReason::unparsable;
    std::string explanation;
    std::string raw_reply;
    Usage usage;
    std::string model;
    std::optional<Money> cost;  ///< of all calls; empty when the price of the model is unknown
};

/// The seam that the pipeline sees.
/// @throws Error{auth} for a missing or refused key, Error{unavailable}, Error{limit} for an account's own
/// limit or an empty balance, Error{usage} for a model that is retired or unknown to the server, Interrupted.
class Model {
 public:
    virtual ~Model() = default;
    [[nodiscard]] virtual std::variant<Generated, NotGenerated> generate(const GenerationRequest& request,
                                                                         GenerationObserver& observer,
                                                                         std::stop_token stop) = 0;
};

}  // namespace spawnai::claude
