#pragma once

#include "deployment.hpp"
#include "event_stream.hpp"
#include "generators.hpp"

#include <spawnai/pipeline/surroundings.hpp>

#include <condition_variable>
#include <deque>
#include <exception>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>

namespace spawnai::pipeline {

/// The half of a spawn that makes the sandbox while the app is being written: creates it, prepares it, uploads files as they
/// come and installs dependencies early. Runs on a thread of its own, which the destructor ends.
class SandboxLeg : public FileSink {
 public:
    /// `on_failure` is called from the leg's thread when it fails, so that nobody goes on paying for tokens.
    SandboxLeg(const Surroundings& with, const store::Session& session, sandbox::SandboxRequest request,
               DeployOptions options, EventStream& events, std::function<void()> on_failure);
    ~SandboxLeg() override;
    SandboxLeg(const SandboxLeg&) = delete;
    SandboxLeg& operator=(const SandboxLeg&) = delete;

    // FileSink, from the generating thread
    void add(const GeneratedFile& file) override;
    void restart() override;

    /// Waits until the sandbox is ready and every file that was added is in it. @throws what the leg failed with, Interrupted.
    Deployment& join(const std::stop_token& stop);
    /// The failure, if there is one so far.
    [[nodiscard]] std::exception_ptr failure() const;
    /// Stops at once. A create call that is under way is given a second to come back, because a sandbox whose id we know is ended
    /// sooner than one that must be searched for.
    void abandon() noexcept;
    /// Whether the provider was asked for a sandbox and may have made one.
    [[nodiscard]] bool asked() const;
    [[nodiscard]] std::optional<SandboxId> sandbox_id() const;
    [[nodiscard]] WallTime started_at() const noexcept { return started_at_; }  ///< after join

 private:
    void work(const std::stop_token& stop);
    void create(const std::stop_token& stop);
    [[nodiscard]] std::unique_ptr<sandbox::Sandbox> ask();
    /// @throws Error{not_ready} when the session is over.
    void record(const store::SessionChange& change);
    void record_size(const std::stop_token& stop);
    void take_files(const std::stop_token& stop);

    const Surroundings& with_;
    store::Session session_;
    sandbox::SandboxRequest request_;
    DeployOptions options_;
    EventStream& events_;
    std::function<void()> on_failure_;

    std::unique_ptr<sandbox::Sandbox> sandbox_;
    std::unique_ptr<Deployment> deployment_;
    WallTime started_at_{};

    mutable std::mutex mutex_;  // guards what follows
    std::condition_variable_any changed_;
    std::deque<GeneratedFile> queue_;
    bool closed_ = false;
    bool asked_ = false;
    bool created_ = false;
    bool done_ = false;
    std::exception_ptr failure_;

    std::stop_source create_stop_;
    std::jthread thread_;
};

}  // namespace spawnai::pipeline
