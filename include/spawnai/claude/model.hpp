#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

#include <spawnai/core/generated_app.hpp>
#include <spawnai/core/money.hpp>

namespace spawnai::claude {

/// Tokens of one or more calls, as the API counts them.
struct Usage {
    std::int64_t input = 0;
    std::int64_t output = 0;
    std::int64_t cache_write = 0;
    std::int64_t cache_read = 0;
};

struct GenerationRequest {
    std::string prompt;
    AppType type = AppType::webapp;
    std::string model;
    Money budget;               ///< the stream is ended when its cost passes this
    std::string evidence;       ///< for a repair: findings or deployment evidence; empty for the first attempt
    std::vector<GeneratedFile> previous;  ///< for a repair: the app that failed
    bool simpler = false;       ///< use the fallback prompt
};

/// Told while the reply streams. Calls come from the thread that called generate().
class GenerationObserver {
 public:
    virtual ~GenerationObserver() = default;
    virtual void on_file(const GeneratedFile& file) = 0;  ///< a file closed and is final
    virtual void on_progress(const Usage& usage, std::size_t reply_bytes) = 0;
};

enum class NoAppReason { refusal, truncated, unparsable, over_budget };

struct Generated {
    GeneratedApp app;
    Usage usage;
    std::string model;  ///< as the API resolved it
};
struct NotGenerated {
    NoAppReason reason = NoAppReason::unparsable;
    std::string explanation;
    std::string raw_reply;
    Usage usage;
    std::string model;
};

/// The seam that the pipeline sees. @throws Error{auth}, Error{unavailable}, Interrupted.
class Model {
 public:
    virtual ~Model() = default;
    [[nodiscard]] virtual std::variant<Generated, NotGenerated> generate(const GenerationRequest& request,
                                                                        GenerationObserver& observer, std::stop_token stop) = 0;
};

}  // namespace spawnai::claude
