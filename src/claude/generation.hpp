#pragma once

#include "continuation.hpp"
#include "edits.hpp"
#include "messages_client.hpp"
#include "reply_parser.hpp"

#include <spawnai/claude/model.hpp>

#include <optional>
#include <stop_token>
#include <string>
#include <variant>
#include <vector>

namespace spawnai::claude {

using Outcome = std::variant<Generated, NotGenerated>;

/// One generate(): asks, reads the reply while it streams, continues it when it is cut, asks once more when it is unusable, and
/// counts what that costs. Used once, on one thread.
class Generation : private CallObserver {
 public:
    Generation(const GenerationRequest& request, GenerationObserver& observer, MessagesClient& client,
               const ModelSettings& settings, const ModelPrices& prices, const Log& log, std::stop_token stop);

    [[nodiscard]] Outcome run();

 private:
    /// How a reply ended, continuations included.
    enum class End { complete, refused, truncated, over_budget, unusable };

    [[nodiscard]] std::vector<GeneratedFile> original() const;
    [[nodiscard]] std::vector<Turn> with_objection(std::vector<Turn> turns, const std::string& objection) const;
    [[nodiscard]] End converse(const std::vector<Turn>& turns, CallPurpose purpose);
    void ask(const std::vector<Turn>& turns, CallPurpose purpose);
    void begin_reply();
    [[nodiscard]] bool all_there();
    [[nodiscard]] std::vector<Turn> continuation(const std::vector<Turn>& turns);
    [[nodiscard]] std::string tail() const;
    void consume(std::string_view text);
    void forget_open_file();

    [[nodiscard]] std::string read_loosely();
    [[nodiscard]] std::string build();
    [[nodiscard]] std::string apply_reply();
    [[nodiscard]] std::string raw_reply();
    [[nodiscard]] Outcome generated();
    [[nodiscard]] Outcome not_generated(NoAppReason reason, const std::string& explanation);
    [[nodiscard]] Outcome ended(End end);

    bool on_text(std::string_view text, const Attempt& so_far) override;
    bool on_message(const Attempt& so_far) override;
    void on_attempt(const Attempt& attempt) override;
    void on_note(const ModelNote& note) override;

    [[nodiscard]] std::int64_t tokens(std::size_t bytes) const;
    [[nodiscard]] Usage usage_of(const Attempt& attempt) const;
    [[nodiscard]] bool affordable(const std::vector<Turn>& turns);
    void note(ModelNote::Kind kind, const std::string& detail, int attempt = 1);

    const GenerationRequest& request_;
    GenerationObserver& observer_;
    MessagesClient& client_;
    const ModelSettings& settings_;
    const ModelPrices& prices_;
    const Log& log_;
    std::stop_token stop_;

    std::string model_;
    std::string nonce_;
    double characters_per_token_ = 2.5;
    CallSpec spec_;
    std::int64_t ordinary_max_tokens_ = 0;
    bool capped_by_budget_ = false;

    // The reply that is being read.
    std::string reply_;
    std::optional<ReplyParser> parser_;
    std::optional<ContinuationJoiner> joiner_;
    std::string too_long_;  // why reading was ended

    // What the last call came to.
    CallPurpose purpose_ = CallPurpose::first;
    CallResult result_;
    bool over_budget_ = false;

    // The app so far.
    std::vector<GeneratedFile> base_;  // what edits and new files are applied to
    GeneratedApp app_;
    std::vector<EditFailure> edit_failures_;
    bool reformatted_ = false;

    // All calls together.
    std::string earlier_;  // replies before the one that is being read
    Usage spent_usage_;
    Money spent_;
    bool priced_ = true;
    std::string resolved_model_;
};

}  // namespace spawnai::claude
