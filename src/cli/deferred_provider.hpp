#pragma once

#include <spawnai/sandbox/provider.hpp>

#include <functional>
#include <memory>
#include <mutex>

namespace spawnai::cli {

/// A provider that is made at its first use: a command that turns out not to need it neither starts the engine nor opens a
/// connection. A failure of `make` is the failure of the call, and the next call tries again. Safe from any thread.
class DeferredProvider final : public sandbox::Provider {
 public:
    using Make = std::function<std::unique_ptr<sandbox::Provider>()>;
    explicit DeferredProvider(Make make) : make_(std::move(make)) {}

    [[nodiscard]] std::unique_ptr<sandbox::Sandbox> create(const sandbox::SandboxRequest& request,
                                                           std::stop_token stop) override {
        return made().create(request, std::move(stop));
    }
    [[nodiscard]] std::unique_ptr<sandbox::Sandbox> attach(const SandboxId& id, std::stop_token stop) override {
        return made().attach(id, std::move(stop));
    }
    [[nodiscard]] std::optional<sandbox::SandboxInfo> get(const SandboxId& id, std::stop_token stop) override {
        return made().get(id, std::move(stop));
    }
    [[nodiscard]] std::vector<sandbox::SandboxInfo> list(const std::map<std::string, std::string>& metadata,
                                                         std::stop_token stop) override {
        return made().list(metadata, std::move(stop));
    }
    bool kill(const SandboxId& id, std::stop_token stop) override { return made().kill(id, std::move(stop)); }
    bool set_timeout(const SandboxId& id, std::chrono::seconds lifetime, std::stop_token stop) override {
        return made().set_timeout(id, lifetime, std::move(stop));
    }
    bool pause(const SandboxId& id, std::stop_token stop) override { return made().pause(id, std::move(stop)); }
    [[nodiscard]] std::unique_ptr<sandbox::Sandbox> resume(const SandboxId& id, std::chrono::seconds lifetime,
                                                           std::stop_token stop) override {
        return made().resume(id, lifetime, std::move(stop));
    }
    [[nodiscard]] std::vector<sandbox::SandboxMetrics> metrics(const SandboxId& id, std::stop_token stop) override {
        return made().metrics(id, std::move(stop));
    }
    [[nodiscard]] std::string retained_log(const SandboxId& id, std::stop_token stop) override {
        return made().retained_log(id, std::move(stop));
    }

 private:
    sandbox::Provider& made() {
        const std::lock_guard lock(mutex_);
        if (!made_) made_ = make_();
        return *made_;
    }

    Make make_;
    std::mutex mutex_;
    std::unique_ptr<sandbox::Provider> made_;  ///< guarded by mutex_ until it is set, constant afterwards
};

}  // namespace spawnai::cli
