#pragma once

#include <mutex>
#include <utility>

namespace spawnai {

/// A value that can be reached only while its mutex is held: `guarded.with([](auto& value) { ... })`.
template <class T>
class Guarded {
 public:
    Guarded() = default;
    explicit Guarded(T value) : value_(std::move(value)) {}

    template <class F>
    decltype(auto) with(F&& use) {
        const std::lock_guard lock(mutex_);
        return std::forward<F>(use)(value_);
    }
    template <class F>
    decltype(auto) with(F&& use) const {
        const std::lock_guard lock(mutex_);
        return std::forward<F>(use)(value_);
    }

 private:
    mutable std::mutex mutex_;
    T value_{};
};

}  // namespace spawnai
