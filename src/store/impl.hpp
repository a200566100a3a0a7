#pragma once

#include "database.hpp"

#include <spawnai/store/store.hpp>

#include <mutex>

namespace spawnai::store {

struct Store::Impl {
    Impl(const std::filesystem::path& path, const Clock& time) : file(path), clock(time), database(path) {}

    std::filesystem::path file;
    const Clock& clock;
    std::string store_id;
    std::mutex mutex;  // guards database
    Database database;

    [[nodiscard]] WallTime now() const { return clock.now(); }

    /// Runs `work(database)` alone on the connection, turning SQLite's failures into ours.
    template <class F>
    auto read(F&& work) {
        const std::lock_guard lock(mutex);
        try {
            return work(database);
        } catch (const SQLite::Exception& failure) {
            throw translate(failure, file);
        }
    }
    /// As read, in a transaction that holds the write lock.
    template <class F>
    auto write(F&& work) {
        return read([&](Database& db) { return db.write([&] { return work(db); }); });
    }
};

/// @throws Error{not_found} when there is no such session.
void require_session(Database& database, const SessionId& id);
void insert_event(Database& database, const SessionId& id, const Event& event, WallTime now);

[[nodiscard]] inline std::int64_t milliseconds(WallTime time) {
    return time.time_since_epoch().count();
}
[[nodiscard]] inline WallTime wall_time(std::int64_t value) {
    return WallTime(std::chrono::milliseconds(value));
}
[[nodiscard]] inline std::optional<std::int64_t> milliseconds(const std::optional<WallTime>& time) {
    return time ? std::optional(milliseconds(*time)) : std::nullopt;
}
[[nodiscard]] inline std::optional<WallTime> wall_time(const std::optional<std::int64_t>& value) {
    return value ? std::optional(wall_time(*value)) : std::nullopt;
}

}  // namespace spawnai::store
