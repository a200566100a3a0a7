#include "sandbox_leg.hpp"

#include "stop_after.hpp"

#include <spawnai/pipeline/spawn.hpp>

#include <fmt/format.h>

#include <csignal>

namespace spawnai::pipeline {
namespace {

using store::Status;
constexpr auto k_size_limit = std::chrono::seconds(5);  // the app does not wait longer for a figure
const std::vector<Status> k_working{Status::creating, Status::generating, Status::deploying};

}  // namespace

SandboxLeg::SandboxLeg(const Surroundings& with, const store::Session& session, sandbox::SandboxRequest request,
                       DeployOptions options, EventStream& events, std::function<void()> on_failure)
    : with_(with),
      session_(session),
      request_(std::move(request)),
      options_(options),
      events_(events),
      on_failure_(std::move(on_failure)),
      thread_([this](const std::stop_token& stop) { work(stop); }) {}

SandboxLeg::~SandboxLeg() {
    abandon();
}

void SandboxLeg::add(const GeneratedFile& file) {
    const std::lock_guard lock(mutex_);
    if (closed_) return;
    queue_.push_back(file);
    changed_.notify_all();
}

void SandboxLeg::restart() {
    const std::lock_guard lock(mutex_);
    queue_.clear();  // what was uploaded already is put right when the app is complete
}

Deployment& SandboxLeg::join(const std::stop_token& stop) {
    std::unique_lock lock(mutex_);
    closed_ = true;
    changed_.notify_all();
    changed_.wait(lock, stop, [&] { return done_; });
    if (failure_) std::rethrow_exception(failure_);
    if (!done_) throw Interrupted(SIGINT);
    return *deployment_;
}

std::exception_ptr SandboxLeg::failure() const {
    const std::lock_guard lock(mutex_);
    return failure_;
}

bool SandboxLeg::asked() const {
    const std::lock_guard lock(mutex_);
    return asked_;
}

std::optional<SandboxId> SandboxLeg::sandbox_id() const {
    const std::lock_guard lock(mutex_);
    return created_ ? std::optional(sandbox_->id()) : std::nullopt;
}

void SandboxLeg::abandon() noexcept {
    if (!thread_.joinable()) return;
    thread_.request_stop();
    {
        std::unique_lock lock(mutex_);
        changed_.notify_all();
        changed_.wait_for(lock, std::chrono::seconds(1), [&] { return created_ || done_; });
    }
    create_stop_.request_stop();
    thread_.join();
}

void SandboxLeg::work(const std::stop_token& stop) {
    std::exception_ptr failure;
    try {
        create(stop);
        deployment_ = std::make_unique<Deployment>(*sandbox_, options_, events_);
        deployment_->prepare(stop);
        record_size(stop);
        take_files(stop);
    } catch (...) {
        failure = std::current_exception();
    }
    {
        const std::lock_guard lock(mutex_);
        failure_ = failure;
        done_ = true;
        changed_.notify_all();
    }
    if (failure) on_failure_();
}

void SandboxLeg::create(const std::stop_token& stop) {
    {
        const std::lock_guard lock(mutex_);
        if (stop.stop_requested()) throw Interrupted(SIGINT);
        asked_ = true;
    }
    started_at_ = with_.clock.now();
    // Written down before it is asked for: if nobody lives to hear the answer, the row tells that a sandbox may run.
    store::SessionChange asking;
    asking.sandbox_started_at = started_at_;
    asking.cpu_count = with_.prices.usual_vcpu();
    asking.memory_mib = with_.prices.usual_memory_mib();
    record(asking);
    auto sandbox = ask();
    {
        const std::lock_guard lock(mutex_);
        sandbox_ = std::move(sandbox);
        created_ = true;
        changed_.notify_all();
    }
    store::SessionChange change;
    change.sandbox_id = sandbox_->id();
    change.expires_at = started_at_ + request_.lifetime;
    record(change);
    if (stop.stop_requested()) throw Interrupted(SIGINT);
}

std::unique_ptr<sandbox::Sandbox> SandboxLeg::ask() {
    try {
        return events_.timed(Step::create, [&] { return with_.provider.create(request_, create_stop_.get_token()); });
    } catch (const sandbox::NotCreated& error) {
        with_.store.forget_use(session_.id);
        const std::lock_guard lock(mutex_);
        asked_ = false;
        if (error.kind() != ErrorKind::not_found) throw;
        throw Error(ErrorKind::usage, error.what(),
                    fmt::format("leave --template out for '{}', or see which the provider has", k_base_template));
    }
}

void SandboxLeg::record(const store::SessionChange& change) {
    if (!with_.store.change(session_.id, change, k_working))
        throw Error(ErrorKind::not_ready, "the session was ended by another command");
}

void SandboxLeg::record_size(const std::stop_token& stop) {
    std::optional<sandbox::SandboxInfo> info;
    const StopAfter limit(k_size_limit, stop);
    try {
        info = with_.provider.get(sandbox_->id(), limit.token());
    } catch (const Interrupted&) {
        if (stop.stop_requested()) throw;
        return;
    } catch (const Error& error) {
        if (error.kind() != ErrorKind::unavailable && error.kind() != ErrorKind::limit) throw;
        return;  // the usual size stands until somebody asks again
    }
    if (!info) throw Error(ErrorKind::unavailable, "the sandbox ended right after it was made");
    store::SessionChange change;
    change.expires_at = info->end_at;
    if (info->cpu_count > 0) change.cpu_count = info->cpu_count;
    if (info->memory_mib > 0) change.memory_mib = info->memory_mib;
    with_.store.change(session_.id, change, k_working);
}

void SandboxLeg::take_files(const std::stop_token& stop) {
    GeneratedApp dependencies;  // as much of the app as an install needs
    std::unique_lock lock(mutex_);
    while (true) {
        changed_.wait(lock, stop, [&] { return closed_ || !queue_.empty(); });
        if (stop.stop_requested()) throw Interrupted(SIGINT);
        if (queue_.empty()) return;
        const std::vector<GeneratedFile> files(queue_.begin(), queue_.end());
        queue_.clear();
        const bool more_to_come = !closed_;
        lock.unlock();
        deployment_->upload(files, stop);
        bool named = false;
        for (const GeneratedFile& file : files) {
            if (file.path != "package.json" && file.path != "requirements.txt" && file.path != "package-lock.json")
                continue;
            std::erase_if(dependencies.files, [&](const GeneratedFile& known) { return known.path == file.path; });
            dependencies.files.push_back(file);
            named = true;
        }
        // A failure here is not the last word: the install is tried again with the whole app, and judged then.
        if (named && more_to_come && options_.type == AppType::api && options_.internet)
            (void)deployment_->install(dependencies, stop);
        lock.lock();
    }
}

}  // namespace spawnai::pipeline
