#pragma once

#include <spawnai/pipeline/events.hpp>
#include <spawnai/store/store.hpp>

#include <mutex>
#include <utility>

namespace spawnai::pipeline {

/// Hands the events of one session to the store's timeline and to an observer, one at a time. Safe from any thread.
class EventStream {
 public:
    /// `store` may be null: then only the observer is told.
    EventStream(SessionId session, store::Store* store, Observer& observer, const Clock& clock)
        : session_(std::move(session)), store_(store), observer_(observer), clock_(clock) {}

    void emit(EventBody body) noexcept;

    /// Tells when a step begins and, unless it failed, how long it took.
    template <class F>
    auto timed(Step step, F&& work) {
        emit(StepStarted{step});
        const SteadyTime begin = clock_.steady();
        const auto done = [&] {
            emit(StepDone{step, std::chrono::duration_cast<std::chrono::milliseconds>(clock_.steady() - begin)});
        };
        if constexpr (std::is_void_v<decltype(work())>) {
            work();
            done();
        } else {
            auto result = work();
            done();
            return result;
        }
    }

 private:
    void record(const SpawnEvent& event);

    SessionId session_;
    store::Store* store_;
    Observer& observer_;
    const Clock& clock_;
    std::mutex mutex_;  // one event at a time
};

}  // namespace spawnai::pipeline
