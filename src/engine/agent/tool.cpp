#include "engine/agent/tool.hpp"

#include <utility>

namespace spawnai::engine::agent {
namespace {

/// Owns itself until the process has ended: the only subscriber it has.
class ToolRun : public Subscriber {
 public:
    explicit ToolRun(std::function<void(int, const std::string&)> done) : done_(std::move(done)) {}

    void output(Channel channel, std::string_view bytes) override {
        constexpr std::size_t k_enough = 4096;
        if (channel == Channel::error && errors_.size() < k_enough)
            errors_ += bytes.substr(0, k_enough - errors_.size());
    }
    void ended(const Ending& ending) override {
        const std::unique_ptr<ToolRun> self = std::move(self_);
        while (!errors_.empty() && errors_.back() == '\n') errors_.pop_back();
        done_(ending.exit_code, errors_);
    }
    [[nodiscard]] bool congested() const override { return false; }

    std::unique_ptr<ToolRun> self_;

 private:
    std::function<void(int, const std::string&)> done_;
    std::string errors_;
};

}  // namespace

void run_tool(ProcessTable& processes, std::vector<std::string> words,
              std::function<void(int, const std::string&)> done) {
    ProcessConfig config;
    config.command = words.front();
    config.arguments.assign(words.begin() + 1, words.end());
    config.working_directory = "/";
    config.open_input = false;
    config.internal = true;
    const std::shared_ptr<Process> process = processes.start(std::move(config), std::nullopt);
    auto run = std::make_unique<ToolRun>(std::move(done));
    ToolRun& subscriber = *run;
    subscriber.self_ = std::move(run);
    process->attach(subscriber);
}

}  // namespace spawnai::engine::agent
