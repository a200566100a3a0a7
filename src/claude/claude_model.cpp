#include "api_error.hpp"
#include "generation.hpp"
#include "messages_client.hpp"

#include <spawnai/claude/claude_model.hpp>
#include <spawnai/claude/estimate.hpp>

#include <utility>

namespace spawnai::claude {
namespace {

class ClaudeModel : public Model {
 public:
    ClaudeModel(ModelSettings settings, net::Transport& transport, const Clock& clock, const Log& log,
                const ModelPrices& prices)
        : settings_(std::move(settings)),
          log_(log),
          prices_(prices),
          client_(settings_, transport, clock, log, prices) {}

    std::variant<Generated, NotGenerated> generate(const GenerationRequest& request, GenerationObserver& observer,
                                                   std::stop_token stop) override {
        const std::string& model = request.model.empty() ? settings_.model : request.model;
        if (const RetiredModel* retired = prices_.find_retired(model))
            throw Error(ErrorKind::usage, model + " was retired on " + retired->retired_on + ": no request was sent",
                        "use -m " + retired->instead);
        return Generation(request, observer, client_, settings_, prices_, log_, std::move(stop)).run();
    }

 private:
    ModelSettings settings_;
    const Log& log_;
    const ModelPrices& prices_;
    MessagesClient client_;
};

}  // namespace

std::string_view to_string(CallPurpose purpose) noexcept {
    switch (purpose) {
        case CallPurpose::first:
            return "first";
        case CallPurpose::continuation:
            return "continuation";
        case CallPurpose::reformat:
            return "reformat";
        case CallPurpose::edit_repair:
            return "edit_repair";
    }
    return {};
}

std::string_view to_string(NoAppReason reason) noexcept {
    switch (reason) {
        case NoAppReason::refusal:
            return "refusal";
        case NoAppReason::truncated:
            return "truncated";
        case NoAppReason::unparsable:
            return "unparsable";
        case NoAppReason::over_budget:
            return "over_budget";
    }
    return {};
}

std::unique_ptr<Model> make_claude_model(ModelSettings settings, net::Transport& transport, const Clock& clock,
                                         const Log& log, const ModelPrices& prices) {
    return std::make_unique<ClaudeModel>(std::move(settings), transport, clock, log, prices);
}

}  // namespace spawnai::claude
